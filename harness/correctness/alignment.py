"""Which lines of two texts belong together: one line more or less is one difference.

Equal beginnings and ends are found first. What lies between is walked through; where two lines do
not agree, the nearest place is sought where both sides go on alike. The search is bounded, so that
the cost is linear in the number of lines, however many of them differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from harness.correctness.tokens import Units, UnitsFrom, same_units
from harness.frozen import dataclass
from harness.model import Tolerance

_REACH = 32
"""How many lines further on is looked for a place where both sides go on alike."""

_FAR = 20_000
"""How far for a long insertion, by the first line behind it."""

_CONVINCING = 3
"""This many lines that agree do not agree by chance."""

_MOST_HUNKS = 500
_MOST_LOST = 16
"""After `_MOST_HUNKS` differences, or `_MOST_LOST` of them behind which no place was found where
both sides go on alike, the rest is compared line by line."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that do not agree: `missing` expected ones from `e` on, `added` ones from `a` on.

    They are compared pair by pair, and some pairs of a long one may agree.
    """

    e: int
    a: int
    missing: int
    added: int


@dataclass(slots=True)
class Alignment:
    """The places where two texts do not agree."""

    expected: Units
    actual: Units
    tolerance: Tolerance
    hunks: list[Hunk] = field(default_factory=list)
    by_print: int = 0
    """How many numbers agree only as far as they are printed."""

    def same(self, e: int, a: int, count: int) -> NDArray[np.bool_]:
        """Which of `count` pairs agree; what agrees by its print alone is not counted."""
        return self.look(e, a, count)[0]

    def look(self, e: int, a: int, count: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which of `count` pairs agree, and how many numbers of each only by their print."""
        return same_units(
            UnitsFrom(self.expected, e), UnitsFrom(self.actual, a), count, self.tolerance
        )

    def cost(self, hunk: Hunk) -> int:
        """How many lines of a hunk differ: the pairs that do, and what one side has alone."""
        shared = min(hunk.missing, hunk.added)
        pairs = int((~self.same(hunk.e, hunk.a, shared)).sum())
        return pairs + max(hunk.missing, hunk.added) - shared

    def run(self, e: int, a: int, most: int) -> int:
        """How many pairs from here on agree, `most` at most; their numbers by print are counted."""
        # Growing steps: a difference nearby is found for little, and long runs take few calls.
        length, step = 0, 64
        while length < most:
            step = min(step, most - length)
            good, by_print = self.look(e + length, a + length, step)
            run = step if good.all() else int(good.argmin())
            self.by_print += int(by_print[:run].sum())
            length += run
            if run < step:
                break
            step *= 4
        return length

    def run_back(self, e: int, a: int, most: int) -> int:
        """The same backwards, from the pair before `e` and `a`."""
        length, step = 0, 64
        while length < most:
            step = min(step, most - length)
            good, by_print = self.look(e - length - step, a - length - step, step)
            run = step if good.all() else int(good[::-1].argmin())
            self.by_print += int(by_print[step - run :].sum())
            length += run
            if run < step:
                break
            step *= 4
        return length


def align(expected: Units, actual: Units, tolerance: Tolerance) -> Alignment:
    """Find the hunks in which two texts differ; none where they agree."""
    found = Alignment(expected, actual, tolerance)
    ends = len(expected.texts), len(actual.texts)
    begin = found.run(0, 0, min(ends))
    back = found.run_back(*ends, min(ends) - begin)
    ends = ends[0] - back, ends[1] - back
    if begin == ends[0] or begin == ends[1]:
        _add(found.hunks, Hunk(begin, begin, ends[0] - begin, ends[1] - begin))
        return found
    straight = Hunk(begin, begin, ends[0] - begin, ends[1] - begin)
    shared = min(straight.missing, straight.added)
    good, by_print = found.look(begin, begin, shared)
    counted = found.by_print + int(by_print[good].sum())
    differing = int((~good).sum()) + max(straight.missing, straight.added) - shared
    if differing > 1:
        _walk(found, begin, ends)
    if differing <= 1 or differing <= sum(map(found.cost, found.hunks)):
        found.hunks, found.by_print = [straight], counted
    return found


def _add(hunks: list[Hunk], hunk: Hunk) -> None:
    """One more hunk, as a part of the last one where it touches that."""
    if not (hunk.missing or hunk.added):
        return
    last = hunks[-1] if hunks else None
    if last and (last.e + last.missing, last.a + last.added) == (hunk.e, hunk.a):
        sums = (last.missing + hunk.missing, last.added + hunk.added)
        hunks[-1] = Hunk(last.e, last.a, *sums)
    else:
        hunks.append(hunk)


def _walk(found: Alignment, begin: int, ends: tuple[int, int]) -> None:
    e = a = begin
    lost = 0
    while len(found.hunks) < _MOST_HUNKS and lost < _MOST_LOST:
        length = found.run(e, a, min(ends[0] - e, ends[1] - a))
        e, a = e + length, a + length
        if e == ends[0] or a == ends[1]:
            break
        step = _where_on(found, (e, a), ends)
        lost += step is None
        missing, added = step or (1, 1)
        _add(found.hunks, Hunk(e, a, missing, added))
        e, a = e + missing, a + added
    _add(found.hunks, Hunk(e, a, ends[0] - e, ends[1] - a))


def _where_on(
    found: Alignment, at: tuple[int, int], ends: tuple[int, int]
) -> tuple[int, int] | None:
    """How many lines of each side to leave out so that both go on alike; None: not found."""
    best: tuple[int, int] | None = None
    for shift in (s for n in range(_REACH + 1) for s in ((n, -n) if n else (0,))):
        if best is not None and abs(shift) >= sum(best):
            break
        skip = (max(0, -shift), max(0, shift))
        starts = at[0] + skip[0], at[1] + skip[1]
        left = min(ends[0] - starts[0], ends[1] - starts[1], _REACH + _CONVINCING)
        run = _first_run(found.same(*starts, left)) if left > 0 else None
        if run is not None and (best is None or abs(shift) + 2 * run < sum(best)):
            best = skip[0] + run, skip[1] + run
    return best or next(_far(found, at, ends), None)


def _first_run(good: NDArray[np.bool_]) -> int | None:
    """Where the first convincing run of agreeing lines begins; a shorter one counts at the end."""
    wanted = min(_CONVINCING, len(good))
    together = np.lib.stride_tricks.sliding_window_view(good, wanted).all(axis=1)
    return int(together.argmax()) if together.any() else None


def _far(found: Alignment, at: tuple[int, int], ends: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Long insertions and omissions: where the next line of one side comes much later."""
    shapes = found.expected.shapes, found.actual.shapes
    for longer in (1, 0):
        other = 1 - longer
        later = shapes[longer][at[longer] : min(ends[longer], at[longer] + _FAR)]
        for skipped in np.flatnonzero(later == shapes[other][at[other]])[:8].tolist():
            step = (0, skipped) if longer else (skipped, 0)
            starts = at[0] + step[0], at[1] + step[1]
            left = min(ends[0] - starts[0], ends[1] - starts[1], _CONVINCING)
            if left == _CONVINCING and found.same(starts[0], starts[1], left).all():
                yield step
