"""The verdict on paired log-ratios: an interval that holds at every look, and what it decides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.model import Estimate, Verdict
from harness.stats.boundary import SignBoundary, sign_boundary
from harness.stats.medians import log_threshold
from harness.stats.ratios import Floats, LogRatios

POWER = 0.8
"""What `detectable` and `blocks_needed` mean by finding: 4 times in 5."""

MOST_BLOCKS = 1_000_000
"""Beyond this no number of blocks is named."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The median log-ratio with an interval that holds however often one looked."""

    point: float
    low: float
    high: float

    @property
    def decided(self) -> bool:
        """Does it exclude 0?"""
        return self.low > 0 or self.high < 0


def interval_of(ratios: LogRatios, boundary: SignBoundary) -> Interval:
    """All values that the signs do not refuse; from -inf to inf while nothing can be sure.

    With k the boundary's limit, the value x is refused where at most k differences lie on one
    side of it; differences equal to x, and those that the clock cannot place, count for x.
    """
    known = ratios.known
    point = float(np.median(known)) if len(known) else 0.0
    n = len(ratios)
    k = boundary.limit(n) if n else -1
    if k < 0:
        return Interval(point, -math.inf, math.inf)
    low = float(np.partition(ratios.low, k)[k])
    high = float(np.partition(ratios.high, n - 1 - k)[n - 1 - k])
    return Interval(min(max(point, low), high), low, high)


def judge(interval: Interval, threshold: float) -> Verdict:
    """What an interval of log-ratios says; `threshold` is a share, 0.01 for 1 %."""
    bound = log_threshold(threshold)
    if -bound <= interval.low and interval.high <= bound:
        return Verdict.EQUIVALENT
    if interval.low > 0:
        return Verdict.FASTER
    return Verdict.SLOWER if interval.high < 0 else Verdict.UNDECIDED


def ratio_estimate(interval: Interval, confidence: float) -> Estimate:
    """The interval as a speed-up."""
    low, point, high = (_exp(v) for v in (interval.low, interval.point, interval.high))
    return Estimate("median ratio", point, low, high, confidence)


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def detectable(ratios: LogRatios, confidence: float) -> float | None:
    """The smallest effect, as a share, that so many blocks would have found 4 times in 5.

    The sign probability that reaches the boundary's limit 4 times in 5 is turned into an effect by
    the scatter seen: an effect x makes 1/2 + P(|difference from the median| < x) / 2 of the signs
    agree. None where no effect, however large, could have been found.
    """
    n, limit = len(ratios), sign_boundary(confidence).limit(len(ratios)) if len(ratios) else -1
    scatter = _scatter(ratios)
    if limit < 0 or not len(scatter):
        return None
    # Signs are found lopsided where Binomial(n, 1 - p) <= limit; solve that for 1 - p.
    from scipy.special import bdtri

    share = 1.0 - 2.0 * float(bdtri(limit, n, POWER))
    if not 0 < share < 1:
        return None
    return math.expm1(float(np.quantile(scatter, share, method="higher")))


def blocks_needed(
    ratios: LogRatios, interval: Interval, confidence: float, threshold: float
) -> int | None:
    """About how many blocks would decide, were the median what it seems to be; None: no number.

    Either the interval must leave 0 out or fit inside the threshold, whichever is nearer.
    """
    scatter = _scatter(ratios)
    if len(scatter) < 2:
        return None
    away = abs(interval.point)
    found = (
        _blocks_for(float(np.mean(scatter < gap)), sign_boundary(confidence))
        for gap in (away, log_threshold(threshold) - away)
        if gap > 0
    )
    numbers = [n for n in found if n is not None]
    return max(min(numbers), len(ratios) + 1) if numbers else None


def _scatter(ratios: LogRatios) -> Floats:
    known = ratios.known
    return np.abs(known - np.median(known)) if len(known) else known


def _blocks_for(share: float, boundary: SignBoundary) -> int | None:
    """Blocks after which 1/2 + share/2 of the signs are proof 4 times in 5.

    The limit is n/2 - z sqrt(n)/2 with z that grows slowly; z is read off the boundary where it
    is known (up to 4096 blocks), and taken from there beyond.
    """
    from scipy.stats import binom

    if share <= 0:
        return None
    minority = (1.0 - min(share, 1.0)) / 2
    low, high = 1, 1
    while high <= 4096 and binom.cdf(boundary.limit(high), high, minority) < POWER:
        low, high = high, 2 * high
    if high > 4096:
        z = (4096 - 2 * boundary.limit(4096)) / math.sqrt(4096)
        blocks = math.ceil(((z + 0.84) / share) ** 2)
        return blocks if blocks <= MOST_BLOCKS else None
    while low + 1 < high:
        middle = (low + high) // 2
        enough = binom.cdf(boundary.limit(middle), middle, minority) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high
