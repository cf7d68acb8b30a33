"""Two single numbers under a tolerance, of any size: no float overflows on the way."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from harness.correctness.arrays import ulps_apart
from harness.frozen import dataclass
from harness.model import OutputKind, Tolerance


@dataclass(frozen=True, slots=True)
class Nearness:
    """How two numbers compare."""

    ok: bool
    finite: bool = True
    within_ulp: bool = False
    error: float = math.nan
    allowed: float = math.nan
    """Infinite where it is beyond the largest float."""


def nearness_of(expected: float, actual: float, tolerance: Tolerance) -> Nearness:
    """Hold two integers or floats to `atol + rtol |expected|` and to `ulp`; exactly.

    Integers may have any number of digits. What is not finite agrees with its like where
    `nan_equal` is declared.
    """
    if not (_finite(expected) and _finite(actual)):
        both_nan = expected != expected and actual != actual
        return Nearness(tolerance.nan_equal and (both_nan or expected == actual), finite=False)
    exact = tolerance.kind is OutputKind.EXACT
    error = abs(Fraction(actual) - Fraction(expected))
    allowed = Fraction(0)
    if not exact:
        allowed = Fraction(tolerance.atol) + Fraction(tolerance.rtol) * abs(Fraction(expected))
    near = not exact and _within_ulps(expected, actual, tolerance.ulp)
    return Nearness(error <= allowed or near, True, near, as_float(error), as_float(allowed))


def _finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)


def as_float(value: Fraction | int) -> float:
    """The nearest float; infinity beyond the largest one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _within_ulps(expected: float, actual: float, ulp: int | None) -> bool:
    if ulp is None:
        return False
    if isinstance(expected, int) and isinstance(actual, int):
        return abs(actual - expected) <= ulp
    sides = [as_float(v) if isinstance(v, int) else float(v) for v in (expected, actual)]
    if not all(map(math.isfinite, sides)):
        return False
    return bool(ulps_apart(*(np.array([x], dtype=np.float64) for x in sides))[0] <= ulp)
