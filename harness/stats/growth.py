"""How a time grows with a size: the power of it that fits, with an interval; pure.

The exponent is the median of the slopes between all pairs of points in logarithms (Theil 1950, Sen
1968): one disturbed point does not bend it. Its interval is that of a t test on least squares, and
says nothing of a curve that is no power.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import median

from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Growth:
    """time = factor * size ** exponent."""

    factor: float
    exponent: float
    low: float
    high: float

    def at(self, size: float) -> float:
        """The fitted time of a size."""
        return float(self.factor * size**self.exponent)


def growth_of(
    sizes: Sequence[float], times: Sequence[float], confidence: float = 0.95
) -> Growth | None:
    """The power that fits; None for fewer than three sizes, or what has no logarithm."""
    if len(set(sizes)) < 3 or min(*sizes, *times) <= 0:
        return None
    points = [(math.log(x), math.log(y)) for x, y in zip(sizes, times, strict=True)]
    pairs = ((a, b) for a, b in combinations(points, 2) if a[0] != b[0])
    exponent = median((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs)
    level = median(y - exponent * x for x, y in points)
    half = _half_width(points, exponent, confidence)
    return Growth(math.exp(level), exponent, exponent - half, exponent + half)


def _half_width(points: Sequence[tuple[float, float]], exponent: float, confidence: float) -> float:
    from scipy.stats import t

    count = len(points)
    middle = sum(x for x, _ in points) / count
    spread = sum((x - middle) ** 2 for x, _ in points)
    level = sum(y - exponent * x for x, y in points) / count
    rest = sum((y - level - exponent * x) ** 2 for x, y in points)
    return float(t.ppf((1 + confidence) / 2, count - 2) * math.sqrt(rest / (count - 2) / spread))
