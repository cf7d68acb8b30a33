"""The clock that times were read from: its step, found from the readings."""

from __future__ import annotations

import math
from collections.abc import Iterable

from harness.frozen import dataclass

COARSEST_NS = 10_000_000
"""No clock of a kernel that we run on is coarser: the tick of 100 Hz."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of times that are not its readings, but readings divided by a batch."""

    step_ns: int
    """The greatest common divisor of the readings behind them; 0 where there is none."""
    batch: int
    """What the readings were divided by; of several the smallest."""


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
