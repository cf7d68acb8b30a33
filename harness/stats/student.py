"""Student's law by its incomplete beta function: importing scipy, which has it, takes longer than
a short run."""

from __future__ import annotations

import math
from functools import lru_cache

_TINY = 1e-300
_SAME = 1e-16
_MOST_TERMS = 10_000


@lru_cache(maxsize=256)
def student_reach(free: int, level: float) -> float:
    """How far from 0 Student's T with `free` degrees of freedom lies with the probability `level`.

    That is the t with P(|T| > t) = `level`: half of the width of an interval with that error.
    Found by halving, to the last bit that matters.
    """
    if level <= 0:
        return math.inf
    low, high = 0.0, 1.0
    while beyond(free, high) > level:
        low, high = high, 2 * high
    while True:
        middle = (low + high) / 2
        if not low < middle < high or high - low < _SAME * high:
            return middle
        low, high = (middle, high) if beyond(free, middle) > level else (low, middle)


def beyond(free: int, t: float) -> float:
    """P(|T| > t), t > 0: the regularised incomplete beta function I_x(free / 2, 1 / 2) at
    x = free / (free + t^2) (Abramowitz & Stegun, Handbook of Mathematical Functions, 26.5.27)."""
    whole = free + t * t
    x, rest = free / whole, t * t / whole
    if x < (free / 2 + 1) / (free / 2 + 2.5):  # where the fraction below converges quickly
        return _beta(x, rest, free / 2, 0.5)
    return 1 - _beta(rest, x, 0.5, free / 2)


def _beta(x: float, rest: float, a: float, b: float) -> float:
    """I_x(a, b) with `rest` = 1 - x, by its continued fraction (the same, 26.5.8).

    The fraction is summed from its front (Lentz, Applied Optics 15, 1976).
    """
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(x) + b * math.log(rest)) / a
    over, under, value = 1.0, 0.0, 1.0
    for term in range(1, _MOST_TERMS):
        m = term // 2
        if term % 2:
            share = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            share = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        under = 1 / ((1 + share * under) or _TINY)
        over = (1 + share / over) or _TINY
        value *= over * under
        if abs(over * under - 1) < _SAME:
            break
    return front / value
