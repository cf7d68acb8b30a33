"""The ratio of two quantiles of costs with an interval that holds at every look.

Of n trials the number that lie at or below the true p-quantile is that of n coins which fall so
with probability p. A mixture of bets on other coins (a beta law about p) makes of a capital of 1
more than 1 / level with probability `level` at most, whenever one stops. Counts at which it does
are refused, and so are the values of those ranks; what is left is a confidence sequence for the
quantile: Howard & Ramdas, "Sequential estimation of quantiles with applications to A/B testing and
best-arm identification", Bernoulli 28, 2022 (their beta-binomial mixture, which is that of Robbins,
Annals of Mathematical Statistics 41, 1970). The ratio of both sides' quantiles lies between the
quotients of the ends, where each side has half of the error.

Assumed: given all earlier trials of a side, a trial lies at or below the quantile with probability
p. Heavy tails and ties do no harm; a machine whose speed drifts does.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from harness.stats.ratios import Floats

QUANTILES = {"p90": 0.90, "p95": 0.95, "p99": 0.99}

_PRIOR = 10.0
"""How many trials the beta law about p is worth. Less brings the first upper end a little sooner,
and later ends lie a little further out."""


def quantile_ratio(
    sides: tuple[Floats, Floats], p: float, confidence: float
) -> tuple[float, float, float]:
    """Point, low and high of the log-ratio of the p-quantiles of reference and candidate."""
    ordered = [np.sort(side) for side in sides]
    low, high = quantile_ranks(len(ordered[0]), p, (1 - confidence) / 2)
    ends = [
        (math.log(side[low]), math.log(side[high]) if high < len(side) else math.inf)
        for side in ordered
    ]
    at = min(math.ceil(p * len(ordered[0])), len(ordered[0])) - 1
    point = math.log(ordered[0][at] / ordered[1][at])
    return point, ends[0][0] - ends[1][1], ends[0][1] - ends[1][0]


@lru_cache(maxsize=1024)
def quantile_ranks(n: int, p: float, level: float) -> tuple[int, int]:
    """The places, from 0, of the values that hold the p-quantile of n; n: there is no upper end."""
    limit = -math.log(level)

    def refused(count: int) -> bool:
        return _won(count, n, p) >= limit

    # What was won falls towards n p from either side; a count at n p is not refused.
    middle = round(n * p)
    low, inside = -1, middle
    while inside - low > 1:
        count = (low + inside) // 2
        low, inside = (count, inside) if refused(count) else (low, count)
    high, within = n + 1, middle
    while high - within > 1:
        count = (high + within) // 2
        high, within = (count, within) if refused(count) else (high, count)
    return inside, high - 1


def _won(count: int, n: int, p: float) -> float:
    """The log of what the mixture made of `count` coins of n that fell so."""
    a, b = p * _PRIOR, (1 - p) * _PRIOR
    mixed = _log_beta(a + count, b + n - count) - _log_beta(a, b)
    return mixed - count * math.log(p) - (n - count) * math.log1p(-p)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
