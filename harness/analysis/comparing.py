"""Reference against candidate: which metric, how sure, what verdict, when to stop."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.blocks import (
    Pair,
    Setting,
    Stored,
    figures_of,
    pair_of,
    paired_times,
    records_in,
    stored_blocks,
)
from harness.analysis.schedule import Block, StopRule
from harness.analysis.summarising import is_disturbed
from harness.model import (
    Comparison,
    Estimate,
    Metric,
    TrialRecord,
    TrialStatus,
    Verdict,
    signs_disagree,
)
from harness.model.declaring import RunOption, confidence_level, declared, one_of, share
from harness.stats.boundary import sign_boundary
from harness.stats.medians import log_threshold, scaled_mad
from harness.stats.metric import MetricChoice, choose_metric
from harness.stats.paired import (
    PairedSequence,
    RatioInterval,
    judge_bounds,
    ratio_estimate,
    sequence_of,
)
from harness.stats.power import blocks_needed, detectable
from harness.stats.ranks import RisingRank

MEMORY_STEP_BYTES = 4096
"""Peak memory is counted in pages."""

NARROW = 0.01
"""A single target is measured until its median is known to this share on either side."""

SURE, ALL_SURE = "the verdict is sure", "every verdict is sure"
"""Why a run ends that has its answer."""

ALONE = "no other target is left to compare with"

REVIEW_EVERY = 4
"""The choice of a metric is looked at again after 4, 16, ... times as many blocks."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a comparison is asked."""

    metric: Metric | None = declared(
        None,
        RunOption(
            "metric",
            "What decides; auto takes CPU time where wall time is disturbed.",
            one_of(Metric, nothing="auto"),
            choices=("auto", *(m.value for m in Metric)),
        ),
    )
    """None: wall or CPU time, whichever serves here."""
    confidence: float = declared(
        0.95,
        RunOption(
            "confidence",
            "Of the intervals and the verdict.",
            confidence_level,
            kind=float,
            default="0.95",
        ),
    )
    threshold: float = declared(
        0.01,
        RunOption(
            "threshold",
            "Differences below this share are equivalent in practice.",
            share("a share above 0 and below 1"),
            kind=float,
            default="0.01",
        ),
    )
    """Differences below this share do not matter in practice."""
    precision: float | None = declared(
        None,
        RunOption(
            "precision",
            "Go on until the interval of the ratio (of a single target, its time) has at most this"
            " share on either side of its middle, such as 2%.",
            share("a share such as 2% or 0.02"),
        ),
    )
    """Measured until the ratio's interval has at most this share on either side of its middle;
    None: until its sign is known."""


_WORDS = {Metric.WALL: "wall time", Metric.CPU: "CPU time", Metric.MEMORY: "peak memory"}


class Judge:
    """Follows one candidate against one reference, block by block.

    The metric is chosen at the first block that could decide. Should the machine become disturbed
    later, wall time gives way to CPU time, whose interval has what is left of the error.
    """

    def __init__(self, reference: str, candidate: str, question: Question) -> None:
        self.reference = reference
        self.candidate = candidate
        self.question = question
        self.pairs: list[Pair] = []
        self.disturbed = 0
        """How many of the pairs' blocks were."""
        self._read = 0
        self._opening = sign_boundary(question.confidence).first_proof()
        self._next_review = self._opening
        metric = question.metric or Metric.WALL
        self.choice = MetricChoice(metric, f"{_WORDS[metric]}: as asked for")
        self.sequence = self._followed(metric)

    def read(self, blocks: Sequence[Block]) -> None:
        """Take in the blocks that are new; `blocks` are all of them, from the first one on."""
        for block in blocks[self._read :]:
            pair = pair_of(block, self.reference, self.candidate)
            if pair is not None:
                self.pairs.append(pair)
                self.disturbed += any(map(is_disturbed, records_in([block])))
                self._follow(pair)
        self._read = len(blocks)

    @property
    def interval(self) -> RatioInterval:
        """The interval of the log-ratio, by the metric that decides."""
        return self.sequence.interval()

    @property
    def verdict(self) -> Verdict:
        return judge_bounds(self.sequence.bounds, self.question.threshold)

    def evidence(self) -> dict[Metric, Estimate]:
        """The speed-up by every metric; that which decides is as it was followed."""
        sequences = {metric: self._followed(metric) for metric in Metric}
        sequences[self.choice.metric] = self.sequence
        return {
            metric: ratio_estimate(sequence.interval(), self.question.confidence)
            for metric, sequence in sequences.items()
            if metric is self.choice.metric or self._has(metric)
        }

    def _has(self, metric: Metric) -> bool:
        """Is there a pair of this metric that says something? Of CPU time there may be none."""
        known = (min(p.reference.cpu_ns, p.candidate.cpu_ns) >= 0 for p in self.pairs)
        return metric is not Metric.CPU or any(known)

    def _follow(self, pair: Pair) -> None:
        blocks = len(self.pairs)
        chosen = self.choice.metric
        if self.question.metric is None and (blocks < self._opening or blocks == self._next_review):
            self._review(blocks)
        if self.choice.metric is chosen:
            sides = pair.reference.of(chosen), pair.candidate.of(chosen)
            self.sequence.add(*sides, pair.clock(chosen))

    def _review(self, blocks: int) -> None:
        """Choose the metric: freely while no interval exists, then only from wall to CPU time."""
        free = blocks <= self._opening
        choice = choose_metric(paired_times(self.pairs))
        if blocks == self._next_review:
            self._next_review *= REVIEW_EVERY
        if choice.metric is not self.choice.metric and (free or choice.metric is Metric.CPU):
            self.sequence = self._followed(choice.metric, 0 if free else blocks - 1)
            self.choice = choice
        elif free:
            self.choice = choice

    def _followed(self, metric: Metric, joined_at: int = 0) -> PairedSequence:
        """All pairs by a metric, with intervals from the block after `joined_at` on."""
        return sequence_of(
            [pair.reference.of(metric) for pair in self.pairs],
            [pair.candidate.of(metric) for pair in self.pairs],
            sign_boundary(self.question.confidence, joined_at),
            MEMORY_STEP_BYTES if metric is Metric.MEMORY else None,
            [pair.clock(metric) for pair in self.pairs],
        )


