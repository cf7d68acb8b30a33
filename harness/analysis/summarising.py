"""What the trials of one target say by themselves, and which blocks were disturbed."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from harness.analysis.blocks import figures_of, records_in
from harness.analysis.disturbances import is_disturbed
from harness.analysis.kept import KeptBlocks
from harness.analysis.over_ranks import SeenRanks
from harness.analysis.schedule import Block
from harness.frozen import dataclass
from harness.model import (
    Measurement,
    MetricEstimate,
    MetricInfo,
    Mode,
    PhaseEstimate,
    TrialRecord,
)
from harness.model.figures import figure_of
from harness.stats.medians import median_estimate
from harness.stats.ranks import median
from harness.stats.steady import Trace, shapes_of, trace_of, trace_warnings

ONE_TRIAL = "one trial only: nothing is known of its scatter"
FEW_TRIALS = "trials only: the interval is their whole range"


def is_of_times(warning: str) -> bool:
    """Is a warning about the interval of a single time, and not about what was measured?"""
    return warning == ONE_TRIAL or warning.endswith(FEW_TRIALS)


def shared_notes(measurements: Sequence[Measurement], *, of_times: bool = True) -> list[str]:
    """What measurements warn of, each sentence once, with the targets that it is said of.

    Without `of_times` what concerns the intervals of single times is left out: a comparison has an
    interval of its own.
    """
    said: dict[str, list[str]] = {}
    for m in measurements:
        for warning in m.warnings:
            if of_times or not is_of_times(warning):
                said.setdefault(warning, []).append(m.target)
    everyone = [m.target for m in measurements]
    return [
        warning if names == everyone and len(names) > 1 else f"{', '.join(names)}: {warning}"
        for warning, names in said.items()
    ]


def disturbed(blocks: Sequence[Block]) -> Set[int]:
    """The numbers of blocks during which time was stolen or the CPU was fought over.

    They stay in every estimate: leaving out what looks odd is how wrong answers are made.
    """
    if isinstance(blocks, KeptBlocks):
        return blocks.disturbed
    return frozenset(record.block for record in records_in(blocks) if is_disturbed(record))


def summarise_cell(records: Iterable[TrialRecord], mode: Mode, confidence: float) -> dict[str, Any]:
    """The fields of a Measurement that come from trials, each of which is looked at once.

    A trial counts once, however many samples it holds: they share a process and are not
    independent.
    """
    seen = _Seen(mode)
    for record in records:
        seen.add(record)
    return {
        "trials": seen.good,
        "failures": seen.failures,
        "wall_ns": median_estimate(seen.wall_ns, confidence),
        "cpu_ns": median_estimate(seen.cpu_ns if seen.cpu_is_known else (), confidence),
        "max_rss_bytes": seen.max_rss_bytes,
        "output_ok": seen.output_ok,
        "phases": tuple(_phases(seen.phases, confidence)),
        "warnings": (*_warnings(seen, confidence), *trace_warnings(seen.traces)),
        "ranks": seen.ranks.found(),
        **(_steady_fields(seen, confidence) if mode is Mode.STEADY else {}),
    }


class _Seen:
    """What the trials of a cell amount to, one after the other, in little memory."""

    def __init__(self, mode: Mode) -> None:
        self._steady = mode is Mode.STEADY
        self.good = self.failures = 0
        self.wall_ns, self.cpu_ns = array("d"), array("d")
        self.cpu_is_known = True
        self.max_rss_bytes: int | None = None
        self.output_ok: bool | None = None
        self.phases: dict[str, list[tuple[float, float, float]]] = {}
        """Time, calls and wall time of one execution, for each trial that reported it."""
        self.traces: list[Trace] = []
        self.ready_ns: list[int] = []
        self.ranks = SeenRanks()
        self.timeless = self.floors = self.shared = self.littered = 0

    def add(self, record: TrialRecord) -> None:
        """Take in the next trial."""
        trial = record.trial
        self.littered += trial.left_behind > 0
        if record.output_ok is not None:
            self.output_ok = record.output_ok and self.output_ok is not False
        if not trial.ok:
            self.failures += 1
            return
        self.good += 1
        self.timeless += trial.wall_ns <= 0
        self.floors += trial.max_rss_is_floor
        self.max_rss_bytes = max(trial.max_rss_bytes, self.max_rss_bytes or trial.max_rss_bytes)
        figures = figures_of(record)
        if figures is not None:
            self.wall_ns.append(figures.wall_ns)
            self.cpu_ns.append(figures.cpu_ns)
            self.cpu_is_known &= figures.cpu_ns >= 0
        if trial.phases:
            self._add_phases(record)
        if trial.ranks:
            self.ranks.add(trial.ranks)
        if self._steady:
            self.traces.append(trace_of(trial.samples))
            self.shared += any(sample.cpu_ns < 0 for sample in trial.samples)
            if trial.ready_ns is not None:
                self.ready_ns.append(trial.ready_ns)

    def _add_phases(self, record: TrialRecord) -> None:
        work = _work(record)
        for phase in record.trial.phases:
            row = (work.time_of(phase.total_ns), phase.calls / work.executions, work.wall_ns)
            self.phases.setdefault(phase.path, []).append(row)


def _steady_fields(seen: _Seen, confidence: float) -> dict[str, Any]:
    first = [trace.first_call_ns for trace in seen.traces if trace.first_call_ns is not None]
    return {
        "ready_ns": median_estimate(seen.ready_ns, confidence),
        "first_call_ns": median_estimate(first, confidence),
        "shapes": shapes_of(seen.traces),
    }


def _phases(
    seen: Mapping[str, Sequence[tuple[float, float, float]]], confidence: float
) -> Iterator[PhaseEstimate]:
    """Each phase over the trials that reported it, in the order of its first appearance.

    Of one execution of the work: a steady trial's figures are divided by how often it did it, and
    shares are of the steady time of one, as the wall time beside them is.
    """
    for path, rows in seen.items():
        total = median_estimate([ns for ns, _, _ in rows], confidence)
        assert total is not None
        shares = [ns / wall for ns, _, wall in rows if wall > 0]
        yield PhaseEstimate(
            path=path,
            calls=float(median(calls for _, calls, _ in rows)),
            total_ns=total,
            share=float(median(shares)) if shares else 0.0,
        )


def metric_estimates(
    records: Iterable[TrialRecord], declared: Sequence[MetricInfo], confidence: float
) -> tuple[MetricEstimate, ...]:
    """The median of each declared figure over the trials that ended well and have it."""
    if not declared:
        return ()
    seen = {info.name: array("d") for info in declared}
    for trial in (record.trial for record in records if record.trial.ok):
        for name, values in seen.items():
            value = figure_of(trial, name)
            if not math.isnan(value):
                values.append(value)
    found = []
    for info in declared:
        estimate = median_estimate(seen[info.name], confidence)
        if estimate is not None:
            found.append(MetricEstimate(info, estimate, len(seen[info.name])))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Work:
    """How often a trial did its work, and how long once takes."""

    executions: int
    wall_ns: float
    """The time of one execution, by the same rule as the wall time of the table."""
    first_ns: int = 0
    """The first call, in steady mode: perhaps a compiler at work."""
    later: int = 0
    """How often it was done after the first call,"""
    later_ns: int = 0
    """and how long that took in all."""

    def time_of(self, total_ns: int) -> float:
        """A phase's time in one execution.

        A phase that took longer than all calls after the first one holds what the first one
        compiled. That is taken out as far as it can be known: what is left is the most that the
        later calls can have spent in it.
        """
        if self.later and total_ns > self.later_ns:
            return max(total_ns - self.first_ns, self.later_ns) / self.later
        return total_ns / self.executions


def _work(record: TrialRecord) -> _Work:
    samples = record.trial.samples
    if record.mode is Mode.COLD or not samples:
        return _Work(1, float(record.trial.wall_ns))
    # The driver does it once more where the last batch printed several outputs over each other.
    executions = sum(sample.batch for sample in samples) + (samples[-1].batch > 1)
    first_ns, *later_ns = [sample.wall_ns for sample in samples]
    figures = figures_of(record)
    mean_ns = sum(later_ns) / max(1, sum(sample.batch for sample in samples[1:]))
    wall_ns = figures.wall_ns if figures is not None else mean_ns or float(first_ns)
    return _Work(executions, wall_ns, first_ns, executions - samples[0].batch, sum(later_ns))


def _warnings(seen: _Seen, confidence: float) -> Iterator[str]:
    if seen.good == 1:
        yield ONE_TRIAL
    elif seen.good > 1 and 2.0 ** (1 - seen.good) > 1 - confidence:
        yield f"{seen.good} {FEW_TRIALS}"
    if seen.timeless:
        yield f"{seen.timeless} trials took no time by the clock"
    if seen.floors:
        yield "peak memory may be the harness's own: the launcher could not be compiled"
    if seen.shared:
        yield (
            f"CPU time is not known of the work alone in {seen.shared} of {seen.good} trials, and"
            " none is given: other processes did a part of it, or a suite does not say"
        )
    if seen.littered:
        yield f"{seen.littered} trials left processes behind; they were killed"
