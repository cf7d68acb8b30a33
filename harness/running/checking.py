"""Is an output right? By the adapter's own knowledge where it has any, else by the core's.

And what is to be said of a group's outputs beside right and wrong: who disagrees with whom, who
stands in for a reference that failed, and that there was nothing to check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.correctness.declared import nothing_to_check, why_unchecked
from harness.errors import HarnessError
from harness.model import Agreement, Output, Task
from harness.model.tasks import BENCHMARK
from harness.model.trials import MADE_BY
from harness.plugins import Adapter
from harness.running.cells import Failed, Prepared, Ready, reference_of


def check_outputs(
    adapter: Adapter,
    task: Task,
    expected: Output,
    actual: Output,
    known: Mapping[str, Agreement] | None = None,
) -> Agreement:
    """Compare all declared outputs: by the adapter's own knowledge where it has any.

    `known` holds, by output, what has been said already.
    """
    from harness.correctness import agree_all  # and with it numpy

    own = dict(known or {})
    if adapter.compares():
        for spec in task.outputs:
            if spec.name in own:
                continue
            tolerance = replace(spec.tolerance, output=spec.name)
            agreement = adapter.compare(expected, actual, tolerance)
            if agreement is not None:
                own[spec.name] = agreement
    return agree_all(task, expected.values, actual.values, own)


def remarks(members: Sequence[Prepared]) -> Iterator[str]:
    """What to say of the outputs of a group: all cells of one task on one case."""
    ready = [m for m in members if isinstance(m, Ready)]
    if not ready:
        return
    cell = members[0].cell
    where = f"{cell.task.name} {cell.case.name}"
    unchecked = all(nothing_to_check(cell.task, m.expected.values) for m in ready)
    if unchecked and BENCHMARK not in cell.case.params:  # a suite prints times, and checks itself
        yield f"{where}: {why_unchecked(cell.task)}"
    yield from _other_compilers(where, ready)
    if any(m.cell.expected is not None for m in members):
        return  # what is right was not decided among these
    reference = reference_of(members)
    wanted = next((m for m in members if m.cell.name == cell.task.reference), members[0])
    if reference is not None and reference is not wanted and isinstance(wanted, Failed):
        yield (
            f"{where}: {wanted.cell.name} failed; {reference.cell.name} takes its place: ratios and"
            " outputs are against it"
        )
    if reference is not None:
        yield from _odd_one_out(where, reference, [m for m in ready if m is not reference])


def _other_compilers(where: str, ready: Sequence[Ready]) -> Iterator[str]:
    """Say so where the user's own builds of one adapter were made by different compilers."""
    told = [m for m in ready if MADE_BY in m.build.toolchain.details]
    for adapter in dict.fromkeys(m.build.toolchain.adapter for m in told):
        made = {
            m.cell.name: m.build.toolchain.details[MADE_BY]
            for m in told
            if m.build.toolchain.adapter == adapter
        }
        if len(set(made.values())) > 1:
            each = ", ".join(f"{name} by {makers}" for name, makers in made.items())
            yield f"{where}: different compilers made what is compared: {each}"


def _odd_one_out(where: str, reference: Ready, others: Sequence[Ready]) -> Iterator[str]:
    """Say so where those that do not agree with the reference agree with one another."""
    against = [m for m in others if m.verdict is not None and not m.verdict.ok]
    if len(against) < 2 or len(against) < len(others):
        return
    groups: list[list[Ready]] = []
    for member in against:
        like = next((group for group in groups if _agree(group[0], member)), None)
        if like is None:
            groups.append([member])
        else:
            like.append(member)
    largest = max(groups, key=len)
    if len(largest) < 2:
        return
    names = ", ".join(m.cell.name for m in largest)
    who = "all others" if len(groups) == 1 else "the most"
    yield (
        f"{where}: the reference {reference.cell.name} is the odd one out: {who} ({names}) agree"
        " with one another, and not with it"
    )


def _agree(one: Ready, other: Ready) -> bool:
    try:
        return check_outputs(one.adapter, one.cell.task, one.expected, other.expected).ok
    except HarnessError:  # an adapter's own comparison that fails has been told already
        return False
