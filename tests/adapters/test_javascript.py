"""The JavaScript adapter keeps the contract."""

import pytest

from harness.testing import AdapterConformance

pytestmark = pytest.mark.needs("node")


class TestJavaScript(AdapterConformance):
    adapter = "javascript"
    suffix = ".js"
    option = "flags"
    steady = True
    gets_faster = True
    changes = (("flags", ["--stack-size=2000"]),)
    program = """\
let sum = 0;
const n = Number(process.argv[2]);
for (let i = 1; i <= n; i++) sum += i;
console.log(sum);
"""
    wrong = "console.log(7);\n"
    failing = "process.exit(3);\n"
    hanging = 'require("child_process").spawnSync("sleep", ["90"]);\n'
    broken = "let x = 1;\nlet = = 2;\n"
    broken_says = "sum.js:2"
    reading = """\
const lines = require("fs").readFileSync(0, "utf8").trim().split("\\n");
console.log(lines.map(Number).reduce((one, other) => one + other, 0));
"""
    marked = """\
const { phase } = require("harness_phases");
const n = Number(process.argv[2]);
const sum = phase("sum", () => {
  let total = 0;
  for (let i = 1; i <= n; i++) total += i;
  return total;
});
console.log(sum);
"""
