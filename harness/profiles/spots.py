"""Stacks to rows: self and total shares by function or by line; phases to rows. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from harness.frozen import dataclass
from harness.model import (
    Estimate,
    Frame,
    HotSpot,
    Phase,
    Profile,
    ProfileBy,
    Stack,
)

NEGLIGIBLE = 0.005
"""Rows with less than this share in all are not shown; they are in the files."""

HOT = 0.02
"""Rows with this share of their own come before all that only call them."""

REST = "(outside phases)"
"""The row of what no phase covers: start-up, and work without a marker."""

START_UP = Frame("(start-up)", native=True)
"""The caller of all that is no work of the program yet: loading, importing, compiling."""

_Key = tuple[str, str, int | None]


@dataclass(slots=True)
class _Row:
    own: float = 0.0
    total: float = 0.0
    native: bool = False
    lines: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    """Own weight by line: the hottest one stands for a function."""
    callers: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    """The same for what was called from each line; decides where there is no own weight."""

    @property
    def line(self) -> int | None:
        lines = self.lines or self.callers
        return max(lines, key=lambda line: lines[line]) if lines else None


def count_spots(profile: Profile, function: str | None = None) -> Profile:
    """The profile with its stacks counted up into rows, largest self share first.

    By function, a row's line is the one where most of its own weight lies. By line, a row is a
    line of a function of the target's own, and what library code takes is its caller's: that is
    the line that can be changed. With `function`, only rows whose function's name contains it. A
    function that calls itself counts once per stack. A profile that brings its own rows keeps them.
    Start-up that the profiler did not see gets a row, and all shares are of the whole run.
    """
    profile = _with_start_up(profile, rows=function is None)
    if profile.spots or not profile.stacks:
        return profile
    if profile.by is ProfileBy.LINE:
        rows = _rows(_without_libraries(profile.stacks), _by_line)
    else:
        rows = _rows(profile.stacks, _by_function)
    total = sum(profile.stacks.values())
    spots = [
        HotSpot(
            self_share=row.own / total,
            total_share=row.total / total,
            weight=row.own,
            function=name,
            file=file,
            line=row.line if line is None else line,
            calls=profile.calls.get(name),
            native=row.native,
        )
        for (name, file, line), row in rows.items()
        if function is None or function in name
    ]
    spots.sort(key=lambda s: (-s.self_share, -s.total_share, s.function, s.line or 0))
    return replace(profile, spots=tuple(spots), total=total)


def _with_start_up(profile: Profile, *, rows: bool = True) -> Profile:
    """The profile with start-up as a caller of its own: of what it names, and of what it missed.

    Applied twice it changes nothing more. `rows`: rows that the profile brings get one for it.
    """
    missed, names = profile.start_up_share, frozenset(profile.start_up)
    if not (missed or names):
        return profile
    stacks: defaultdict[Stack, float] = defaultdict(float)
    for stack, weight in profile.stacks.items():
        starts = any(frame.function in names for frame in stack)
        stacks[(START_UP, *stack) if starts else stack] += weight
    longer = missed / (1 - missed)
    if stacks and missed:
        stacks[START_UP,] += longer * sum(stacks.values())
    spots = tuple(
        replace(s, self_share=s.self_share * (1 - missed), total_share=s.total_share * (1 - missed))
        for s in profile.spots
    )
    within = max((s.total_share for s in spots if s.function in names), default=0.0)
    if spots and rows and missed + within > 0:
        own = longer * profile.total
        row = HotSpot(missed, missed + within, own, function=START_UP.function, native=True)
        spots = tuple(sorted((*spots, row), key=lambda s: -s.self_share))
    return replace(
        profile,
        stacks=dict(stacks),
        spots=spots,
        total=profile.total * (1 + longer),
        start_up=(),
        start_up_share=0.0,
    )


def _rows(stacks: Mapping[Stack, float], key: Callable[[Frame], _Key]) -> dict[_Key, _Row]:
    rows: defaultdict[_Key, _Row] = defaultdict(_Row)
    for stack, weight in stacks.items():
        seen: set[_Key] = set()
        for depth, frame in enumerate(stack):
            leaf = depth == len(stack) - 1
            row = rows[key(frame)]
            row.native = row.native or frame.native
            # A function that calls itself counts once per stack: its total would pass the whole.
            if key(frame) not in seen:
                seen.add(key(frame))
                row.total += weight
            if leaf:
                row.own += weight
            if frame.line is not None:
                (row.lines if leaf else row.callers)[frame.line] += weight
    return rows


def _without_libraries(stacks: Mapping[Stack, float]) -> dict[Stack, float]:
    """Stacks of the target's own frames alone; one that has none is kept as it is."""
    merged: defaultdict[Stack, float] = defaultdict(float)
    for stack, weight in stacks.items():
        merged[tuple(f for f in stack if not f.native) or stack] += weight
    return dict(merged)


