"""From trials to what is said of them: measurements, comparisons, when to stop; pure.

`harness.stats` knows numbers; this module knows what a block and a trial are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.model import (
    Comparison,
    Estimate,
    Metric,
    Mode,
    PhaseEstimate,
    TrialRecord,
    Verdict,
)
from harness.schedule import Block, StopRule
from harness.stats.boundary import sign_boundary
from harness.stats.medians import median_estimate, scaled_mad
from harness.stats.metric import MetricChoice, PairedTimes, choose_metric
from harness.stats.paired import (
    Interval,
    blocks_needed,
    detectable,
    interval_of,
    judge,
    ratio_estimate,
)
from harness.stats.ratios import LogRatios, clock_resolution_ns, log_ratios
from harness.stats.steady import Trace, shapes_of, trace_of, trace_warnings

MEMORY_STEP_BYTES = 4096
"""Peak memory is counted in pages."""

NARROW = 0.01
"""A single target is measured until its median is known to this share on either side."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a comparison is asked."""

    metric: Metric | None = None
    """None: wall or CPU time, whichever serves here."""
    confidence: float = 0.95
    threshold: float = 0.01
    """Differences below this share do not matter in practice."""


@dataclass(frozen=True, slots=True)
class Values:
    """One trial's figures; in steady mode those of one execution of the work."""

    wall_ns: float
    cpu_ns: float
    max_rss_bytes: float

    def of(self, metric: Metric) -> float:
        return {
            Metric.WALL: self.wall_ns,
            Metric.CPU: self.cpu_ns,
            Metric.MEMORY: self.max_rss_bytes,
        }[metric]


@dataclass(frozen=True, slots=True)
class Pair:
    """The same block's figures of reference and candidate."""

    reference: Values
    candidate: Values


# -- trials to pairs ----------------------------------------------------------------------------


def values_of(record: TrialRecord) -> Values | None:
    """A trial's figures; None where it did not end well or never became steady."""
    trial = record.trial
    if not trial.ok:
        return None
    if record.mode is Mode.COLD:
        return Values(trial.wall_ns, trial.cpu_ns, trial.max_rss_bytes)
    trace = trace_of(trial.samples)
    if trace.steady_ns is None or trace.cpu_ns is None:
        return None
    return Values(trace.steady_ns, trace.cpu_ns, trial.max_rss_bytes)


class Pairs:
    """The pairs of one candidate with the reference, block by block; keeps what it has read."""

    def __init__(self, reference: str, candidate: str) -> None:
        self.reference = reference
        self.candidate = candidate
        self.pairs: list[Pair] = []
        self._read = 0

    def read(self, blocks: Sequence[Block]) -> list[Pair]:
        """The pairs of all blocks; only those not seen before are looked at."""
        if len(blocks) < self._read:
            self.pairs, self._read = [], 0
        for block in blocks[self._read :]:
            pair = pair_of(block, self.reference, self.candidate)
            if pair is not None:
                self.pairs.append(pair)
        self._read = len(blocks)
        return self.pairs


def pair_of(block: Block, reference: str, candidate: str) -> Pair | None:
    """A block's pair, from as many trials of either side; None where one side has none."""
    sides = [
        [v for r in block.get(name, ()) if (v := values_of(r)) is not None]
        for name in (reference, candidate)
    ]
    count = min(len(side) for side in sides)
    if count == 0:
        return None
    return Pair(*(_typical(side[:count]) for side in sides))


def _typical(values: Sequence[Values]) -> Values:
    return Values(
        *(
            float(np.median([v.of(metric) for v in values]))
            for metric in (Metric.WALL, Metric.CPU, Metric.MEMORY)
        )
    )


def ratios_by(pairs: Sequence[Pair], metric: Metric) -> LogRatios:
    """The log-ratios of all pairs, as exact as the clock allows."""
    reference = [p.reference.of(metric) for p in pairs]
    candidate = [p.candidate.of(metric) for p in pairs]
    step: float = MEMORY_STEP_BYTES
    if metric is not Metric.MEMORY:
        step = clock_resolution_ns(int(v) for v in (*reference, *candidate))
    return log_ratios(reference, candidate, step)


def metric_for(pairs: Sequence[Pair], question: Question) -> MetricChoice:
    """The metric that decides: as asked, or chosen from the first blocks alone."""
    if question.metric is not None:
        return MetricChoice(question.metric, f"{question.metric.value}: as asked for")
    first = pairs[: sign_boundary(question.confidence).first_proof()]
    return choose_metric(
        PairedTimes(
            *(
                np.array([getattr(p, side).of(metric) for p in first], dtype=np.float64)
                for metric in (Metric.WALL, Metric.CPU)
                for side in ("reference", "candidate")
            )
        )
    )


