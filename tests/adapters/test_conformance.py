"""Every adapter of this repository keeps the contract: the suite that third parties use too."""

import pytest

from harness.testing import AdapterConformance


class TestC(AdapterConformance):
    adapter = "c"
    suffix = ".c"
    option = "flags"
    steady = True
    program = """\
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0, sum = 0;
    for (long i = 1; i <= n; i++) sum += i;
    printf("%ld\\n", sum);
    return 0;
}
"""
    wrong = '#include <stdio.h>\nint main(void) { puts("7"); return 0; }\n'
    failing = "int main(void) { return 3; }\n"
    hanging = "#include <unistd.h>\nint main(void) { if (fork() == 0) sleep(90); sleep(90); }\n"
    broken = "int main(void) { return undeclared; }\n"
    broken_says = "sum.c:1:25: error:"
    changes = (
        ("std", "gnu99"),
        ("flags", ["-O0"]),
        ("link_flags", ["-Wl,-O1"]),
        ("include_dirs", ["."]),
        ("library_dirs", ["."]),
        ("libraries", ["m"]),
        ("vary_link_order", True),
    )
    reading = """\
#include <stdio.h>
int main(void) {
    long number, sum = 0;
    while (scanf("%ld", &number) == 1) sum += number;
    printf("%ld\\n", sum);
    return 0;
}
"""
    marked = (
        program.replace("int main", '#include "harness_phases.h"\nint main')
        .replace("    for", '    harness_phase_begin("sum");\n    for')
        .replace("    printf", '    harness_phase_end("sum");\n    printf')
    )


@pytest.mark.julia
class TestJulia(AdapterConformance):
    adapter = "julia"
    suffix = ".jl"
    option = "flags"
    steady = True
    program = """\
function main()
    println(sum(1:parse(Int, ARGS[1])))
end
main()
"""
    wrong = "println(7)\n"
    failing = "exit(3)\n"
    hanging = "run(`sleep 90`)\n"
    broken = "function f(\n"
    broken_says = "sum.jl"
    changes = (
        ("flags", ["--check-bounds=yes"]),
        ("threads", 2),
        ("optimize", 1),
        ("project", "."),
    )
    reading = "main() = println(sum(parse(Int, line) for line in eachline()))\nmain()\n"
    marked = """\
using HarnessPhases
main() = println(@phase "sum" sum(1:parse(Int, ARGS[1])))
main()
"""


class TestPython(AdapterConformance):
    adapter = "python"
    suffix = ".py"
    option = "flags"
    steady = True
    program = """\
import sys

if __name__ == "__main__":
    print(sum(range(1, int(sys.argv[1]) + 1)))
"""
    wrong = "print(7)\n"
    failing = "raise SystemExit(3)\n"
    hanging = "import subprocess\nsubprocess.run(['sleep', '90'])\n"
    broken = "x = 1\ndef f(:\n"
    broken_says = "sum.py:2: SyntaxError"
    changes = (
        ("flags", ["-O"]),
        ("module", "sum"),
        ("path", ["."]),
    )
    reading = """\
import sys

if __name__ == "__main__":
    print(sum(map(int, sys.stdin)))
"""
    marked = """\
import sys
from harness_phases import phase

if __name__ == "__main__":
    with phase("sum"):
        total = sum(range(1, int(sys.argv[1]) + 1))
    print(total)
"""


class TestCommand(AdapterConformance):
    adapter = "command"
    option = "argv"
    changes = (
        ("argv", ["1"]),
        ("program", "true"),
    )
    program = (
        '#!/bin/sh\ni=0; s=0\nwhile [ $i -lt "$1" ]; do i=$((i+1)); s=$((s+i)); done; echo $s\n'
    )
    wrong = "#!/bin/sh\necho 7\n"
    failing = "#!/bin/sh\nexit 3\n"
    hanging = "#!/bin/sh\nsleep 90 & sleep 90\n"
    broken = None