# -- stopping -----------------------------------------------------------------------------------


def sequential_rule(
    reference: str, question: Question, max_blocks: int | None, members: int = 1
) -> StopRule:
    """Stop once every candidate's verdict is sure, or after `max_blocks`.

    With a precision asked for, stop once every ratio is known as well as that. The interval holds
    at every look, so it holds at the one that ends the run. Where there is nothing to compare,
    stop once every target's median wall time is known to 1 % on either side (or the precision);
    one that was to be compared (`members` above 1) and is the only one left is not measured
    beyond the blocks of a first verdict.
    """
    judges: dict[str, Judge] = {}
    alone: dict[str, _Alone] = {}
    wanted = NARROW if question.precision is None else question.precision
    opening = sign_boundary(question.confidence).first_proof()

    def sure(name: str, blocks: Sequence[Block]) -> bool:
        follower = judges.get(name)
        if follower is None:
            follower = judges[name] = Judge(reference, name, question)
        follower.read(blocks)
        if question.precision is not None:
            low, high = follower.sequence.bounds
            return high - low <= 2 * log_threshold(wanted)
        return follower.verdict is not Verdict.UNDECIDED

    def narrow(name: str, blocks: Sequence[Block]) -> bool:
        if name not in alone:
            alone[name] = _Alone(name, question.confidence)
        return alone[name].is_narrow(blocks, wanted)

    def rule(blocks: Sequence[Block]) -> str | None:
        latest = blocks[-1] if blocks else {}
        names = [name for name in latest if name != reference]
        if reference in latest and names:
            if all(sure(name, blocks) for name in names):
                if question.precision is not None:
                    return (
                        f"the ratio's interval has {100 * wanted:.3g}% on either side of its middle"
                    )
                return SURE if len(names) == 1 else ALL_SURE
        elif latest and all(narrow(name, blocks) for name in latest):
            return f"the median is known to {100 * wanted:.3g}%"
        elif len(latest) == 1 < members and len(blocks) >= opening:
            return ALONE
        if max_blocks is not None and len(blocks) >= max_blocks:
            return f"{max_blocks} blocks were the most allowed"
        return None

    return rule


class _Alone:
    """Follows the wall times of one target, block by block."""

    def __init__(self, name: str, confidence: float) -> None:
        self._name = name
        self._boundary = sign_boundary(confidence)
        self._from_below, self._from_above = RisingRank(), RisingRank()
        self._read = 0

    def is_narrow(self, blocks: Sequence[Block], share: float) -> bool:
        """Is the median known well enough, by an interval that holds at every look?"""
        for block in blocks[self._read :]:
            for record in block.get(self._name, ()):
                figures = figures_of(record)
                if figures is not None:
                    self._from_below.add(figures.wall_ns)
                    self._from_above.add(-figures.wall_ns)
        self._read = len(blocks)
        limit = self._boundary.limit(len(self._from_below))
        if limit < 0:
            return False
        low, high = self._from_below.at(limit), -self._from_above.at(limit)
        return low > 0 and math.log(high / low) <= 2 * share


