"""How time grows with a parameter: the log-log slope, and T(n) = a + b n^k with its intervals.

The slope and its interval are those of ordinary least squares of log T on log n, with Student's t
at m - 2 degrees of freedom (Draper and Smith, Applied Regression Analysis, 3rd ed., ch. 1): with
three points t is 12.7, and the interval is as wide as that; with two there is none. The model's
intervals are profiles of the sum of squared relative residuals (Bates and Watts, Nonlinear
Regression Analysis and Its Applications, sec. 6.1): all values whose best fit is not worse than the
best of all by more than the factor 1 + F(1, m - 3) / (m - 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.frozen import dataclass
from harness.model import Estimate
from harness.stats.student import student_reach

FEWEST_FOR_MODEL = 4
"""The model has three parameters: with fewer points it fits whatever there is."""
_EXPONENTS = np.linspace(0.01, 6.0, 600)
_SHARES = np.concatenate([[0.0], np.geomspace(1e-4, 0.9999, 250)])
"""The start-up as a share of the smallest time."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CostModel:
    """T(n) = start-up + work n^exponent, in nanoseconds."""

    start_up_ns: Estimate
    exponent: Estimate
    """An end that lies beyond 0.01 or 6 is not known, and infinite."""
    work_ns: float
    """The factor of n^exponent at the best fit."""


def log_log_slope(ns: Sequence[float], times: Sequence[float], confidence: float) -> Estimate:
    """The exponent by which times grow with n; from 0 to infinity where nothing is known.

    ValueError for fewer than two different n, or what is not above 0.
    """
    x, y = _logs(ns), _logs(times)
    if len(x) != len(y) or len(np.unique(x)) < 2:
        raise ValueError("want as many times as n, and two different n")
    centred = x - x.mean()
    squares = float(centred @ centred)
    slope = float(centred @ y) / squares
    free = len(x) - 2
    if free < 1:
        return Estimate("log-log slope", slope, -math.inf, math.inf, confidence)
    rest = y - y.mean() - slope * centred
    error = math.sqrt(float(rest @ rest) / free / squares)
    half = student_reach(free, 1 - confidence) * error
    return Estimate("log-log slope", slope, slope - half, slope + half, confidence)


def fit_model(ns: Sequence[float], times: Sequence[float], confidence: float) -> CostModel | None:
    """The model of smallest relative error; None for fewer than four different n."""
    n, t = np.exp(_logs(ns)), np.exp(_logs(times))
    if len(np.unique(n)) < FEWEST_FOR_MODEL:
        return None
    scale = float(np.exp(np.log(n).mean()))
    starts = _SHARES * float(t.min())
    errors, works = _errors(starts, _EXPONENTS, n / scale, t)
    at = np.unravel_index(np.argmin(errors), errors.shape)
    best, free = float(errors[at]), len(n) - 3
    # The residual of a perfect fit is rounding: an interval is not narrower than the grid.
    allowed = best * (1 + student_reach(free, 1 - confidence) ** 2 / free) if free else math.inf
    good = errors <= max(allowed, best)
    start = _profile("start-up", starts, good.any(axis=1), starts[at[0]], confidence)
    exponent = _open_ended(
        _profile("exponent", _EXPONENTS, good.any(axis=0), _EXPONENTS[at[1]], confidence)
    )
    return CostModel(start, exponent, float(works[at]) / scale**exponent.point)


def _errors(starts: Floats, exponents: Floats, n: Floats, t: Floats) -> tuple[Floats, Floats]:
    """The sum of squared relative residuals, and the best factor above 0, by start-up and exponent.

    For given start-up a and exponent k the factor is linear: b = sum(u v) / sum(u u) with
    u = n^k / t and v = (t - a) / t.
    """
    u = n[None, :] ** exponents[:, None] / t
    v = (t[None, :] - starts[:, None]) / t
    factors = np.maximum((v @ u.T) / (u * u).sum(axis=1), 0.0)
    rest = (v * v).sum(axis=1)[:, None] - 2 * factors * (v @ u.T)
    rest = rest + factors**2 * (u * u).sum(axis=1)
    return np.maximum(rest, 0.0), factors


def _profile(name: str, grid: Floats, good: Any, best: float, level: float) -> Estimate:
    """The values of the grid that are as good as the best one, one step of the grid wider."""
    places = np.flatnonzero(good)
    low = grid[max(0, places[0] - 1)]
    high = grid[min(len(grid) - 1, places[-1] + 1)]
    return Estimate(name, float(best), float(low), float(high), level)


def _open_ended(exponent: Estimate) -> Estimate:
    """The exponent, whose ends are not known where they are those of what was looked through."""
    low = -math.inf if exponent.low <= _EXPONENTS[0] else exponent.low
    high = math.inf if exponent.high >= _EXPONENTS[-1] else exponent.high
    return Estimate(exponent.statistic, exponent.point, low, high, exponent.confidence)


def _logs(values: Sequence[float]) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(found).all() and (found > 0).all()):
        raise ValueError("want numbers above 0")
    return np.log(found)