# -- stopping -----------------------------------------------------------------------------------


def sequential_rule(reference: str, question: Question, max_blocks: int | None) -> StopRule:
    """Stop once every candidate's verdict is sure, or after `max_blocks`.

    Where there is nothing to compare, stop once every target's median wall time is known to
    1 % on either side.
    """
    known: dict[str, Pairs] = {}

    def verdict(name: str, blocks: Sequence[Block]) -> Verdict:
        pairs = known.setdefault(name, Pairs(reference, name)).read(blocks)
        return _decision(pairs, question)[2]

    def rule(blocks: Sequence[Block]) -> str | None:
        if not blocks:
            return None
        names = [name for name in blocks[-1] if name != reference]
        alone = reference not in blocks[-1] or not names
        if alone:
            if all(_narrow(name, blocks, question.confidence) for name in blocks[-1]):
                return f"the median is known to {NARROW:.0%}"
        elif all(verdict(name, blocks) is not Verdict.UNDECIDED for name in names):
            return "the verdict is sure" if len(names) == 1 else "every verdict is sure"
        if max_blocks is not None and len(blocks) >= max_blocks:
            return f"{max_blocks} blocks were the most allowed"
        return None

    return rule


def _narrow(name: str, blocks: Sequence[Block], confidence: float) -> bool:
    """Is the median wall time known well enough, by an interval that holds at every look?"""
    values = [v for b in blocks for r in b.get(name, ()) if (v := values_of(r)) is not None]
    times = np.sort([v.wall_ns for v in values])
    limit = sign_boundary(confidence).limit(len(times)) if len(times) else -1
    if limit < 0 or times[limit] <= 0:
        return False
    return math.log(times[len(times) - 1 - limit] / times[limit]) <= 2 * NARROW


def _decision(pairs: Sequence[Pair], question: Question) -> tuple[MetricChoice, Interval, Verdict]:
    choice = metric_for(pairs, question)
    interval = interval_of(ratios_by(pairs, choice.metric), sign_boundary(question.confidence))
    return choice, interval, judge(interval, question.threshold)


# -- comparisons --------------------------------------------------------------------------------


def compare_cells(
    reference: str,
    candidates: Iterable[str],
    blocks: Sequence[Block],
    question: Question,
    stopped_because: str,
) -> list[Comparison]:
    """Each candidate against the reference. The error level holds for each comparison by itself.

    A candidate without a single whole block is left out.
    """
    made = (
        _comparison(Pairs(reference, name), blocks, question, stopped_because)
        for name in candidates
    )
    return [comparison for comparison in made if comparison is not None]


def _comparison(
    source: Pairs, blocks: Sequence[Block], question: Question, stopped_because: str
) -> Comparison | None:
    pairs = source.read(blocks)
    if not pairs:
        return None
    confidence = question.confidence
    choice, interval, verdict = _decision(pairs, question)
    ratios = ratios_by(pairs, choice.metric)
    needed = None
    if verdict is Verdict.UNDECIDED:
        needed = blocks_needed(ratios, interval, confidence, question.threshold)
    evidence = {metric: _evidence(pairs, metric, confidence) for metric in Metric}
    first = next(r for block in blocks for records in block.values() for r in records)
    return Comparison(
        candidate=source.candidate,
        reference=source.reference,
        metric=choice.metric,
        ratio=ratio_estimate(interval, confidence),
        verdict=verdict,
        blocks=len(pairs),
        threshold=question.threshold,
        stopped_because=stopped_because,
        metric_because=choice.because + _disagreement(evidence),
        evidence=evidence,
        noise_floor=scaled_mad(ratios.known),
        detectable=detectable(ratios, confidence),
        blocks_needed=needed,
        budget_needed_ns=None if needed is None else round(needed * _block_ns(blocks)),
        disturbed_blocks=len(disturbed(blocks)),
        task=first.task,
        case=first.case,
    )


def _evidence(pairs: Sequence[Pair], metric: Metric, confidence: float) -> Estimate:
    interval = interval_of(ratios_by(pairs, metric), sign_boundary(confidence))
    return ratio_estimate(interval, confidence)


