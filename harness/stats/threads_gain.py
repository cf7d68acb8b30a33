"""How a program gains from threads: speed-up, efficiency, and the serial fraction.

Amdahl's law is T(p) / T(1) = s + (1 - s) / p, with the serial fraction s (AFIPS 1967). Over all
points s is fitted by least squares through the point p = 1, with Student's t at m - 1 degrees of
freedom for its interval. Karp and Flatt (CACM 33, 1990) take s from each point alone: where it
grows with p, overhead grows, and no serial part explains the loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.frozen import dataclass
from harness.model import Estimate
from harness.stats.student import student_reach


@dataclass(frozen=True, slots=True)
class ScalingPoint:
    """One number of threads against one thread."""

    threads: int
    speed_up: float
    """T(1) / T(p); of weak scaling p T(1) / T(p), by Gustafson."""
    efficiency: float
    """The speed-up over the number of threads; 1 is perfect."""
    karp_flatt: Estimate | None
    """The serial fraction by this point alone; None at one thread and in weak scaling."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """All numbers of threads of one target."""

    weak: bool
    points: tuple[ScalingPoint, ...]
    serial_fraction: Estimate | None
    """By Amdahl's law over all points; None for fewer than two beside one thread, and where it is
    weak."""


def scaling(threads: Sequence[int], times: Sequence[Estimate], *, weak: bool) -> Scaling | None:
    """What threads gain; None without a time at one thread, or of one number alone."""
    by_count = dict(sorted(zip(threads, times, strict=True)))
    if 1 not in by_count or len(by_count) < 2:
        return None
    single = by_count[1]
    points = tuple(_point(p, single, time, weak) for p, time in by_count.items())
    serial = None if weak else _amdahl(by_count, single)
    return Scaling(weak, points, serial)


def _point(p: int, single: Estimate, time: Estimate, weak: bool) -> ScalingPoint:
    gain = single.point / time.point
    speed_up = p * gain if weak else gain
    found = None if weak or p == 1 else _karp_flatt(p, single, time)
    return ScalingPoint(p, speed_up, speed_up / p, found)


def _karp_flatt(p: int, single: Estimate, time: Estimate) -> Estimate:
    """(1 / S - 1 / p) / (1 - 1 / p); its ends are those of both times at once."""

    def fraction(share: float) -> float:
        return (share - 1 / p) / (1 - 1 / p)

    low = fraction(time.low / single.high) if single.high > 0 else -math.inf
    high = fraction(time.high / single.low) if single.low > 0 else math.inf
    # Each time's interval misses with a probability of its own: both hold at the sum.
    level = max(1e-9, 1 - (1 - single.confidence) - (1 - time.confidence))
    return Estimate("Karp-Flatt", fraction(time.point / single.point), low, high, level)


def _amdahl(times: dict[int, Estimate], single: Estimate) -> Estimate | None:
    x = [1 - 1 / p for p in times if p > 1]
    y = [time.point / single.point - 1 / p for p, time in times.items() if p > 1]
    if len(x) < 2:
        return None
    squares = sum(each * each for each in x)
    fraction = sum(one * other for one, other in zip(x, y, strict=True)) / squares
    free = len(x) - 1
    rest = sum((b - fraction * a) ** 2 for a, b in zip(x, y, strict=True))
    half = student_reach(free, 1 - single.confidence) * math.sqrt(rest / free / squares)
    return Estimate(
        "serial fraction", fraction, fraction - half, fraction + half, single.confidence
    )
