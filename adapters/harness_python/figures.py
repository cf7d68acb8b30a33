"""What the Python profilers wrote, as hot spots and stacks. No I/O."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.model import PROGRAMS, Frame, HotSpot, Stack

NOWHERE = ("~", "<built-in>")
BUILT_IN = re.compile(r"^<built-in method (?P<name>.+)>$")
METHOD = re.compile(r"^<(?:method|slot wrapper) '(?P<name>.+)' of '(?P<type>.+)' objects>$")
NAMELESS = frozenset({"<lambda>", "<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>"})
"""What Python calls functions that have no name of their own."""
NOT_FUNCTIONS = NAMELESS | {"<module>"}
LIBRARY = re.compile(r"/(site|dist)-packages/|/lib/python3[^/]*/")
ENDINGS = re.compile(r"(^|\.)(waitpid|waitid|wait[34]|system)$|^posix\.wait$")
"""Built-in functions that return when a child ends."""
READINGS = re.compile(r"(^|\.)(poll|select|read|read1|readinto|readline|readlines)$")
"""Those that return when there is something to read, from a child or from elsewhere."""
SUBPROCESS = re.compile(r"/(subprocess|selectors)\.py$")
OURS = ("<method 'disable' of '_lsprof.Profiler' objects>",)


def readable(name: str) -> str:
    """`<built-in method math.exp>` as `math.exp`, `<method 'append' of 'list' objects>` alike."""
    if match := BUILT_IN.match(name):
        return match["name"].removeprefix("builtins.")
    if match := METHOD.match(name):
        return f"{match['type']}.{match['name']}"
    return name


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    own_s: float = 0.0
    total_s: float = 0.0


def functions(
    entries: Iterable[Mapping[str, Any]], profiler: str
) -> tuple[tuple[HotSpot, ...], float]:
    """cProfile's entries as rows, largest self share first, and the whole time in ns.

    Entries of the same place, from several threads or processes, are added up. What the script
    `profiler` does for itself is left out.
    """
    sums: defaultdict[tuple[str, int, str], _Sum] = defaultdict(_Sum)
    for entry in entries:
        file, line, name = entry["place"]
        if file == profiler or name in OURS:
            continue
        row = sums[file, line, name]
        row.calls += entry["calls"]
        row.own_s += entry["own_s"]
        row.total_s += entry["total_s"]
    whole = sum(row.own_s for row in sums.values()) or 1e-9
    spots = [
        HotSpot(
            self_share=row.own_s / whole,
            total_share=min(1.0, max(row.own_s, row.total_s) / whole),
            weight=row.own_s * 1e9,
            function=readable(name),
            file="" if file in NOWHERE else file,
            line=line or None,
            calls=row.calls or None,
            native=file in NOWHERE,
        )
        for (file, line, name), row in sums.items()
    ]
    spots.sort(key=lambda s: (-s.self_share, -s.total_share, s.function))
    return tuple(spots), whole * 1e9


def with_programs(
    entries: Sequence[Mapping[str, Any]], cpu_s: float, *, waits: bool
) -> list[Mapping[str, Any]]:
    """cProfile's entries with one more, for the programs that the target started.

    By wall time (`waits`) it gets what built-in functions waited for them: all of that in those
    that wait for an end or that `subprocess` called, and of other reads as much as is wanting to
    the programs' CPU time `cpu_s`. By CPU time, of which a wait takes none, it gets `cpu_s`.
    """
    if cpu_s <= 0:
        return list(entries)
    sure = [_waited_s(entry) if waits else 0.0 for entry in entries]
    unsure = [
        entry["own_s"] - s if waits and READINGS.search(readable(entry["place"][2])) else 0.0
        for entry, s in zip(entries, sure, strict=True)
    ]
    part = _part(cpu_s, sum(sure), sum(unsure))
    taken = [s + part * u for s, u in zip(sure, unsure, strict=True)]
    changed: list[Mapping[str, Any]] = [
        {**entry, "own_s": entry["own_s"] - t, "total_s": max(0.0, entry["total_s"] - t)}
        for entry, t in zip(entries, taken, strict=True)
    ]
    whole = sum(taken) if waits else cpu_s
    row = {"place": [NOWHERE[0], 0, PROGRAMS.function], "own_s": whole, "total_s": whole}
    return [*changed, {**row, "calls": 0, "callers": []}]


def _waited_s(entry: Mapping[str, Any]) -> float:
    """How long a built-in function surely waited for a child."""
    file, _, name = entry["place"]
    if file not in NOWHERE:
        return 0.0
    if ENDINGS.search(readable(name)):
        return float(entry["own_s"])
    if not READINGS.search(readable(name)):
        return 0.0
    return math.fsum(own for caller, _, _, own in entry["callers"] if SUBPROCESS.search(caller))


def _part(wanted: float, sure: float, unsure: float) -> float:
    """The share of what is unsure that is taken, so that all is what is wanted."""
    return min(1.0, max(0.0, wanted - sure) / unsure) if unsure > 0 else 0.0


def stacks_with_programs(
    stacks: Mapping[Stack, float], cpu_ns: float, *, waits: bool
) -> dict[Stack, float]:
    """The same for sampled stacks: what waited for the programs gets a frame for them below it."""
    if cpu_ns <= 0:
        return dict(stacks)
    if not waits:
        return {**stacks, (PROGRAMS,): cpu_ns}
    kinds = {stack: _waits_for_programs(stack) for stack in stacks}
    sure, unsure = (sum(w for s, w in stacks.items() if kinds[s] is kind) for kind in (True, None))
    part = _part(cpu_ns, sure, unsure)
    found: defaultdict[Stack, float] = defaultdict(float)
    for stack, weight in stacks.items():
        share = {True: 1.0, None: part, False: 0.0}[kinds[stack]]
        if share:
            found[*stack[:-1], PROGRAMS] += share * weight
        if share < 1:
            found[stack] += (1 - share) * weight
    return dict(found)


def _waits_for_programs(stack: Stack) -> bool | None:
    """Does the innermost function wait for a child? None: it may be something else."""
    last = stack[-1]
    if not last.native:
        return False
    if ENDINGS.search(last.function):
        return True
    if not READINGS.search(last.function):
        return False
    return True if any(SUBPROCESS.search(frame.file) for frame in stack[-2:-1]) else None


def stacks(entries: Iterable[Mapping[str, Any]], profiler: str) -> Iterator[tuple[Stack, float]]:
    """Sampled stacks, outermost frame first, with their time in ns; the profiler's frames gone."""
    for entry in entries:
        for places, seconds in entry["stacks"]:
            stack = tuple(_frame(*place) for place in places if place[0] != profiler)
            if stack:
                yield stack, seconds * 1e9


