"""The floor under a target: what an empty program of the same toolchain takes on this machine."""

from __future__ import annotations

import math
from dataclasses import dataclass

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

    def whole_ns(self, *, cpu: bool = False) -> float:
        """How long the whole program takes."""
        return self.cpu_ns if cpu else self.wall_ns

    def floor_ns(self, *, cpu: bool = False) -> float:
        """How long the empty program takes."""
        return sum(part.cpu_ns if cpu else part.wall_ns for part in self.parts)

    def share(self, part: FloorPart, *, cpu: bool = False) -> float:
        """What a part takes of the whole program's time, 0 to 1."""
        whole = self.whole_ns(cpu=cpu)
        return min(1.0, (part.cpu_ns if cpu else part.wall_ns) / whole) if whole > 0 else 0.0

    def total_share(self, *, cpu: bool = False) -> float:
        """What the floor takes of the whole program's time, 0 to 1."""
        return min(1.0, sum(self.share(part, cpu=cpu) for part in self.parts))

    def bound(self, *, cpu: bool = False) -> float:
        """The largest speed-up that is left: with all gone but the floor."""
        share = self.total_share(cpu=cpu)
        return 1.0 / share if share > 0 else math.inf
