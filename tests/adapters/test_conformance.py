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


class TestCommand(AdapterConformance):
    adapter = "command"
    option = "argv"
    program = (
        '#!/bin/sh\ni=0; s=0\nwhile [ $i -lt "$1" ]; do i=$((i+1)); s=$((s+i)); done; echo $s\n'
    )
    wrong = "#!/bin/sh\necho 7\n"
    failing = "#!/bin/sh\nexit 3\n"
    hanging = "#!/bin/sh\nsleep 90 & sleep 90\n"
    broken = None
