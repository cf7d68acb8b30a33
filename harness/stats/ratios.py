"""Within-block log-ratios that admit what the clock could not see.

A time read from a clock that moves in steps of q is known to within such a step. A log-ratio of a
and b is therefore known to lie in an interval only, from log(a / (b + q)) to log((a + q) / b), and
the statistics here work on its two ends: tied values, zero times and coarse clocks cost certainty
instead of creating it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.frozen import dataclass

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
    reference: Sequence[float] | Floats,
    candidate: Sequence[float] | Floats,
    resolution: float | Floats,
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
