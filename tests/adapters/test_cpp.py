"""The C++ adapter keeps the contract."""

import pytest

from harness.testing import AdapterConformance

pytestmark = pytest.mark.needs("c++")


class TestCpp(AdapterConformance):
    adapter = "cpp"
    suffix = ".cc"
    option = "flags"
    steady = True
    program = """\
#include <iostream>
#include <string>
int main(int argc, char **argv) {
    long n = std::stol(argv[1]), sum = 0;
    for (long i = 1; i <= n; i++) sum += i;
    std::cout << sum << "\\n";
}
"""
    wrong = '#include <iostream>\nint main() { std::cout << "7\\n"; }\n'
    failing = "int main() { return 3; }\n"
    hanging = "#include <unistd.h>\nint main() { if (fork() == 0) sleep(90); sleep(90); }\n"
    broken = "int main() { return undeclared; }\n"
    broken_says = "sum.cc:1:21: error:"
    changes = (
        ("std", "gnu++14"),
        ("flags", ["-O0"]),
        ("link_flags", ["-Wl,-O1"]),
        ("include_dirs", ["."]),
        ("library_dirs", ["."]),
        ("libraries", ["m"]),
    )
    reading = """\
#include <iostream>
int main() {
    std::ios::sync_with_stdio(false);
    long number, sum = 0;
    while (std::cin >> number) sum += number;
    std::cout << sum << "\\n";
}
"""
    marked = program.replace("    for", '    harness_phase_begin("sum");\n    for').replace(
        "    std::cout", '    harness_phase_end("sum");\n    std::cout'
    )
    marked = '#include "harness_phases.h"\n' + marked
