"""How far Student's law reaches."""

from __future__ import annotations

import math


def student_reach(free: int, level: float) -> float:
    """How far from 0 Student's T with `free` degrees of freedom lies with the probability `level`.

    That is the t with P(|T| > t) = `level`: half of the width of an interval with that error.
    """
    if level <= 0:
        return math.inf
    from scipy.special import stdtrit  # heavy: a run of one build never wants it

    return float(-stdtrit(free, level / 2))
