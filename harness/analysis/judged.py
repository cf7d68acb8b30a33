"""What the blocks say of a candidate and its reference: the verdict with all that it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.analysis.confirming import NONE_FRESH, Fresh
from harness.analysis.lost_blocks import NOTHING_LOST, Lost
from harness.analysis.over_layouts import ONE_LAYOUT, LayoutSpread, verdict_over
from harness.analysis.over_runs import ALIKE, RunSpread
from harness.analysis.question import Question
from harness.analysis.weighing import Weighed
from harness.frozen import dataclass
from harness.model import Estimate, Metric, Verdict
from harness.stats.metric import MetricChoice
from harness.stats.paired import (
    PairedSequence,
    RatioInterval,
    judge_bounds,
)
from harness.stats.tails import CostFinding, Costs, held_back

if TYPE_CHECKING:
    from harness.stats.ratios import Floats
    from harness.stats.whole import WholeSequence


@dataclass(frozen=True, slots=True)
class Judged:
    """What all blocks say of a candidate and its reference, by records or by columns."""

    sides: tuple[str, str]
    """The names of reference and candidate."""
    question: Question
    choice: MetricChoice
    sequence: PairedSequence | WholeSequence
    evidence: Mapping[Metric, Estimate]
    pairs: int
    disturbed: int
    """How many of the pairs' blocks were."""
    work: tuple[str, str]
    """The names of task and case."""
    blocks: int
    """All that were measured, also those without a pair."""
    block_ns: float
    """How long one takes."""
    weighed: Weighed | None = None
    """Its pairs weighed by sign and size, where the question asks for that."""
    exact: RatioInterval | None = None
    """What a deterministic figure says that is the same in all blocks."""
    doubts: tuple[str, ...] = ()
    """What its figures lack, in words."""
    spread: LayoutSpread = ONE_LAYOUT
    """What several layouts of the builds leave uncertain."""
    runs: RunSpread = ALIKE
    """What several stored runs leave uncertain, by the metric that decides."""
    costs: Costs | None = None
    """The mean and the tails of both sides, where a gain is held against them."""
    fresh: Fresh = NONE_FRESH
    """The blocks after a gain was sure, where it was to be confirmed."""
    lost: Lost = NOTHING_LOST
    """The blocks that have no figure of a side."""

    @property
    def interval(self) -> RatioInterval:
        """The interval of the log-ratio, by the metric that decides."""
        return self.exact or self.fresh.told(self.runs.widened(self.over_layouts))

    @property
    def over_layouts(self) -> RatioInterval:
        """The interval of the pairs, as wide as the layouts of the builds make it."""
        return self.spread.widened((self.weighed or self.sequence).interval())

    @property
    def of_median(self) -> Verdict:
        """What the median ratio says by itself."""
        if self.exact is not None:
            return judge_bounds((self.exact.low, self.exact.high), self.question.threshold)
        found = self.whatever_was_lost
        if found is Verdict.UNDECIDED or not self.runs.differ:
            return found
        return judge_bounds((self.interval.low, self.interval.high), self.question.threshold)

    @property
    def whatever_was_lost(self) -> Verdict:
        """What stands of it wherever the blocks lie that have no figure of a side."""
        sequence = self.sequence
        return self.lost.leaves(
            self.of_layouts, sequence.ratios, sequence.boundary, self.question.threshold
        )

    @property
    def of_layouts(self) -> Verdict:
        """What the pairs say as far as the layouts of the builds do not take it back."""
        return verdict_over(self.by_pairs, self.spread, self.over_layouts, self.question.threshold)

    @property
    def by_pairs(self) -> Verdict:
        """What the pairs say, whatever the layouts of the builds leave uncertain."""
        if self.weighed is not None:
            return self.weighed.verdict
        return judge_bounds(self.sequence.bounds, self.question.threshold)

    @property
    def verdict(self) -> Verdict:
        return held_back(self.of_median, self.costs.held if self.costs else CostFinding.NOTHING)


def costs_of(
    metric: Metric,
    sides: tuple[Sequence[float] | Floats, Sequence[float] | Floats],
    question: Question,
) -> Costs | None:
    """The costs that a gain by a metric is held against; None where it is held against none."""
    if not question.tails or metric not in (Metric.WALL, Metric.CPU):
        return None
    return Costs.of(sides, question.confidence, question.threshold)
