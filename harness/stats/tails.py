"""What costs say beside their median: the mean and the tails of a candidate and its reference.

The median ratio is what a usual run gains. Who pays for all runs pays the mean, and who waits for
the slowest ones waits for the tails; a change that wins most runs by 2 % and loses a few tenfold
is no gain to either. Nobody can show soon that a tail is *not* worse: nothing that happens once in
n blocks is seen in fewer. So a tail that is merely unknown does not hold back a gain. It is `mixed`
where the mean or p95 is shown to be worse, and not yet decided while the mean that was seen is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum

import numpy as np

from harness.frozen import dataclass
from harness.model import Estimate, Verdict
from harness.model.guards import MEAN
from harness.stats.mean_ratio import MeanCosts
from harness.stats.medians import log_threshold
from harness.stats.paired import ratio_of
from harness.stats.quantile_ratio import QUANTILES, quantile_ranks, quantile_ratio
from harness.stats.ratios import Floats

GUARDED = "p95"
"""The tail that a gain is held against; the others are shown."""

SEEN_ENOUGH = 59
"""Of what happens in one trial of twenty, as many show at least one 19 times in 20."""


class CostFinding(Enum):
    """What the mean and the tail say to a verdict that the median has given."""

    NOTHING = "nothing"
    DOUBTED = "doubted"
    """The mean that was seen is worse beyond the threshold, and that is not sure."""
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of both sides by block, held against a threshold."""

    sides: tuple[Floats, Floats]
    """Of reference and candidate, where both are above 0."""
    mean: MeanCosts
    confidence: float
    threshold: float

    @classmethod
    def of(
        cls,
        sides: tuple[Sequence[float] | Floats, Sequence[float] | Floats],
        confidence: float,
        threshold: float,
    ) -> Costs:
        reference, candidate = (np.asarray(side, dtype=np.float64) for side in sides)
        good = (reference > 0) & (candidate > 0)
        known = reference[good], candidate[good]
        return cls(known, MeanCosts.of(*known), confidence, threshold)

    @property
    def held(self) -> CostFinding:
        """What a gain, or that there is no difference, is held back by."""
        if any(self.worse):
            return CostFinding.WORSE
        return CostFinding.DOUBTED if self.doubted else CostFinding.NOTHING

    @property
    def doubted(self) -> bool:
        """Is the mean that was seen worse than the reference's beyond the threshold?"""
        return self.mean.looks_worse(1 / (1 + self.threshold))

    @property
    def worse(self) -> tuple[str, ...]:
        """Which of the mean and the guarded tail is surely worse beyond the threshold."""
        names = []
        if self.mean.worse(1 / (1 + self.threshold)) >= self._limit:
            names.append(MEAN)
        bound = -log_threshold(self.threshold)
        if self._bounded(GUARDED) and self.logs(GUARDED)[2] < bound:
            names.append(GUARDED)
        return tuple(names)

    def estimates(self) -> Mapping[str, Estimate]:
        """The speed-up by the mean, and by those tails whose ends the blocks suffice for."""
        if not len(self.mean):
            return {}
        found = {MEAN: self._estimate("ratio of mean costs", MEAN)}
        for name in QUANTILES:
            if self._bounded(name):
                found[name] = self._estimate(f"ratio of {name}", name)
        return found

    def logs(self, name: str) -> tuple[float, float, float]:
        """Point, low and high of the log-ratio by the mean or a tail; there is a block."""
        if name != MEAN:
            return quantile_ratio(self.sides, QUANTILES[name], self.confidence)
        low, high = self.mean.interval(self.confidence)
        return min(max(self.mean.point(), low), high), low, high

    def needed(self) -> int:
        """About how many blocks would show that the mean is worse, were it what it seems."""
        blocks, won = len(self.sides[0]), self.mean.worse(1 / (1 + self.threshold))
        return math.ceil(blocks * min(max(self._limit / won, 2.0), 16.0)) if won > 0 else 2 * blocks

    @property
    def _limit(self) -> float:
        return -math.log((1 - self.confidence) / 2)

    def _bounded(self, name: str) -> bool:
        n = len(self.sides[0])
        return n > 0 and quantile_ranks(n, QUANTILES[name], (1 - self.confidence) / 2)[1] < n

    def _estimate(self, statistic: str, name: str) -> Estimate:
        point, low, high = map(ratio_of, self.logs(name))
        return Estimate(statistic, point, low, high, self.confidence)


def held_back(verdict: Verdict, held: CostFinding) -> Verdict:
    """A median's verdict with what the mean and the tail say to it."""
    if verdict not in (Verdict.FASTER, Verdict.EQUIVALENT) or held is CostFinding.NOTHING:
        return verdict
    return Verdict.MIXED if held is CostFinding.WORSE else Verdict.UNDECIDED
