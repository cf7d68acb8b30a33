"""The Lua adapter keeps the contract."""

import pytest

from harness.testing import AdapterConformance

pytestmark = pytest.mark.needs("luajit")


class TestLua(AdapterConformance):
    adapter = "lua"
    suffix = ".lua"
    option = "flags"
    steady = True
    changes = (("flags", ["-O1"]),)
    program = """\
local sum = 0
for i = 1, tonumber(arg[1]) do sum = sum + i end
print(string.format("%d", sum))
"""
    wrong = "print(7)\n"
    failing = "os.exit(3)\n"
    hanging = 'os.execute("sleep 90")\n'
    broken = "local x =\nend\n"
    broken_says = "sum.lua:2:"
    reading = """\
local sum = 0
for line in io.lines() do sum = sum + tonumber(line) end
print(string.format("%d", sum))
"""
    marked = """\
local phases = require("harness_phases")
phases.begin("sum")
local sum = 0
for i = 1, tonumber(arg[1]) do sum = sum + i end
phases.finish("sum")
print(string.format("%d", sum))
"""
