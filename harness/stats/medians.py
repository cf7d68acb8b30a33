"""A median with its exact interval from order statistics; nothing is assumed of the shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.model import Estimate
from harness.stats.ranks import halfway

if TYPE_CHECKING:
    import numpy as np

MAD_TO_SIGMA = 1.4826
"""1 / Phi^-1(3/4): makes the median absolute deviation of a normal law its standard deviation."""

_COUNTED_UP_TO = 1000
"""Values up to which outcomes are counted: importing scipy takes longer than all of a short run's
statistics, and 2^n is still a float."""


def median_estimate(
    values: Sequence[float], confidence: float, statistic: str = "median"
) -> Estimate | None:
    """The median of independent values with an interval of at least the given confidence.

    The k-th smallest and k-th largest value hold the median with probability
    1 - 2 P(Binomial(n, 1/2) < k), whatever the distribution (Thompson, 1936; David & Nagaraja,
    Order Statistics, ch. 7.1). Where even the full range is not as sure as that (5 values and
    fewer, for 95 %), the interval is the full range and `confidence` is what that is worth. One
    value says nothing of its scatter: its interval is all that a quantity can be, from 0 to
    infinity. None where there is no value.
    """
    n = len(values)
    if n == 0:
        return None
    if n == 1:
        return Estimate(
            statistic, float(values[0]), min(0.0, float(values[0])), math.inf, confidence
        )
    ordered = sorted(map(float, values))
    rank = median_rank(n, confidence)
    attained = confidence if rank else 1.0 - 2.0 ** (1 - n)
    low, high = ordered[max(rank, 1) - 1], ordered[n - max(rank, 1)]
    return Estimate(statistic, median_of(ordered), low, high, attained)


def median_of(ordered: Sequence[float]) -> float:
    """The middle of at least one value in order, or that of the two middle ones."""
    middle, odd = divmod(len(ordered), 2)
    return ordered[middle] if odd else halfway(ordered[middle - 1], ordered[middle])


def median_rank(n: int, confidence: float) -> int:
    """The largest k of the interval above, from 1; 0 where no k is sure enough."""
    error = 1.0 - confidence
    return _counted_rank(n, error) if n <= _COUNTED_UP_TO else _searched_rank(n, error)


def _counted_rank(n: int, error: float) -> int:
    """The largest k with 2 P(Binomial(n, 1/2) < k) <= error, in whole numbers."""
    allowed = math.ldexp(error, n - 1)  # of the 2^n outcomes, on one side
    k, below, outcomes = 0, 0, 1
    while below + outcomes <= allowed:
        below += outcomes
        outcomes = outcomes * (n - k) // (k + 1)
        k += 1
    return k


def _searched_rank(n: int, error: float) -> int:
    """The same for many values, where whole numbers grow too long."""
    # The normal law is right within one or two; the binomial one decides.
    from statistics import NormalDist  # brings fractions and decimals along

    k = max(0, round(n / 2 + NormalDist().inv_cdf(error / 2) * math.sqrt(n) / 2) - 2)
    while k < n // 2 and 2 * _at_most(k, n) <= error:
        k += 1
    while k > 0 and 2 * _at_most(k - 1, n) > error:
        k -= 1
    return k


def _at_most(k: int, n: int) -> float:
    """P(Binomial(n, 1/2) <= k) for k below n / 2: its terms downwards, until they add nothing."""
    term = math.exp(
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2)
    )
    total = 0.0
    while total + term > total:
        total += term
        term *= k / (n - k + 1)
        k -= 1
    return total


def scaled_mad(values: Sequence[float] | np.ndarray) -> float:
    """The median absolute deviation from the median, times 1.4826; 0 for fewer than two values."""
    import numpy as np

    data = np.asarray(values, dtype=np.float64)
    if len(data) < 2:
        return 0.0
    return MAD_TO_SIGMA * float(np.median(np.abs(data - np.median(data))))


def log_threshold(threshold: float) -> float:
    """A practical threshold as a log-ratio: 1 % lets the ratio lie in [1 / 1.01, 1.01]."""
    return math.log1p(threshold)
