"""What is declared of outputs, and what holds where nothing is; no output is looked into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.model import OutputKind, OutputSpec, OutputValue, Task, Tolerance

NOTHING_CHECKED = "nothing is printed and no output is declared: nothing was checked"

OUTPUT_IGNORED = "the output is ignored, as was asked: nothing was checked"

_DEFAULT_RTOL = {
    # Tighter than the guide's 1 %: rounding in another order costs 1e-16 an operation, and a real
    # mistake is rarely below 1e-9.
    OutputKind.DETERMINISTIC: 1e-9,
    OutputKind.COUNT: 0.5,
    OutputKind.STATISTICS: 0.01,
}


def default_tolerance(kind: OutputKind, output: str = "stdout") -> Tolerance:
    """The tolerance of an output of that kind of which nothing else is declared.

    After the guide's section 6.2: deterministic outputs tight, stochastic ones loose (means within
    5 %), counts very loose (half as much again), statistics of an array within 1 %.
    """
    return Tolerance(output=output, kind=kind, rtol=_DEFAULT_RTOL.get(kind, 0.0))


def tolerances_of(task: Task) -> dict[str, Tolerance]:
    """The tolerance of every output by name; all of standard output, equal, where none is."""
    if not task.outputs:
        return {"stdout": Tolerance()}
    return {spec.name: spec.tolerance for spec in task.outputs}


def stochastic(task: Task) -> list[OutputSpec]:
    """The outputs that cannot be checked by one run."""
    return [s for s in task.outputs if s.tolerance.kind is OutputKind.STOCHASTIC]


def without_chance(task: Task) -> Task:
    """The task without its stochastic outputs, which differ from run to run by themselves."""
    by_chance = stochastic(task)
    return replace(task, outputs=tuple(spec for spec in task.outputs if spec not in by_chance))


def why_unchecked(task: Task) -> str:
    """What to say where there is nothing to check."""
    return OUTPUT_IGNORED if task.ignores_output else NOTHING_CHECKED


def nothing_to_check(task: Task, values: Mapping[str, OutputValue]) -> bool:
    """Is there no declared output, and nothing on standard output either, or is it ignored?"""
    if task.ignores_output:
        return True
    printed = values.get("stdout")
    return not task.outputs and isinstance(printed, str) and not printed.strip()
