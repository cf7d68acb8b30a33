"""Within-block log-ratios that admit what the clock could not see.

A time read from a clock that moves in steps of q is known to within such a step. A log-ratio of a
and b is therefore known to lie in an interval only, from log(a / (b + q)) to log((a + q) / b), and
the statistics here work on its two ends: tied values, zero times and coarse clocks cost certainty
instead of creating it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

COARSEST_NS = 10_000_000
"""No clock of a kernel that we run on is coarser: the tick of 100 Hz."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of times that are not its readings, but readings divided by a batch."""

    step_ns: int
    """The greatest common divisor of the readings behind them; 0 where there is none."""
    batch: int
    """What the readings were divided by; of several the smallest."""


@dataclass(frozen=True, slots=True)
class LogRatios:
    """log(reference / candidate) by block; above 0 the candidate is faster. Arrays of n."""

    point: Floats
    """The ratios as read; NaN where a value was not above 0."""
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.point)

    @property
    def known(self) -> Floats:
        """The points that are numbers."""
        return self.point[np.isfinite(self.point)]


def log_ratios(
    reference: Sequence[float], candidate: Sequence[float], resolution: float | Floats
) -> LogRatios:
    """The log-ratios of equally many paired values read with a given resolution, or one for each.

    A value below 0 is no reading at all (the clock was set back): such a pair stays in, as one
    that says nothing, so that leaving pairs out cannot decide.
    """
    ref = np.asarray(reference, dtype=np.float64)
    cand = np.asarray(candidate, dtype=np.float64)
    if ref.shape != cand.shape or ref.ndim != 1:
        raise ValueError(f"want two equally long lists, got shapes {ref.shape} and {cand.shape}")
    with np.errstate(divide="ignore", invalid="ignore"):
        point = np.where((ref > 0) & (cand > 0), np.log(ref) - np.log(cand), np.nan)
        low = np.log(ref) - np.log(cand + resolution)
        high = np.log(ref + resolution) - np.log(cand)
    nothing = (ref < 0) | (cand < 0)
    low = np.where(nothing | np.isnan(low), -np.inf, low)
    high = np.where(nothing | np.isnan(high), np.inf, high)
    return LogRatios(point, low, high)


def log_ratio_bounds(reference: float, candidate: float, resolution: float) -> tuple[float, float]:
    """The two ends of a single log-ratio; to the last bit those that `log_ratios` gives."""
    if not (reference > 0 and candidate > 0):
        ratio = log_ratios([reference], [candidate], resolution)
        return float(ratio.low[0]), float(ratio.high[0])
    of = (reference, candidate + resolution, reference + resolution, candidate)
    a, b, c, d = np.log(np.array(of, dtype=np.float64)).tolist()
    return a - b, c - d


def common_step(times_ns: Iterable[float]) -> int:
    """The greatest common divisor of readings in ns, those above 0; 0 where there are none."""
    return math.gcd(*(int(time) for time in times_ns if time > 0))


def common_clock(clocks: Iterable[Clock]) -> Clock:
    """A clock that promises no more than any of them."""
    known = list(clocks)
    step_ns = common_step(clock.step_ns for clock in known)
    return Clock(step_ns, min((clock.batch for clock in known), default=1))


def resolution_of(step_ns: int) -> float:
    """The resolution, in ns, of a clock whose readings have this common step.

    At most COARSEST_NS, which also holds where there was no reading: equal times come from a
    coarse clock or from chance, and a step longer than any clock's cannot be the clock's.
    """
    return float(min(step_ns, COARSEST_NS) if step_ns else COARSEST_NS)
