"""What the programs of the conformance suite compute: the sum of the whole numbers from 1 to n."""

from __future__ import annotations

from dataclasses import replace

from harness.model import Case, Output, OutputSpec, Task
from harness.system.outputs.reading import read_outputs

TEN = Case("ten", {"n": 10}, seed=1)
THOUSAND = Case("thousand", {"n": 1000}, seed=1)
SUM = Task("sum", (TEN, THOUSAND), (OutputSpec("sum", pattern=r"(-?\d+)"),))


def printed(output: Output) -> str:
    """What a program wrote to standard output."""
    return output.stdout.read_text(encoding="utf-8")


def values_of(output: Output) -> Output:
    """The output with the declared values of SUM read."""
    return replace(output, values=read_outputs(output, SUM.outputs))
