"""What a run could have found, and what it would take to decide."""

from __future__ import annotations

import math

import numpy as np

from harness.stats.binomial import at_most, share_for
from harness.stats.boundary import SignBoundary
from harness.stats.medians import log_threshold
from harness.stats.paired import RatioInterval
from harness.stats.ratios import Floats, LogRatios

POWER = 0.8
"""What `found` means here: 4 times in 5."""

MOST_BLOCKS = 1_000_000
"""Beyond this no number of blocks is named."""

_EXACT_UP_TO = 4096
"""Blocks up to which the boundary is computed; its slow growth is ignored beyond."""


def detectable(ratios: LogRatios, boundary: SignBoundary) -> float | None:
    """The smallest effect, as a share, that as many blocks would have found 4 times in 5.

    An effect x makes 1/2 + P(|difference from the median| < x) / 2 of the signs agree, by the
    scatter seen; and the share of agreeing signs that n blocks find 4 times in 5 follows from the
    binomial law. It is no smaller than what the clock can tell apart. None where no effect, however
    large, could have been found.
    """
    scatter, n = _scatter(ratios), len(ratios)
    limit = boundary.limit(n)
    if limit < 0 or not len(scatter):
        return None
    share = 1.0 - 2.0 * share_for(limit, n, POWER)  # of signs that agree, beyond a half
    if not 0 < share < 1:
        return None
    found = float(np.quantile(scatter, share, method="higher"))
    return math.expm1(max(found, _blur(ratios)))


def blocks_needed(
    ratios: LogRatios, interval: RatioInterval, boundary: SignBoundary, threshold: float
) -> int | None:
    """About how many blocks would decide, were the median what it seems to be; None: no number.

    Either the interval must leave 0 out or fit inside the threshold, whichever is nearer. A single
    block says nothing of the scatter: the number is then the smallest that can decide. What the
    clock cannot tell apart no number of blocks can.
    """
    scatter = _scatter(ratios)
    if len(scatter) < 2:
        return boundary.first_proof() if len(scatter) else None
    away = abs(interval.point)
    blur = _blur(ratios)
    gaps = [gap for gap in (away, log_threshold(threshold) - away) if gap > blur]
    found = [_blocks_for(float(np.mean(scatter < gap)), boundary) for gap in gaps]
    numbers = [n for n in found if n is not None]
    if not numbers and gaps and len(ratios) < boundary.first_proof():
        return boundary.first_proof()  # so few say too little of the scatter
    return max(min(numbers), len(ratios) + 1) if numbers else None


def _scatter(ratios: LogRatios) -> Floats:
    """The sizes of the differences from the median."""
    known = ratios.known
    return np.abs(known - np.median(known)) if len(known) else known


def _blur(ratios: LogRatios) -> float:
    """How far a log-ratio may lie from where it was read, in the middle; 0 for a perfect clock."""
    known = np.isfinite(ratios.point)
    ends = np.maximum(ratios.high - ratios.point, ratios.point - ratios.low)[known]
    return float(np.median(ends)) if len(ends) else 0.0


def _blocks_for(share: float, boundary: SignBoundary) -> int | None:
    """Blocks after which 1/2 + share/2 of agreeing signs are proof 4 times in 5."""
    if share <= 0:
        return None
    minority = (1.0 - min(share, 1.0)) / 2

    def enough(blocks: int) -> bool:
        limit = boundary.limit(blocks)
        return limit >= 0 and at_most(limit, blocks, minority) >= POWER

    low, high = 1, 2
    while high <= _EXACT_UP_TO and not enough(high):
        low, high = high, 2 * high
    if high > _EXACT_UP_TO:
        # limit = n/2 - z sqrt(n)/2; the minority has mean n (1 - share)/2 and deviation sqrt(n)/2.
        z = (_EXACT_UP_TO - 2 * boundary.limit(_EXACT_UP_TO)) / math.sqrt(_EXACT_UP_TO)
        blocks = math.ceil(((z + 0.84) / share) ** 2)
        return blocks if blocks <= MOST_BLOCKS else None
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
