"""An interval for the median log-ratio that holds at every look, and what it decides."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np

from harness.frozen import dataclass
from harness.model import Estimate, Verdict
from harness.stats.boundary import SignBoundary
from harness.stats.clocks import COARSEST_NS, Clock, common_step, resolution_of
from harness.stats.medians import log_threshold
from harness.stats.ranks import RisingRank
from harness.stats.ratios import LogRatios, log_ratio_bounds, log_ratios


@dataclass(frozen=True, slots=True)
class RatioInterval:
    """The median log-ratio with an interval that holds however often one looked."""

    point: float
    low: float
    high: float
    settled: bool = True
    """False: intervals of different looks had nothing in common, so the ratio itself changed."""


class PairedSequence:
    """The pairs of one metric in the order in which they came, and the interval that they leave.

    With k the boundary's limit, the value x is refused where at most k differences lie on one side
    of it; differences equal to x, and those that the clock cannot place, count for x. What was
    refused once stays refused, so the interval is the intersection of those of all looks.
    """

    def __init__(self, boundary: SignBoundary, resolution: float | None = None) -> None:
        """`resolution`: the step of the readings; None: found from the readings (times in ns)."""
        self.boundary = boundary
        self._fixed = resolution
        self._step = 0
        self._resolution = resolution or float(COARSEST_NS)
        self._reference, self._candidate = array("d"), array("d")
        self._batches = array("q")
        self._forget()

    def __len__(self) -> int:
        return len(self._reference)

    @property
    def ratios(self) -> LogRatios:
        resolutions = self._resolution / np.array(self._batches, dtype=np.float64)
        return log_ratios(self._reference, self._candidate, resolutions)

    @property
    def times(self) -> tuple[Sequence[float], Sequence[float]]:
        """The figures of either side, in the order of their blocks."""
        return self._reference, self._candidate

    def add(self, reference: float, candidate: float, clock: Clock | None = None) -> None:
        """Take in the next block's pair; with its clock, where the two are no readings."""
        self._reference.append(reference)
        self._candidate.append(candidate)
        self._batches.append(clock.batch if clock else 1)
        readings = (float(clock.step_ns),) if clock else (reference, candidate)
        if self._fixed is None and self._finer(*readings):
            self._forget()
            for pair in zip(self._reference, self._candidate, self._batches, strict=True):
                self._place(*pair)
        else:
            self._place(reference, candidate, self._batches[-1])

    def _finer(self, *readings: float) -> bool:
        """Do new readings show that the clock is finer than it seemed?"""
        self._step = common_step((self._step, *readings))
        resolution = resolution_of(self._step)
        finer = resolution < self._resolution
        self._resolution = resolution
        return finer

    @property
    def above_since(self) -> int:
        """After how many pairs the interval lay above 0 for the first time; 0: it never did."""
        return self._above_since

    @property
    def bounds(self) -> tuple[float, float]:
        """The ends of the interval so far: all that a verdict needs, after every block."""
        return self._low, self._high

    def interval(self) -> RatioInterval:
        """The interval so far; from -inf to inf while nothing can be sure."""
        known = self.ratios.known
        point = float(np.median(known)) if len(known) else 0.0
        return RatioInterval(
            min(max(point, self._low), self._high), self._low, self._high, self._settled
        )

    def _forget(self) -> None:
        self._lows = RisingRank()
        self._highs = RisingRank()
        """Negated: their rank is counted from the largest."""
        self._low, self._high, self._settled = -math.inf, math.inf, True
        self._above_since = 0

    def _place(self, reference: float, candidate: float, batch: int) -> None:
        low, high = log_ratio_bounds(reference, candidate, self._resolution / batch)
        self._lows.add(low)
        self._highs.add(-high)
        limit = self.boundary.limit(len(self._lows))
        if limit < 0:
            return
        low, high = self._lows.at(limit), -self._highs.at(limit)
        if max(low, self._low) > min(high, self._high):
            # Nothing is left: no single ratio fits all blocks. Go by what holds now, and say so.
            self._low, self._high, self._settled = low, high, False
        else:
            self._low, self._high = max(low, self._low), min(high, self._high)
        if self._low > 0 and not self._above_since:
            self._above_since = len(self._lows)


def sequence_of(
    reference: Sequence[float],
    candidate: Sequence[float],
    boundary: SignBoundary,
    resolution: float | None = None,
    clocks: Sequence[Clock | None] = (),
) -> PairedSequence:
    """A whole sequence at once; `clocks`: one for each pair, or none at all."""
    made = PairedSequence(boundary, resolution)
    for a, b, clock in zip(reference, candidate, clocks or [None] * len(reference), strict=True):
        made.add(a, b, clock)
    return made


def judge_bounds(bounds: tuple[float, float], threshold: float) -> Verdict:
    """What the two ends of an interval of log-ratios say; `threshold` is a share, 0.01 for 1 %."""
    low, high = bounds
    bound = log_threshold(threshold)
    if -bound <= low and high <= bound:
        return Verdict.EQUIVALENT
    if low > 0:
        return Verdict.FASTER
    return Verdict.SLOWER if high < 0 else Verdict.UNDECIDED


def ratio_estimate(interval: RatioInterval, confidence: float) -> Estimate:
    """The interval as a speed-up."""
    low, point, high = map(ratio_of, (interval.low, interval.point, interval.high))
    return Estimate("median ratio", point, low, high, confidence)


def seen_range(ratios: LogRatios) -> Estimate | None:
    """The least and the largest speed-up of any block; None of fewer than two, or without ends.

    Each block lies above the median with probability 1/2, so that the range of n holds it with
    1 - 2^(1-n): the exact interval of so many, read once, and not at every look.
    """
    if len(ratios) < 2 or not len(ratios.known):
        return None
    low, high = float(np.min(ratios.low)), float(np.max(ratios.high))
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    point, confidence = float(np.median(ratios.known)), 1 - 2.0 ** max(1 - len(ratios), -50)
    return ratio_estimate(RatioInterval(point, low, high), confidence)


def ratio_of(log: float) -> float:
    """The ratio of a log-ratio; infinite where it is beyond all numbers."""
    return math.exp(log) if log < 700 else math.inf