def _frame(file: str, line: int, name: str) -> Frame:
    native = file in NOWHERE
    return Frame(readable(name), "" if native else file, line or None, native)


def lines(entries: Iterable[Mapping[str, Any]], elapsed_ns: float) -> tuple[HotSpot, ...]:
    """line_profiler's lines as rows, the most expensive first.

    A line's time includes what it calls: self and total share are the same.
    """
    sums: defaultdict[tuple[str, str, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for entry in entries:
        file, _, name = entry["place"]
        for line, hits, seconds in entry["lines"]:
            sums[file, name, line][0] += hits
            sums[file, name, line][1] += seconds * 1e9
    spots = [
        HotSpot(
            self_share=min(1.0, ns / elapsed_ns),
            total_share=min(1.0, ns / elapsed_ns),
            weight=ns,
            function=name,
            file=file,
            line=line,
            calls=round(hits),
        )
        for (file, name, line), (hits, ns) in sums.items()
    ]
    return tuple(sorted(spots, key=lambda s: (-s.weight, s.file, s.line or 0)))


Place = tuple[str, int, str]
"""File, first line and name of a function."""


def hottest(
    entries: Sequence[Mapping[str, Any]], name: str | None, count: int, worth: float
) -> list[Place]:
    """The functions whose lines are worth a look, hottest first: at most `count`.

    A function's heat is its own time and that of the built-in functions that it calls. With
    `name`, all functions of that name that ran; else only the user's own, of at least the share
    `worth`.
    """
    heat = _heat_of(entries)
    whole = sum(heat.values()) or 1e-9
    ranked = sorted(heat, key=lambda place: -heat[place])
    if name is not None:
        return [place for place in ranked if place[2] == name and place[0] not in NOWHERE][:count]
    worthy = [place for place in ranked if own(place) and heat[place] >= worth * whole]
    return worthy[:count]


def _heat_of(entries: Iterable[Mapping[str, Any]]) -> dict[Place, float]:
    """Each Python function's own seconds, with those of the built-in functions that it calls."""
    heat: defaultdict[Place, float] = defaultdict(float)
    for entry in entries:
        file, line, name = entry["place"]
        if file not in NOWHERE:
            heat[file, line, name] += entry["own_s"]
            continue
        for file, line, caller, own_s in entry["callers"]:
            if file not in NOWHERE:
                heat[file, line, caller] += own_s
    return heat


def own(place: Place) -> bool:
    """Is it a function of the user's, of which lines can be shown?"""
    file, _, name = place
    return not (file in NOWHERE or file.startswith("<") or LIBRARY.search(file)) and (
        name not in NOT_FUNCTIONS
    )


def top_level_share(entries: Sequence[Mapping[str, Any]]) -> float:
    """The share of the time that code outside all functions takes itself."""
    whole = sum(float(entry["own_s"]) for entry in entries) or 1e-9
    top = sum(float(e["own_s"]) for e in entries if e["place"][2] == "<module>")
    return top / whole


def misled(
    entries: Iterable[Mapping[str, Any]], sampled: Mapping[Stack, float], by: float
) -> list[str]:
    """A warning where cProfile's cost per call distorts the shares: where samples say otherwise.

    Compared is the heat of Python functions; `by` is the difference of shares that matters.
    """
    heat: defaultdict[tuple[str, str], float] = defaultdict(float)
    for (file, _, name), own_s in _heat_of(entries).items():
        heat[file, name] += own_s
    seen: defaultdict[tuple[str, str], float] = defaultdict(float)
    for stack, weight in sampled.items():
        python = next((f for f in reversed(stack) if not f.native), None)
        if python is not None:
            seen[python.file, python.function] += weight
    counted, whole = sum(heat.values()) or 1e-9, sum(seen.values()) or 1e-9
    gaps = {
        key: heat.get(key, 0.0) / counted - seen.get(key, 0.0) / whole for key in {**heat, **seen}
    }
    worst = max(gaps, key=lambda key: abs(gaps[key]), default=None)
    if worst is None or abs(gaps[worst]) < by:
        return []
    share = seen.get(worst, 0.0) / whole
    return [
        f"cProfile's own cost misleads: {worst[1]} has {share + gaps[worst]:.0%} of the time here,"
        f" {share:.0%} by sampling; trust --with sample for shares, this table for calls"
    ]
