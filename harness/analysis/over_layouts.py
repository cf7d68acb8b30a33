"""A ratio over several layouts of the builds: which there were, and what they leave uncertain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.analysis.blocks import PairColumns
from harness.frozen import dataclass
from harness.model import Verdict
from harness.stats.clusters import layout_bounds
from harness.stats.paired import RatioInterval, judge_bounds
from harness.stats.ratios import LogRatios


@dataclass(frozen=True, slots=True)
class LayoutSpread:
    """How many layouts the pairs ran in, and how sure that leaves the log-ratio over all such."""

    layouts: int = 1
    ends: tuple[float, float] | None = None

    @property
    def several(self) -> bool:
        """Are there layouts that can be told apart?"""
        return self.ends is not None

    def hull(self, bounds: tuple[float, float]) -> tuple[float, float]:
        """The ends of an interval that holds for these blocks and over layouts."""
        if self.ends is None:
            return bounds
        return min(bounds[0], self.ends[0]), max(bounds[1], self.ends[1])

    def widened(self, interval: RatioInterval) -> RatioInterval:
        """The interval with the ends that hold over layouts."""
        low, high = self.hull((interval.low, interval.high))
        return replace(interval, low=low, high=high)


ONE_LAYOUT = LayoutSpread()


def verdict_over(
    found: Verdict, spread: LayoutSpread, interval: RatioInterval, threshold: float
) -> Verdict:
    """The verdict of the pairs as far as the layouts do not take it back."""
    if found is Verdict.UNDECIDED or not spread.several:
        return found
    return judge_bounds(spread.hull((interval.low, interval.high)), threshold)


def spread_over(
    layouts: Sequence[tuple[float, float]], ratios: LogRatios, confidence: float
) -> LayoutSpread:
    """The spread of pairs whose layouts and log-ratios are told."""
    several = len(set(layouts))
    if several < 2:
        return ONE_LAYOUT
    return LayoutSpread(several, layout_bounds(ratios.point, layouts, confidence))


def spread_of(pairs: PairColumns, ratios: LogRatios, confidence: float) -> LayoutSpread:
    """The spread of some pairs, whose log-ratios by the metric that decides are told."""
    if not pairs.has_layouts:
        return ONE_LAYOUT
    return spread_over(pairs.layouts(), ratios, confidence)
