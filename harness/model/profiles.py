"""Where the time goes: hot spots and profiles. A profile is never used as a timing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import Enum
from pathlib import Path

from harness.frozen import dataclass
from harness.model.estimates import Estimate
from harness.model.floors import Floor


class ProfileBy(Enum):
    """What the rows of a hot-spot table are."""

    PHASE = "phase"
    FUNCTION = "function"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Frame:
    """One entry of a call stack."""

    function: str
    file: str = ""
    """The source file, or the library's where there is no source."""
    line: int | None = None
    """The line that was being executed or, further out, that made the call."""
    native: bool = False
    """Inside an extension module or library rather than the target's own sources."""

    @property
    def label(self) -> str:
        """`function (file:line)` with the file's own name, as flame graphs show it."""
        name = self.file.rsplit("/", 1)[-1]
        place = f"{name}:{self.line}" if name and self.line else name
        return f"{self.function} ({place})" if place else self.function


PROGRAMS = Frame("(child programs)", native=True)
"""Where a program waits for others that it started, which a profiler of its own language misses."""

Stack = tuple[Frame, ...]
"""Frames from the outermost inwards."""


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
    folder: Path | None = None
    """Where the profiler's own files go; it exists. None: a folder below the build's."""
    plain_wall_ns: int = 1_000_000_000
    """How long the program takes without a profiler: sampling rates follow from it."""
    plain_cpu_ns: int = 0
    """The same in CPU time, of all its processes. 0: not known."""
    start_up_cpu_ns: int = 0
    """The CPU time of `harness_floor`'s program that only starts and ends. 0: not known."""


@dataclass(frozen=True, slots=True)
class HotSpot:
    """One row of a hot-spot table; shares are of the whole profile, 0 to 1."""

    self_share: float
    total_share: float
    """The share of the function with everything that it calls."""
    weight: float
    """Samples, instructions or nanoseconds spent here itself, in the profile's unit."""
    phase: str = ""
    function: str = ""
    file: str = ""
    line: int | None = None
    """The line where a function spends most, or begins where the profiler knows only that."""
    calls: int | None = None
    """Exact counts only; a sampling profiler does not know."""
    low: float | None = None
    """Phases: the interval of `total_share` over several trials."""
    high: float | None = None
    native: bool = False
    """Inside an extension module or library rather than the target's own sources."""
    source: str = ""
    """By line: what stands there, where the file could be read."""
    limit: float | None = None
    """What the floor leaves of any speed-up, whatever the row; None: the floor is not known."""

    @property
    def name(self) -> str:
        """What the row is about: the phase's path, or the function."""
        return self.phase or self.function

    @property
    def bound(self) -> float:
        """Amdahl's bound: the largest speed-up if all of this spot's total share were gone."""
        return bound_of(self.total_share, self.limit)


_A_ROUNDING_ABOVE = 1.005


def shares_overlap(shares: Iterable[float]) -> bool:
    """Do rows hold others, such as a function those that it calls, or was one timed apart? Their
    shares of the whole then have no sum."""
    return sum(shares) > _A_ROUNDING_ABOVE


def bound_of(share: float, limit: float | None = None) -> float:
    """The largest speed-up if this share of the time were gone, and at most `limit` (Amdahl 1967).

    Infinite for the whole without a limit.
    """
    # Shares are sums of many quotients, and may lie a rounding above the whole.
    rest = 1.0 - min(share, 1.0)
    bound = math.inf if rest <= 0 else 1.0 / rest
    return bound if limit is None else min(bound, limit)


@dataclass(frozen=True, slots=True)
class Profile:
    """What one profiler said of one build on one case."""

    tool: str
    """`phases`, `perf`, `callgrind`, `cProfile`, `line_profiler`, `julia-profile`, ..."""
    by: ProfileBy
    unit: str
    """`samples`, `instructions`, `ns` or `bytes`."""
    total: float
    """The weight of everything, in `unit`."""
    spots: tuple[HotSpot, ...] = ()
    """Largest self share first. Empty where there are `stacks`: the core counts them up."""
    stacks: Mapping[Stack, float] = field(default_factory=dict)
    """Weight by call stack, where the tool knows stacks: flame graphs are made of it."""
    stacks_by: str = ""
    """The tool that took the stacks, where it is another one than that of the rows."""
    wall_ns: int = 0
    """How long the profiled program ran; only to state the profiler's overhead. 0: unknown."""
    cpu_ns: int = 0
    """The same in CPU time, which other programs do not disturb. 0: unknown."""
    slowdown: float | None = None
    """CPU time of the work with the profiler over that without, where the adapter has measured
    both; None: the core compares with plain trials."""
    warnings: tuple[str, ...] = ()
    exports: Mapping[str, str] = field(default_factory=dict)
    """Native files by kind, such as `perf.data`: path."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """Exact number of calls by function, beside `stacks`, where the tool counts them."""
    counters: Mapping[str, float] = field(default_factory=dict)
    """Counts over the whole program, where the tool counts events: `instructions`, ..."""
    start_up: tuple[str, ...] = ()
    """Names of functions within which everything is start-up (loading, importing, compiling), such
    as `_find_and_load`: what goes through one of them is counted as start-up. Empty: the core
    knows start-up by the name of the innermost function alone."""
    start_up_share: float = 0.0
    """The share of a plain run that this profile does not see, as it passes before the program's
    first line or in its compiler; the core makes a row of it and scales all other shares."""
    compilation_share: float = 0.0
    """The share of a plain run in which the language compiles, where the adapter can tell it from
    the rest of start-up: a just-in-time compiler's, say."""


@dataclass(frozen=True, slots=True)
class ProfileFailure:
    """A profiler that did not serve: what happened, what to do, and the exit code it deserves."""

    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """What `harness profile` found out about a target on a case."""

    id: str
    """The name of its folder below `.harness/profiles`."""
    task: str
    case: str
    target: str
    language: str
    root: str
    """The folder that the target's files lie below."""
    revision: str
    """The commit that was built; empty: the working tree."""
    build_digest: str
    wall_ns: Estimate
    """The wall time of the plain trials, without a profiler."""
    cpu_share: float
    """CPU time over wall time, the median of the plain trials: far below 1, it waits."""
    crowded: float
    """Share of the plain trials' wall time in which some task waited for a CPU, or the CPU was
    stolen: what this machine's other work may explain of a low `cpu_share`."""
    phases: Profile
    floor: Floor | None = None
    """What an empty program takes here; None: the adapter makes none, or it did not run."""
    spots: Profile | None = None
    """By function or by line; None: phases only."""
    slowdown: float | None = None
    """Time under the profiler over that of the plain trials; None: it cannot be known."""
    slowdown_of: str = ""
    """What was compared for it: `CPU time`, or `wall time` of a program that mostly waits."""
    failure: ProfileFailure | None = None
    """Why there is nothing but phases, where more was asked for."""
    advice: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    exports: Mapping[str, str] = field(default_factory=dict)
    """Files by kind: path."""
