"""The interval of a sequence of pairs that are all there: what `paired` says, by arrays.

`PairedSequence` takes in pairs one at a time, since a run asks it after every block. Stored blocks
are all there when they are asked about, and their number is not bounded: here the intersection of
the intervals of all looks is found without making each of them.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

import numpy as np

from harness.frozen import dataclass
from harness.stats.boundary import SignBoundary
from harness.stats.clocks import resolution_of
from harness.stats.paired import RatioInterval
from harness.stats.ratios import Floats, Ints, LogRatios, log_ratios


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clock of each of n pairs whose times are no readings; see `Clock`."""

    steps_ns: Ints
    batches: Ints


@dataclass(frozen=True, slots=True)
class WholeSequence:
    """All pairs of one metric; every answer is to the last bit that of a `PairedSequence`."""

    ratios: LogRatios
    boundary: SignBoundary
    bounds: tuple[float, float]
    settled: bool

    def interval(self) -> RatioInterval:
        """The interval after the last look; from -inf to inf where nothing can be sure."""
        low, high = self.bounds
        known = self.ratios.known
        point = float(np.median(known)) if len(known) else 0.0
        return RatioInterval(min(max(point, low), high), low, high, self.settled)


def whole_sequence(
    sides: tuple[Floats, Floats],
    boundary: SignBoundary,
    resolution: float | None = None,
    clocks: Clocks | None = None,
) -> WholeSequence:
    """The sequence of a reference's and a candidate's values, in the order of the blocks.

    `resolution`: the step of the readings; None: found from the readings (times in ns), or from
    their clocks.
    """
    if resolution is None:
        steps = [clocks.steps_ns] if clocks else [_whole_ns(side) for side in sides]
        resolution = resolution_of(int(np.gcd.reduce([np.gcd.reduce(s) for s in steps])))
    batches = clocks.batches if clocks else np.ones(len(sides[0]))
    ratios = log_ratios(*sides, resolution / batches.astype(np.float64))
    limits = boundary.limits(len(ratios))
    low = _highest(ratios.low, limits)
    high = -_highest(-ratios.high, limits)
    if low <= high:
        return WholeSequence(ratios, boundary, (low, high), True)
    return WholeSequence(ratios, boundary, _of_every_look(ratios, limits), False)


def _whole_ns(times: Floats) -> Ints:
    return np.where(times > 0, times, 0).astype(np.int64)


def _highest(values: Floats, limits: Ints) -> float:
    """The largest, over all n, of the value of rank `limits[n]` among the first n + 1 values.

    That is the largest value x for which there is an n with at most `limits[n]` of the first n + 1
    values below x. -inf where every limit is below 0.
    """
    looked = limits >= 0
    if not looked.any():
        return -math.inf

    def reached(x: float) -> bool:
        return bool(np.any((np.cumsum(values < x) <= limits) & looked))

    ordered = np.unique(values)
    low, high = 0, len(ordered)  # the first is always reached
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if reached(ordered[middle]) else (low, middle)
    return float(ordered[low])


def _of_every_look(ratios: LogRatios, limits: Ints) -> tuple[float, float]:
    """The interval where those of some looks have nothing in common: begun anew at such a look."""
    low, high = -math.inf, math.inf
    places = limits.tolist()
    lows = _at_ranks(ratios.low.tolist(), places)
    highs = _at_ranks((-ratios.high).tolist(), places)
    for of_low, of_high in zip(lows, highs, strict=True):
        if max(of_low, low) > min(-of_high, high):
            low, high = of_low, -of_high
        else:
            low, high = max(of_low, low), min(-of_high, high)
    return low, high


def _at_ranks(values: list[float], ranks: list[int]) -> Iterator[float]:
    """The value of rank `ranks[n]` among the first n + 1; ranks never fall, -1 gives -inf."""
    up_to: list[float] = []  # negated, so that the largest comes first
    above: list[float] = []
    for value, rank in zip(values, ranks, strict=True):
        if up_to and value < -up_to[0]:
            value = -heapq.heappushpop(up_to, -value)
        heapq.heappush(above, value)
        while len(up_to) <= rank:
            heapq.heappush(up_to, -heapq.heappop(above))
        yield -up_to[0] if up_to else -math.inf
