"""The point of a gain, from blocks that had no part in calling it one.

A run that looks after every block stops when what it has seen is large enough, so that the middle
of all its blocks flatters: the more, the smaller the effect is beside the noise. The interval holds
all the same, since it holds at every look. For the point a gain is measured afresh: once it is
sure, the run goes on for a number of blocks that is fixed by then, and the point is the median of
these alone. Given all that came before them their number is no matter of chance, so that each lies
above or below the median ratio with probability 1/2, and so does their own median where there is an
odd number of them: the confirmation by a new, fixed sample (Whitehead, Biometrika 73, 1986, has the
bias of points after sequential tests; Zhong & Prentice, Biostatistics 9, 2008, that of estimates of
what was selected for being large, and the new sample as the remedy).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from harness.frozen import dataclass
from harness.stats.paired import RatioInterval
from harness.stats.ratios import LogRatios

FEWEST_FRESH = 5
"""Fewer blocks give no point of their own: the budget ended, and that of all blocks is told."""

OBVIOUS = math.log(1.5)
"""A gain all of whose interval lies beyond this log-ratio is not measured afresh: what the choice
of the end adds to its point is small beside it, and who gained so much need not wait for more."""


def confirmed_at(sure_at: int) -> int:
    """After how many blocks a gain is confirmed that was sure after `sure_at`: an odd number of
    fresh ones, at least as many as it took."""
    return sure_at + max(FEWEST_FRESH, sure_at + 1 - sure_at % 2)


@dataclass(frozen=True, slots=True)
class Fresh:
    """The blocks that came after a gain was sure."""

    blocks: int = 0
    """How many of them the point is of; 0: it is that of all blocks."""
    point: float = 0.0
    """Their median log-ratio."""

    @classmethod
    def of(cls, ratios: LogRatios, sure_at: int) -> Fresh:
        """The blocks after `sure_at`, where they are enough for a point."""
        after = ratios.point[sure_at:]
        known = after[np.isfinite(after)]
        if len(known) < FEWEST_FRESH:
            return NONE_FRESH
        return cls(len(known), float(np.median(known)))

    def told(self, interval: RatioInterval) -> RatioInterval:
        """The interval with the fresh point, which stays within it."""
        if not self.blocks:
            return interval
        return replace(interval, point=min(max(self.point, interval.low), interval.high))


NONE_FRESH = Fresh()