def _by_function(frame: Frame) -> _Key:
    return frame.function, frame.file, None


def _by_line(frame: Frame) -> _Key:
    return frame.function, frame.file, frame.line


def phase_spots(
    trials: Sequence[Sequence[Phase]],
    wall_ns: Sequence[int],
    estimate: Callable[[Sequence[float]], Estimate],
) -> tuple[HotSpot, ...]:
    """Phases over several trials as rows: total and self share of the wall time, with intervals.

    `wall_ns` holds each trial's wall time; `estimate` makes a median and its interval of one
    number per trial. A phase that a trial did not enter took no time there. Outer phases come
    before their inner ones, siblings by share; last comes what no phase covers.
    """
    paths = {phase.path: phase for phases in trials for phase in phases}
    if not paths:
        return ()
    times = [{p.path: p.total_ns for p in phases} for phases in trials]
    calls = [{p.path: p.calls for p in phases} for phases in trials]
    spots = {}
    for path in paths:
        shares = [t.get(path, 0) / w for t, w in zip(times, wall_ns, strict=True)]
        inner = [
            sum(ns for p, ns in t.items() if _parent(p) == path) / w
            for t, w in zip(times, wall_ns, strict=True)
        ]
        spots[path] = _phase_row(
            path,
            estimate(shares),
            estimate([s - i for s, i in zip(shares, inner, strict=True)]).point,
            estimate([float(t.get(path, 0)) for t in times]).point,
            round(estimate([float(c.get(path, 0)) for c in calls]).point),
        )
    outer = [
        sum(ns for p, ns in t.items() if not _parent(p)) / w
        for t, w in zip(times, wall_ns, strict=True)
    ]
    rest = estimate([max(0.0, 1.0 - share) for share in outer])
    rest_ns = rest.point * estimate([float(w) for w in wall_ns]).point
    ordered = _in_order("", spots)
    return (*ordered, _phase_row(REST, rest, rest.point, rest_ns, None))


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _phase_row(
    path: str, share: Estimate, own: float, weight_ns: float, calls: int | None
) -> HotSpot:
    return HotSpot(
        self_share=max(0.0, own),
        total_share=share.point,
        weight=weight_ns,
        phase=path,
        calls=calls,
        low=share.low,
        high=share.high,
    )


def _in_order(parent: str, spots: Mapping[str, HotSpot]) -> list[HotSpot]:
    """Depth first, larger siblings first; a phase whose outer one is unknown counts as outer."""

    def belongs(path: str) -> bool:
        outer = _parent(path)
        return outer == parent or (not parent and outer not in spots)

    children = sorted((p for p in spots if belongs(p)), key=lambda p: -spots[p].total_share)
    return [s for path in children for s in (spots[path], *_in_order(path, spots))]


def worth_showing(profile: Profile, top: int) -> tuple[HotSpot, ...]:
    """The `top` rows that matter, in the profile's order: first of all where the time is spent.

    A function that only calls the hot one is worth a row too, as what stands below it may be
    avoided; but however many wrappers stand around the hottest function, it is shown.
    """
    by_self = sorted(profile.spots, key=lambda s: (-s.self_share, -s.total_share))
    by_all = sorted(profile.spots, key=lambda s: -(s.self_share + s.total_share))
    hot = [spot for spot in by_self if spot.self_share >= HOT][:top]
    callers = [spot for spot in by_all if spot.total_share >= NEGLIGIBLE and spot.self_share < HOT]
    few = callers[: min(top - len(hot), top - top // 3)]
    rest = [spot for spot in by_self if spot.self_share >= NEGLIGIBLE or spot in callers]
    ranked = {id(spot): None for spot in (*hot, *few, *rest)}
    chosen = set([*ranked][:top])
    return tuple(spot for spot in profile.spots if id(spot) in chosen)
