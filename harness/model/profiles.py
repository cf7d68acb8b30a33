"""Where the time goes: hot spots and profiles. A profile is never used as a timing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

Stack = tuple[str, ...]
"""Frames from the outermost inwards, each `function (file:line)` or a plain name."""


class ProfileBy(Enum):
    """What the rows of a hot-spot table are."""

    PHASE = "phase"
    FUNCTION = "function"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class ProfilePlan:
    """What a profile is to show, and with which tool."""

    by: ProfileBy = ProfileBy.FUNCTION
    tool: str | None = None
    """The profiler's name; None: the adapter takes the best one that works here."""
    function: str | None = None
    """By line: the function to look into; None: the hottest ones."""
    memory: bool = False
    """Allocated bytes instead of time, where the language's profiler counts them."""
    timeout_ns: int = 600_000_000_000


@dataclass(frozen=True, slots=True)
class HotSpot:
    """One row of a hot-spot table; shares are of the whole profile, 0 to 1."""

    self_share: float
    total_share: float
    """With everything called from here."""
    weight: float
    """Samples, instructions or nanoseconds spent here itself, in the profile's unit."""
    phase: str = ""
    function: str = ""
    file: str = ""
    line: int | None = None
    calls: int | None = None
    """Exact counts only; a sampling profiler does not know."""
    low: float | None = None
    """Phases: the interval of `total_share` over several trials."""
    high: float | None = None
    native: bool = False
    """Inside an extension module or library rather than the target's own sources."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What one profiler said of one build on one case."""

    tool: str
    """`phases`, `perf`, `callgrind`, `cProfile`, `line_profiler`, `julia-profile`, ..."""
    by: ProfileBy
    unit: str
    """`samples`, `instructions`, `ns` or `bytes`."""
    total: float
    spots: tuple[HotSpot, ...]
    """Largest self share first."""
    stacks: Mapping[Stack, float] = field(default_factory=dict)
    """Weight by call stack, where the tool knows stacks: flame graphs are made of it."""
    wall_ns: int = 0
    """How long the profiled run took; only to state the profiler's overhead."""
    warnings: tuple[str, ...] = ()
    exports: Mapping[str, str] = field(default_factory=dict)
    """Native files by kind, such as `perf.data`: path."""

    def bound(self, spot: HotSpot) -> float:
        """Amdahl's bound: the largest speed-up if all of this spot's total share were gone."""
        rest = 1.0 - min(spot.total_share, 1.0)
        return float("inf") if rest <= 0 else 1.0 / rest