def _disagreement(evidence: Mapping[Metric, Estimate]) -> str:
    """A warning where wall and CPU time are sure of opposite things."""
    wall, cpu = evidence[Metric.WALL], evidence[Metric.CPU]
    if (wall.low > 1 and cpu.high < 1) or (wall.high < 1 and cpu.low > 1):
        return "; wall and CPU time disagree: less of one is paid for with more of the other"
    return ""


def _block_ns(blocks: Sequence[Block]) -> float:
    """How long a block takes, everything between trials included."""
    records = [r for block in blocks for trials in block.values() for r in trials]
    begun = min(r.started_at_ns for r in records)
    ended = max(r.started_at_ns + r.trial.wall_ns for r in records)
    return (ended - begun) / len(blocks)


# -- disturbed blocks ---------------------------------------------------------------------------


def disturbed(blocks: Sequence[Block]) -> frozenset[int]:
    """The numbers of blocks during which time was stolen or the CPU was fought over.

    They stay in every estimate: leaving out what looks odd is how wrong answers are made.
    """
    return frozenset(
        record.block
        for block in blocks
        for records in block.values()
        for record in records
        if _is_disturbed(record)
    )


def _is_disturbed(record: TrialRecord) -> bool:
    """Was a trial kept from a CPU for more than 1 % of its time?"""
    trial = record.trial
    waited_ns = trial.steal_ns + (trial.pressure_ns or 0)
    return waited_ns > max(0.01 * trial.wall_ns, 0)


# -- measurements -------------------------------------------------------------------------------


def summarise_cell(records: Sequence[TrialRecord], mode: Mode, confidence: float) -> dict[str, Any]:
    """The fields of a Measurement that come from trials; a trial counts once, whatever it holds."""
    good = [r for r in records if r.trial.ok]
    steady = mode is Mode.STEADY
    traces = [trace_of(r.trial.samples) for r in good] if steady else []
    values = [v for r in good if (v := values_of(r)) is not None]
    checked = [r.output_ok for r in records if r.output_ok is not None]
    return {
        "trials": len(good),
        "failures": len(records) - len(good),
        "wall_ns": median_estimate([v.wall_ns for v in values], confidence),
        "cpu_ns": median_estimate([v.cpu_ns for v in values], confidence),
        "max_rss_bytes": max((r.trial.max_rss_bytes for r in good), default=None),
        "output_ok": all(checked) if checked else None,
        "phases": tuple(_phases(good, confidence)),
        "warnings": (*_warnings(good, records, confidence), *trace_warnings(traces)),
        **(_steady_fields(good, traces, confidence) if steady else {}),
    }


def _steady_fields(
    good: Sequence[TrialRecord], traces: Sequence[Trace], confidence: float
) -> dict[str, Any]:
    ready = [r.trial.ready_ns for r in good if r.trial.ready_ns is not None]
    first = [t.first_call_ns for t in traces if t.first_call_ns is not None]
    return {
        "ready_ns": median_estimate(ready, confidence),
        "first_call_ns": median_estimate(first, confidence),
        "shapes": shapes_of(traces),
    }


def _phases(good: Sequence[TrialRecord], confidence: float) -> Iterator[PhaseEstimate]:
    """Each phase over the trials that reported it, in the order of its first appearance."""
    seen: dict[str, list[tuple[int, int, int]]] = {}
    for record in good:
        for phase in record.trial.phases:
            row = (phase.total_ns, phase.calls, record.trial.wall_ns)
            seen.setdefault(phase.path, []).append(row)
    for path, rows in seen.items():
        total = median_estimate([ns for ns, _, _ in rows], confidence)
        if total is not None:
            shares = [ns / wall for ns, _, wall in rows if wall > 0]
            calls = float(np.median([calls for _, calls, _ in rows]))
            share = float(np.median(shares)) if shares else 0.0
            yield PhaseEstimate(path, calls, total, share)


def _warnings(
    good: Sequence[TrialRecord], records: Sequence[TrialRecord], confidence: float
) -> Iterator[str]:
    if len(good) == 1:
        yield "one trial only: nothing is known of its scatter"
    elif len(good) > 1 and 2.0 ** (1 - len(good)) > 1 - confidence:
        yield f"{len(good)} trials only: the interval is their whole range"
    floors = sum(r.trial.max_rss_is_floor for r in good)
    if floors:
        yield "peak memory may be the harness's own: no compiler was found for the launcher"
    left = sum(r.trial.left_behind > 0 for r in records)
    if left:
        yield f"{left} trials left processes behind; they were killed"
    backwards = sum(r.trial.wall_ns <= 0 for r in good)
    if backwards:
        yield f"{backwards} trials took no time by the clock"
