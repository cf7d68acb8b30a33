"""Follows a candidate against its reference: which metric, how sure, what verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from harness.analysis.blocks import Pair, PairColumns, block_ns, pair_of, records_in
from harness.analysis.confirming import NONE_FRESH, OBVIOUS, Fresh, confirmed_at
from harness.analysis.disturbances import is_disturbed
from harness.analysis.judged import Judged, costs_of
from harness.analysis.lost_blocks import NOTHING_LOST
from harness.analysis.of_figures import (
    EXACT_BLOCKS,
    Lacking,
    as_costs,
    doubts_of,
    metric_words,
    missing,
)
from harness.analysis.over_layouts import ONE_LAYOUT, LayoutSpread, spread_of, verdict_over
from harness.analysis.question import Question
from harness.analysis.readings import exact_interval, step_of
from harness.analysis.schedule import Block
from harness.analysis.weighing import Weighed
from harness.model import Estimate, Metric, Verdict
from harness.stats.metric import MetricChoice, choose_metric
from harness.stats.paired import (
    PairedSequence,
    RatioInterval,
    judge_bounds,
    ratio_estimate,
    sequence_of,
)
from harness.stats.tails import Costs, held_back

if TYPE_CHECKING:
    pass

GUARDED_BLOCKS = 24
"""Where guards are asked for, a gain that is sure is looked at for as many blocks."""

REVIEW_EVERY = 4
"""The choice of a metric is looked at again after 4, 16, ... times as many blocks."""


class Judge:
    """Follows one candidate against one reference, block by block.

    The metric is chosen at the first block that could decide. Should the machine become disturbed
    later, wall time gives way to CPU time, whose interval has what is left of the error.
    """

    def __init__(self, reference: str, candidate: str, question: Question) -> None:
        self.reference = reference
        self.candidate = candidate
        self.question = question
        self.pairs = PairColumns()
        self.disturbed = 0
        """How many of the pairs' blocks were."""
        self.lost = NOTHING_LOST
        """The blocks that have no figure of a side."""
        self._read = 0
        self._sure_at = 0
        self._first_ns: tuple[float, ...] = ()
        self._opening = self._next_review = question.boundary_from(()).first_proof()
        metric = question.metric or Metric.WALL
        self._named = "" if metric.is_known else metric.value
        words = metric_words(metric, question.figure)
        self.choice = MetricChoice(metric, f"{words}: as asked for")
        self.sequence = self._followed(metric)

    def read(self, blocks: Sequence[Block]) -> None:
        """Take in the blocks that are new; `blocks` are all of them, from the first one on."""
        for at in range(self._read, len(blocks)):
            self._forget()
            block = blocks[at]
            pair = pair_of(block, self.reference, self.candidate, self._named)
            if pair is None:
                self.lost = self.lost.after(block, (self.reference, self.candidate))
            else:
                self._begin(pair)
                self.pairs.add(pair)
                self.disturbed += any(map(is_disturbed, records_in([block])))
                self._follow(pair)
                if self.question.confirm and not self._sure_at and self._wants_fresh:
                    self._sure_at = len(self.pairs)
                    self._forget()
        self._read = len(blocks)

    def _forget(self) -> None:
        """Work out anew what the pairs say; each of it is asked for several times a block."""
        for name in ("weighed", "interval", "verdict"):
            self.__dict__.pop(name, None)

    @cached_property
    def weighed(self) -> Weighed | None:
        """The pairs weighed by sign and size; None where the question asks for signs alone."""
        asked = self.question
        if asked.noise is None:
            return None
        return Weighed.of(self.sequence, asked.noise, asked.confidence, asked.threshold)

    @property
    def exact(self) -> RatioInterval | None:
        """What a deterministic figure says that is the same in all blocks, two at least."""
        if not self._named:
            return None
        return exact_interval(self.pairs.sides(self.choice.metric), self.question.figure)

    @property
    def lacking(self) -> Lacking:
        """Which sides lack the figure that decides."""
        sides = self.pairs.sides(self.choice.metric)
        return Lacking(len(self.pairs), *map(missing, sides))

    @property
    def is_decided(self) -> bool:
        """Is its verdict sure, and are there blocks enough to say something of guards?"""
        found = self.verdict
        if found is Verdict.UNDECIDED:
            return False
        looks_on = self.question.guards and found is not Verdict.SLOWER
        return not looks_on or len(self.pairs) >= GUARDED_BLOCKS

    @property
    def to_confirm(self) -> int:
        """How many blocks are wanted yet that had no part in a gain's being sure; 0: none."""
        # Where a number of blocks was fixed that was enough, all of them are such.
        at = self._sure_at
        return max(confirmed_at(at) - len(self.pairs), 0) if at > self.question.fewest else 0

    @property
    def fresh(self) -> Fresh:
        """The blocks after a gain was sure, where it was to be confirmed or the run went on."""
        asked = self.question
        if asked.confirm and self.exact is None:
            sure = self._sure_at > asked.fewest
            return Fresh.of(self.sequence.ratios, self._sure_at) if sure else NONE_FRESH
        late = asked.late and asked.noise is None and self.exact is None
        return self._late if late else NONE_FRESH

    @property
    def _late(self) -> Fresh:
        """The blocks after the signs were sure of a gain, of a run that looked on for slow runs."""
        since = self.sequence.above_since
        if not since or self.sequence.bounds[0] >= OBVIOUS or self.sequence.bounds[0] <= 0:
            return NONE_FRESH
        return Fresh.of(self.sequence.ratios, since)

    @property
    def _wants_fresh(self) -> bool:
        """Is it sure that there is a gain, and none that is obvious?"""
        if len(self.pairs) < self.question.fewest or self.exact is not None:
            return False
        gains = self.is_decided and self.verdict is Verdict.FASTER
        return gains and self.interval.low < OBVIOUS

    @property
    def bounds(self) -> tuple[float, float]:
        """The ends of the interval by signs alone, or of what a deterministic figure says."""
        exact = self.exact
        if exact is not None:
            return exact.low, exact.high
        return self.spread.hull(self.sequence.bounds)

    @property
    def in_vain(self) -> str:
        """Why no further block will decide, where one side never has the figure; else empty."""
        if not self._named or len(self.pairs) < EXACT_BLOCKS:
            return ""
        sides = self.pairs.sides(self.choice.metric)
        if not any(all(map(math.isnan, side)) for side in sides):  # ends at the first figure
            return ""
        each = "; ".join(self.lacking.words((self.reference, self.candidate)))
        return f"{self._named} decides nothing: {each}"

    @property
    def spread(self) -> LayoutSpread:
        """What several layouts of the builds leave uncertain."""
        if not self.pairs.has_layouts:
            return ONE_LAYOUT  # asked for after every block: the ratios of all blocks take long
        return spread_of(self.pairs, self.sequence.ratios, self.question.confidence)

    @cached_property
    def interval(self) -> RatioInterval:
        """The interval of the log-ratio, by the metric that decides."""
        found = (self.weighed or self.sequence).interval()
        return self.exact or self.fresh.told(self.spread.widened(found))

    @property
    def of_median(self) -> Verdict:
        """What the median ratio says by itself."""
        exact = self.exact
        if exact is not None:
            return judge_bounds((exact.low, exact.high), self.question.threshold)
        weighed, sequence, threshold = self.weighed, self.sequence, self.question.threshold
        found = judge_bounds(sequence.bounds, threshold) if weighed is None else weighed.verdict
        if self.lost.differs:
            found = self.lost.leaves(found, sequence.ratios, sequence.boundary, threshold)
        if found is Verdict.UNDECIDED or not self.pairs.has_layouts:
            return found
        interval = (weighed or self.sequence).interval()
        return verdict_over(found, self.spread, interval, threshold)

    @cached_property
    def verdict(self) -> Verdict:
        found = self.of_median
        if found not in (Verdict.FASTER, Verdict.EQUIVALENT):
            return found
        costs = self.costs
        return held_back(found, costs.held) if costs is not None else found

    @property
    def costs(self) -> Costs | None:
        """The mean and the tails of both sides, by the metric that decides."""
        return costs_of(self.choice.metric, self.sequence.times, self.question)

    def evidence(self) -> dict[Metric, Estimate]:
        """The speed-up by every metric; that which decides is as it was followed."""
        chosen, intervals = self.choice.metric, {}
        for metric in dict.fromkeys((*Metric, chosen)):  # the known ones, and that which decides
            if metric is chosen:
                intervals[metric] = self.interval
            elif self._has(metric):
                intervals[metric] = self._followed(metric).interval()
        return {
            metric: ratio_estimate(interval, self.question.confidence)
            for metric, interval in intervals.items()
        }

    def judged(self, blocks: Sequence[Block]) -> Judged:
        """What the blocks say that were read; there is a pair among them."""
        first = next(records_in(blocks))
        return Judged(
            sides=(self.reference, self.candidate),
            question=self.question,
            choice=self.choice,
            sequence=self.sequence,
            evidence=self.evidence(),
            pairs=len(self.pairs),
            disturbed=self.disturbed,
            work=(first.task, first.case),
            blocks=len(blocks),
            block_ns=block_ns(blocks),
            weighed=self.weighed,
            exact=self.exact,
            doubts=tuple(self._doubts()),
            spread=self.spread,
            costs=self.costs,
            fresh=self.fresh,
            lost=self.lost,
        )

    def _doubts(self) -> Iterator[str]:
        if self._named:
            figures, sides = self.pairs.sides(self.choice.metric), (self.reference, self.candidate)
            yield from doubts_of(figures, sides, self.question.figure)

    def _has(self, metric: Metric) -> bool:
        """Is there a pair of this metric that says something? Of CPU time there may be none."""
        sides = zip(*self.pairs.sides(metric), strict=True)
        return metric is not Metric.CPU or any(min(pair) >= 0 for pair in sides)

    def _begin(self, pair: Pair) -> None:
        """Choose how the error is spent, by how long the first block takes."""
        if len(self.pairs):
            return
        self._first_ns = pair.reference.wall_ns, pair.candidate.wall_ns
        boundary = self.question.boundary_from(self._first_ns)
        self._opening = self._next_review = boundary.first_proof()
        self.sequence = self._followed(self.choice.metric)

    def _follow(self, pair: Pair) -> None:
        blocks = len(self.pairs)
        chosen = self.choice.metric
        if self.question.metric is None and (blocks < self._opening or blocks == self._next_review):
            self._review(blocks)
        if self.choice.metric is chosen:
            sides = pair.reference.of(chosen), pair.candidate.of(chosen)
            if self._named:
                sides = as_costs(*sides, self.question.figure)
            self.sequence.add(*sides, pair.clock(chosen))

    def _review(self, blocks: int) -> None:
        """Choose the metric: freely while no interval exists, then only from wall to CPU time."""
        free = blocks <= self._opening
        choice = choose_metric(self.pairs.times())
        if blocks == self._next_review:
            self._next_review *= REVIEW_EVERY
        # There is no way back to wall time: to change for whichever looks better is a choice by the
        # result, and the error level would not hold. The new interval counts from this block on.
        if choice.metric is not self.choice.metric and (free or choice.metric is Metric.CPU):
            self.sequence = self._followed(choice.metric, 0 if free else blocks - 1)
            self.choice, self._sure_at = choice, 0
        elif free:
            self.choice = choice

    def _followed(self, metric: Metric, joined_at: int = 0) -> PairedSequence:
        """All pairs by a metric, with intervals from the block after `joined_at` on."""
        asked = self.question
        sides = self.pairs.sides(metric)
        if not metric.is_known:
            pairs = [as_costs(*pair, asked.figure) for pair in zip(*sides, strict=True)]
            sides = [one for one, _ in pairs], [other for _, other in pairs]
        return sequence_of(
            *sides,
            asked.boundary_from(self._first_ns, joined_at),
            step_of(metric, asked.figure),
            self.pairs.clocks(metric),
        )
