"""How far Student's law reaches; importing scipy, which has it, takes longer than a verdict."""

from __future__ import annotations

import math
from functools import lru_cache

_SMALLEST = 1e-300
"""Stands for 0 where it would be divided by."""
_SAME = 1e-15
"""Steps of less than this share change nothing."""
_MOST_STEPS = 500
_LARGE = 32


@lru_cache(maxsize=256)
def student_reach(free: float, level: float) -> float:
    """How far from 0 Student's T with `free` degrees of freedom lies with the probability `level`.

    That is the t with P(|T| > t) = `level`: half of the width of an interval with that error.
    """
    if level <= 0:
        return math.inf
    if level >= 1:
        return 0.0
    # The logarithm of the probability is concave in that of t: after its first step Newton's
    # method comes from the right, and each further one is nearer.
    where, wanted = 0.0, math.log(level)
    for _ in range(_MOST_STEPS):
        beyond, slope = _beyond(free, math.exp(where))
        step = (beyond - wanted) / slope
        where -= step
        if abs(step) < _SAME * max(1.0, abs(where)):
            break
    return math.exp(where)


def _beyond(free: float, t: float) -> tuple[float, float]:
    """The logarithm of P(|T| > t), and its slope over that of t.

    The probability is the incomplete beta function of free / (free + t^2) with free / 2 and 1 / 2
    (Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.1 and 26.5.27).
    """
    a, b = free / 2, 0.5
    x, rest = free / (free + t * t), t * t / (free + t * t)
    log_x = math.log(x) if x < 0.5 else math.log1p(-rest)
    scale = _gamma_half_above(a) - math.lgamma(b) + a * log_x + b * math.log(rest)
    if x < (a + 1) / (a + b + 2):
        found = scale + math.log(_fraction(a, b, x) / a)
    else:
        found = math.log1p(-math.exp(scale) * _fraction(b, a, rest) / b)
    # The density is that of the beta law, whose x moves by 2 x (1 - x) as the logarithm of t does.
    return found, -2 * math.exp(scale - found)


def _gamma_half_above(a: float) -> float:
    """The logarithm of gamma(a + 1/2) / gamma(a).

    The two of a large number are alike in so many digits that their difference has few of its own:
    there it is an asymptotic series.
    """
    if a < _LARGE:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    return math.log(a) / 2 - 1 / (8 * a) + 1 / (192 * a**3) - 1 / (640 * a**5) + 17 / (14336 * a**7)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (the same handbook, 26.5.8).

    By Lentz's method as Thompson and Barnett changed it (J. Comput. Phys. 64, 1986).
    """
    upper, lower = 1.0, 1 / _not_0(1 - (a + b) * x / (a + 1))
    found = lower
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            lower = 1 / _not_0(1 + term * lower)
            upper = _not_0(1 + term / upper)
            found *= (change := lower * upper)
        if abs(change - 1) < _SAME:
            break
    return found


def _not_0(number: float) -> float:
    return number if abs(number) > _SMALLEST else _SMALLEST