# -- comparisons --------------------------------------------------------------------------------


def compare_cells(
    reference: str,
    candidates: Iterable[str],
    blocks: Sequence[Block],
    question: Question,
    stopped_because: str,
) -> list[Comparison]:
    """Each candidate against the reference, from blocks of one machine.

    The error level holds for each comparison by itself, not for all of them together. A candidate
    without a single pair is left out.
    """
    made = []
    for name in candidates:
        follower = Judge(reference, name, question)
        follower.read(blocks)
        if follower.pairs:
            made.append(_comparison(follower, blocks, stopped_because))
    return made


@dataclass(frozen=True, slots=True)
class StoredComparison:
    """What all stored blocks of one setting say together."""

    setting: Setting
    runs: tuple[str, ...]
    """The ids of the runs that they come from, oldest first."""
    comparison: Comparison
    failures: tuple[str, ...] = ()
    """What went wrong with trials in these blocks, in words; a comparison is no answer then."""
    wrong: bool = False
    """Some of it was a wrong output."""


def compare_settings(
    reference: str, candidate: str, stored: Iterable[Stored], question: Question
) -> list[StoredComparison]:
    """A comparison for each machine, case, mode and pair of builds: their rows are never pooled.

    Runs of the same setting follow one another, as if the first had gone on; the interval allows
    for that.
    """
    found = []
    for setting, blocks in stored_blocks(stored, (reference, candidate)).items():
        runs = tuple(dict.fromkeys(block[reference][0].run_id for block in blocks))
        because = f"no more is stored, in {len(runs)} run{'s' * (len(runs) != 1)}"
        for comparison in compare_cells(reference, [candidate], blocks, question, because):
            bad = [record for record in records_in(blocks) if not record.trial.ok]
            wrong = any(record.trial.status is TrialStatus.WRONG_OUTPUT for record in bad)
            found.append(StoredComparison(setting, runs, comparison, _failures(bad), wrong))
    return found


def _failures(bad: Iterable[TrialRecord]) -> tuple[str, ...]:
    counts = Counter((record.target, record.trial.status) for record in bad)
    return tuple(
        f"{target}: {count} trial{'s' * (count != 1)} ended with {status.value!r}"
        for (target, status), count in counts.items()
    )


def _comparison(follower: Judge, blocks: Sequence[Block], stopped_because: str) -> Comparison:
    question, interval = follower.question, follower.interval
    ratios, boundary = follower.sequence.ratios, follower.sequence.boundary
    verdict, evidence = follower.verdict, follower.evidence()
    needed = None
    if verdict is Verdict.UNDECIDED:
        needed = blocks_needed(ratios, interval, boundary, question.threshold)
    first = next(records_in(blocks))
    return Comparison(
        candidate=follower.candidate,
        reference=follower.reference,
        metric=follower.choice.metric,
        ratio=evidence[follower.choice.metric],
        verdict=verdict,
        blocks=len(follower.pairs),
        threshold=question.threshold,
        stopped_because=stopped_because,
        metric_because="; ".join((follower.choice.because, *_doubts(interval, evidence))),
        evidence=evidence,
        noise_floor=scaled_mad(ratios.known),
        detectable=detectable(ratios, boundary),
        blocks_needed=needed,
        budget_needed_ns=None if needed is None else _budget_ns(needed, follower, blocks),
        disturbed_blocks=follower.disturbed,
        task=first.task,
        case=first.case,
    )


def _doubts(interval: RatioInterval, evidence: Mapping[Metric, Estimate]) -> list[str]:
    """What a reader should know before trusting one number."""
    doubts = []
    if signs_disagree(evidence):
        doubts.append("wall and CPU time disagree: less of one is paid for with more of the other")
    if not interval.settled:
        doubts.append("the ratio changed while it was measured: no single one fits all blocks")
    return doubts


def _budget_ns(pairs: int, follower: Judge, blocks: Sequence[Block]) -> int:
    """The time that `pairs` pairs take, where as many blocks give no pair as did so far."""
    return round(pairs * block_ns(blocks) * len(blocks) / len(follower.pairs))


def block_ns(blocks: Sequence[Block]) -> float:
    """How long a block takes, with everything between trials but not what lies between runs."""
    runs: dict[str, list[TrialRecord]] = {}
    for record in records_in(blocks):
        runs.setdefault(record.run_id, []).append(record)
    spans = (
        max(r.started_at_ns + r.trial.wall_ns for r in run) - min(r.started_at_ns for r in run)
        for run in runs.values()
    )
    return sum(spans) / len(blocks)
