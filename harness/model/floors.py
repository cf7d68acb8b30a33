"""The floor under a target: what an empty program of the same toolchain takes on this machine."""

from __future__ import annotations

import math

from harness.frozen import dataclass
from harness.model.trials import Command

START_UP = "start-up"
IMPORTS = "imports"
INPUT = "input"


@dataclass(frozen=True, slots=True)
class EmptyProgram:
    """A program that does none of a target's work, but starts, imports or reads as the target does.

    An adapter gives several, from `harness_floor`: each does what the one before it does, and one
    thing more.
    """

    adds: str
    """What it does beyond the one before it: `start-up`, `imports`, `input`, or another word."""
    command: Command


@dataclass(frozen=True, slots=True)
class FloorPart:
    """One part of the floor: how much longer it made the empty program."""

    name: str
    wall_ns: float
    cpu_ns: float


@dataclass(frozen=True, slots=True)
class Floor:
    """What no change to the work itself takes away, beside the whole program's time.

    All are medians of trials in which the program and the empty ones took turns.
    """

    wall_ns: float
    """The wall time of the whole program."""
    cpu_ns: float
    parts: tuple[FloorPart, ...]
    by_cpu: bool = False
    """Told by CPU time: that decides, or other programs stretched the wall time."""
    wall_told: bool = True
    """Does the whole program take longer than the empty one, and not by noise alone?"""
    cpu_told: bool = True
    """The same by CPU time."""

    @property
    def told(self) -> bool:
        """Does the empty program take so much less that it bounds anything?"""
        return self.cpu_told if self.by_cpu else self.wall_told

    @property
    def whole_ns(self) -> float:
        """How long the whole program takes."""
        return self.cpu_ns if self.by_cpu else self.wall_ns

    @property
    def floor_ns(self) -> float:
        """How long the empty program takes."""
        return sum(map(self.takes_ns, self.parts))

    def takes_ns(self, part: FloorPart) -> float:
        """How long a part takes, by the clock that counts."""
        return part.cpu_ns if self.by_cpu else part.wall_ns

    def share(self, part: FloorPart) -> float:
        """What a part takes of the whole program's time, 0 to 1."""
        return min(1.0, self.takes_ns(part) / self.whole_ns) if self.whole_ns > 0 else 0.0

    @property
    def total_share(self) -> float:
        """What the floor takes of the whole program's time, 0 to 1."""
        return min(1.0, sum(map(self.share, self.parts)))

    @property
    def bound(self) -> float:
        """The largest speed-up that is left: with all gone but the floor; infinite without one.

        It is infinite as well where the floor is not told: noise is no bound.
        """
        return 1.0 / self.total_share if self.told and self.total_share > 0 else math.inf

    @property
    def limit(self) -> float | None:
        """The same for what is stored; None where there is no bound."""
        return self.bound if math.isfinite(self.bound) else None
