"""A ratio over several stored runs: whether they differ, and what that leaves of its certainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.frozen import dataclass
from harness.stats.between_runs import BetweenRuns, between_runs
from harness.stats.paired import RatioInterval
from harness.stats.ratios import LogRatios

_MOST_SHOWN = 6
"""Of more runs the lowest and the highest ratio are told."""


@dataclass(frozen=True, slots=True)
class RunSpread:
    """What several runs leave uncertain: nothing where they agree, or there is but one."""

    found: BetweenRuns | None = None

    @property
    def differ(self) -> bool:
        """Do the runs differ by more than chance?"""
        return self.found is not None and self.found.differ

    @property
    def speed_ups(self) -> tuple[float, ...]:
        """The median speed-up of each run; none where there is but one run."""
        return tuple(map(math.exp, self.found.medians)) if self.found is not None else ()

    def widened(self, interval: RatioInterval) -> RatioInterval:
        """The interval over runs where they differ, never narrower than that of all blocks."""
        if self.found is None or not self.found.differ:
            return interval
        low, high = min(interval.low, self.found.low), max(interval.high, self.found.high)
        return replace(interval, point=self.found.point, low=low, high=high)

    def words(self) -> str:
        """That the runs differ, and by what."""
        each = self.speed_ups
        digits = 2 if max(each) - min(each) >= 0.03 else 4
        shown = [f"{ratio:.{digits}f}x" for ratio in each]
        told = ", ".join(shown)
        if len(each) > _MOST_SHOWN:
            told = f"{min(each):.{digits}f}x to {max(each):.{digits}f}x"
        return f"{len(each)} runs differ by more than chance: {told}; the interval is over runs"


ALIKE = RunSpread()


def spread_of_runs(ratios: LogRatios, sizes: Sequence[int], confidence: float) -> RunSpread:
    """The spread of runs that have so many pairs each, whose log-ratios follow one another."""
    if len(sizes) < 2:
        return ALIKE
    points = np.split(ratios.point, np.cumsum(sizes)[:-1])
    return RunSpread(between_runs([run[np.isfinite(run)] for run in points], confidence))
