"""The Go adapter keeps the contract."""

import pytest

from harness.testing import AdapterConformance

pytestmark = pytest.mark.needs("go")


def source(imports: str, body: str) -> str:
    named = "".join(f'\t"{name}"\n' for name in imports.split())
    return f"package main\n\nimport (\n{named})\n\nfunc main() {{\n{body}}}\n"


SUM = """\
	n, _ := strconv.ParseInt(os.Args[1], 10, 64)
	sum := int64(0)
	for i := int64(1); i <= n; i++ {
		sum += i
	}
	fmt.Println(sum)
"""


class TestGo(AdapterConformance):
    adapter = "go"
    suffix = ".go"
    option = "flags"
    steady = True
    changes = (("flags", ["-gcflags=-B"]),)
    extra = ("package main\n", "package main\n\n")
    program = source("fmt os strconv", SUM)
    wrong = source("fmt", "\tfmt.Println(7)\n")
    failing = source("os", "\tos.Exit(3)\n")
    hanging = source("time", "\ttime.Sleep(90 * time.Second)\n")
    broken = source("fmt", "\tfmt.Println(undeclared)\n")
    broken_says = "sum.go:8:14: undefined: undeclared"
    reading = source(
        "bufio fmt os",
        """\
	in := bufio.NewReader(os.Stdin)
	sum, number := int64(0), int64(0)
	for {
		if _, err := fmt.Fscan(in, &number); err != nil {
			break
		}
		sum += number
	}
	fmt.Println(sum)
""",
    )
    marked = source(
        "fmt os strconv",
        SUM.replace("\tsum :=", '\tdone := harnessPhase("sum")\n\tsum :=').replace(
            "\tfmt.", "\tdone()\n\tfmt."
        ),
    )
