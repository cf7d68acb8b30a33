"""What a run does not prove, read from the run itself: the page says it before anybody asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.analysis import shared_notes
from harness.model import Comparison, Metric, Mode, Verdict
from harness.pages.drawn_trials import TrialFacts
from harness.render.costs import doubt, open_tails
from harness.render.units import show_share
from harness.running.of_commit import stored_commit
from harness.running.reports import Report
from harness.running.sweeping import KIND as SWEEP_KIND
from harness.system.store.run_file import StoredRun

FEW_TRIALS = 6
"""With fewer trials an interval is their whole range, if there is one."""
MOST_COUNTED = 3
"""Of more cases than these the disturbed blocks are counted together."""
LAYOUT_LUCK = 0.05
"""Differences below this share can come from where the linker happened to put things."""


def not_proved(stored: StoredRun, report: Report, facts: TrialFacts) -> tuple[str, ...]:
    """Sentences, the weightiest first."""
    return (
        *_of_its_end(stored, report, facts),
        *_of_outputs(report, facts),
        *_of_verdicts(report),
        *_of_levels(stored, report),
        *_of_the_machine(report, facts),
        *_of_disturbance(report, facts),
        *_of_inputs(stored, report, facts),
        *_of_layouts(report, facts),
        *_of_older_files(stored),
        *_of_measurements(report),
        *report.run.warnings,
    )


def _of_its_end(stored: StoredRun, report: Report, facts: TrialFacts) -> Iterator[str]:
    if not stored.finished:
        yield (
            f"The run was not finished: {facts.timed} trials are stored, and nothing was judged"
            " from them."
        )
    elif not facts.timed:
        yield "No trial was timed: the page says what went wrong, and nothing about speed."
    for (task, case, target), failure in report.failures.items():
        yield f"{target} ({task} {case}): {failure.message.rstrip('.')}. There is no verdict on it."


def _of_outputs(report: Report, facts: TrialFacts) -> Iterator[str]:
    wrong = [m.target for m in report.run.measurements if m.output_ok is False]
    if wrong:
        yield f"The output of {', '.join(wrong)} is wrong: how fast it is says nothing."
    if facts.unchecked:
        yield (
            f"The outputs of {facts.unchecked} of {facts.timed} trials were held against nothing:"
            " that they are right is not shown here."
        )
    if facts.failed:
        yield f"{facts.failed} of {facts.timed} trials failed, and are in no time."


def _of_verdicts(report: Report) -> Iterator[str]:
    comparisons = report.run.comparisons
    if not comparisons and len(report.run.measurements) > 1:
        yield "No two of these targets were compared: of their times none says which is faster."
    for c in comparisons:
        if c.verdict is Verdict.UNDECIDED:
            held = f" ({doubt(c)})" if c.doubted else ""
            yield f"{c.candidate} against {c.reference} is undecided: {c.stopped_because}{held}."
        for line in open_tails(c):
            yield f"{c.candidate} against {c.reference}: {line}."
    if by_cpu := dict.fromkeys(c.candidate for c in comparisons if c.metric is Metric.CPU):
        yield (
            f"{', '.join(by_cpu)}: judged by CPU time, not by what a clock on the wall says:"
            f" {_reason(comparisons, Metric.CPU)}"
        )


def _of_levels(stored: StoredRun, report: Report) -> Iterator[str]:
    judged = [c for c in report.run.comparisons if c.ratio.bounded]
    if stored.plan.get("origin", {}).get("kind") == SWEEP_KIND:
        yield "Nothing is known beyond the points that were swept, and little between them."
    elif len(judged) > 1:
        error = 1 - max(c.ratio.confidence for c in judged)
        yield (
            f"Each of the {len(judged)} comparisons has an error level of {show_share(error)} of"
            " its own: that one of them is wrong has a chance of up to"
            f" {show_share(min(1, error * len(judged)))}."
        )


def _reason(comparisons: tuple[Comparison, ...], metric: Metric) -> str:
    because = next(c.metric_because for c in comparisons if c.metric is metric)
    return because.rstrip(".") + "."


def _of_the_machine(report: Report, facts: TrialFacts) -> Iterator[str]:
    host = report.run.host
    if len(facts.hosts) > 1:
        yield (
            f"The trials are of {len(facts.hosts)} machines: only ratios within a block compare"
            " like with like, and medians over all of them are of no machine."
        )
    else:
        yield (
            f"All of it was measured on one machine ({host.cpu}, {host.cores} cores): on another"
            " one ratios may differ."
        )
    if host.virtualised:
        yield "That machine is virtual: what its neighbours do is in the times."


def _of_disturbance(report: Report, facts: TrialFacts) -> Iterator[str]:
    disturbed = [count for count in report.counts if count.disturbed]
    why = "disturbed by other programs or stolen time; they are kept, and widen the intervals."
    if len(disturbed) > MOST_COUNTED:
        together = sum(c.disturbed for c in disturbed), sum(c.blocks for c in report.counts)
        yield (
            f"{together[0]} of {together[1]} blocks, in {len(disturbed)} of {len(report.counts)}"
            f" cases, were {why}"
        )
    else:
        for c in disturbed:
            yield f"{c.disturbed} of {c.blocks} blocks of {c.task} {c.case} were {why}"
    few = [m for m in report.run.measurements if 0 < m.trials < FEW_TRIALS]
    if few:
        names = ", ".join(dict.fromkeys(m.target for m in few))
        yield f"{names}: fewer than {FEW_TRIALS} trials, too few for an interval to trust."


def _of_inputs(stored: StoredRun, report: Report, facts: TrialFacts) -> Iterator[str]:
    works: dict[str, set[str]] = {}
    for m in report.run.measurements:
        works.setdefault(m.task, set()).add(m.case)
    for task, cases in works.items():
        if len(cases) == 1:
            yield f"{task} was measured on one case ({next(iter(cases))}): others may go otherwise."
    if works and len(facts.draws) < 2:
        yield "Every trial had the same input: a change that suits this input alone would pass."
    modes = {m.mode for m in report.run.measurements}
    if modes == {Mode.COLD}:
        yield "Times are of whole processes, start-up included: a service that runs on may differ."
    elif Mode.STEADY in modes:
        yield "Times are of work within one process once it was warm: starting it is not in them."


def _of_layouts(report: Report, facts: TrialFacts) -> Iterator[str]:
    small = [
        c
        for c in report.run.comparisons
        if c.verdict in (Verdict.FASTER, Verdict.SLOWER) and abs(c.ratio.point - 1) < LAYOUT_LUCK
    ]
    stacks = [len(series.layouts) for series in facts.series.values() if series.times_ns]
    for c in small:
        yield (
            f"{c.candidate} against {c.reference} differ by less than {show_share(LAYOUT_LUCK)},"
            f" from {_built(c.layouts)} and {min(stacks, default=0)} places of the stack: where the"
            " linker put the code can do as much."
        )
    if not small and stacks:
        yield (
            f"Each target is one build, run with its stack in {min(stacks)} places or more: another"
            " linking order was not tried."
        )


def _built(layouts: int) -> str:
    return f"{layouts} layouts of each build" if layouts > 1 else "one build of each"


def _of_older_files(stored: StoredRun) -> Iterator[str]:
    if not stored.sealed:
        yield (
            "The run was stored by an older harness: what that did not keep, such as disturbed"
            " blocks or toolchains, is missing here."
        )
    for name, _, changed in code_of(stored):
        if changed:
            yield f"{name} was measured with changes that are in no commit."


def _of_measurements(report: Report) -> Iterator[str]:
    yield from shared_notes(report.run.measurements)
    if any(m.phases for m in report.run.measurements):
        yield "Phases are what the targets say of themselves; no verdict rests on them."


def code_of(stored: StoredRun) -> list[tuple[str, str, bool]]:
    """Of each target its commit, and whether its tree had changes; nothing of older runs."""
    at_revisions: Any = stored.plan.get("code", ())
    named = {str(name): (str(commit), False) for _, _, name, commit, *_ in at_revisions}
    own = stored_commit(stored.plan)
    if own is not None:
        for _, _, name in stored.plan.get("cells", ()):
            named.setdefault(str(name), (own.digest, own.changed))
    return [(name, *state) for name, state in named.items()]
