"""Lines or words of a text, with the numbers in them read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.correctness.arrays import ulps_apart
from harness.correctness.printed import (
    NUMBER,
    half_units_of,
    most_half_unit,
    read_token,
    value_of,
)
from harness.correctness.scalars import nearness_of
from harness.frozen import dataclass
from harness.model import Tolerance

_MARKS = ("\0", *map(chr, range(0xE000, 0xF900)))
"""The first of these that no text holds stands for the numbers."""

_EXACT_INTEGERS = 2.0**53
"""From here on two integers may be one float."""

_CHUNK = 1 << 17
_LONG = 64
"""Numbers of more characters are looked at one by one."""

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Units:
    """Lines or words in order; with numbers that count as numbers, or as characters."""

    texts: Sequence[str]
    shapes: NDArray[np.int64]
    """Equal where the units are equal but for their numbers."""
    first: NDArray[np.int64]
    """Where the numbers of each unit begin, and at the end how many there are."""
    tokens: Sequence[str]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UnitsFrom:
    """Units of one side from a place on."""

    units: Units
    at: int


def read_both(expected: Sequence[str], actual: Sequence[str], numbers: bool) -> tuple[Units, Units]:
    """Both sides' units; `numbers`: the numbers in them count by their values."""
    sides = ["\n".join(side) for side in (expected, actual)]
    mark = next((m for m in _MARKS if all(m not in side for side in sides)), None)
    names: dict[str, int] = {}
    if not numbers or mark is None:
        return _whole(expected, names), _whole(actual, names)
    return _read(expected, sides[0], mark, names), _read(actual, sides[1], mark, names)


def _whole(texts: Sequence[str], names: dict[str, int]) -> Units:
    shapes = [names.setdefault(text, len(names)) for text in texts]
    first = np.zeros(len(texts) + 1, dtype=np.int64)
    return Units(texts, np.array(shapes, dtype=np.int64), first, [], np.zeros(0))


def _read(texts: Sequence[str], joined: str, mark: str, names: dict[str, int]) -> Units:
    parts = NUMBER.split(joined)
    tokens = parts[1::2]
    between = mark.join(parts[::2]).split("\n")[: len(texts)]
    shapes = [names.setdefault(text, len(names)) for text in between]
    counts = [text.count(mark) for text in between]
    first = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    try:
        values = np.fromiter(map(float, tokens), np.float64, len(tokens))
    except ValueError:  # Fortran's exponents
        values = np.fromiter(map(value_of, tokens), np.float64, len(tokens))
    return Units(texts, np.array(shapes, dtype=np.int64), first, tokens, values)


def same_units(
    expected: UnitsFrom, actual: UnitsFrom, count: int, tolerance: Tolerance
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which of `count` pairs of units agree, and how many numbers of each only by their print."""
    e, a = expected.units, actual.units
    same = e.shapes[expected.at :][:count] == a.shapes[actual.at :][:count]
    by_print = np.zeros(count, dtype=np.int64)
    if not len(e.values):
        return same, by_print
    rows = np.flatnonzero(same)
    numbers = e.first[expected.at + rows + 1] - e.first[expected.at + rows]
    places = [_spread(side.units.first[side.at + rows], numbers) for side in (expected, actual)]
    owner = np.repeat(rows, numbers)
    for start in range(0, len(owner), _CHUNK):
        part = slice(start, start + _CHUNK)
        good, printed = _same_numbers(e, a, (places[0][part], places[1][part]), tolerance)
        same[owner[part][~good]] = False
        np.add.at(by_print, owner[part][printed], 1)
    return same, by_print


def _spread(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> Index:
    """The places from each start on, as many as it has."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()))


def _same_numbers(
    e: Units, a: Units, places: tuple[Index, Index], tolerance: Tolerance
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which numbers agree, and which of these only because the print says no more."""
    values = e.values[places[0]], a.values[places[1]]
    with np.errstate(all="ignore"):
        error = np.abs(values[1] - values[0])
        allowed = tolerance.atol + tolerance.rtol * np.abs(values[0])
        sizes = np.abs(values[0]), np.abs(values[1])
        plain = (sizes[0] < _EXACT_INTEGERS) & (sizes[1] < _EXACT_INTEGERS)
        far = error > (allowed + most_half_unit(sizes[0]) + most_half_unit(sizes[1])) * 1.001
    good = plain & (error <= allowed)
    printed = np.zeros(len(good), dtype=bool)
    hopeless = plain & far if tolerance.ulp is None else np.zeros(len(good), dtype=bool)
    rest = np.flatnonzero(~good & ~hopeless)
    tokens = [[side.tokens[i] for i in at[rest]] for side, at in zip((e, a), places, strict=True)]
    short = np.array([max(map(len, pair)) <= _LONG for pair in zip(*tokens, strict=True)], bool)
    quick = np.flatnonzero(plain[rest] & short)
    if len(quick):
        written = [np.array([side[i] for i in quick], dtype=np.bytes_) for side in tokens]
        at = rest[quick]
        good[at], printed[at] = _second_look(
            (values[0][at], values[1][at]), written, (error[at], allowed[at]), tolerance
        )
    for i in np.flatnonzero(~(plain[rest] & short)):
        pair = compare_tokens(tokens[0][i], tokens[1][i], tolerance)
        good[rest[i]], printed[rest[i]] = pair.ok, pair.by_print
    return good, printed


def _second_look(
    values: tuple[NDArray[np.float64], NDArray[np.float64]],
    written: Sequence[NDArray[np.bytes_]],
    limits: tuple[NDArray[np.float64], NDArray[np.float64]],
    tolerance: Tolerance,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Numbers that the tolerance alone does not let through: by their ulps, by their print."""
    error, allowed = limits
    near = np.zeros(len(error), dtype=bool)
    if tolerance.ulp is not None:
        near = ulps_apart(*values) <= tolerance.ulp
        for i in np.flatnonzero(near | (error <= tolerance.ulp)):
            pair = [side[i].decode() for side in written]
            near[i] = compare_tokens(pair[0], pair[1], tolerance).within_ulp
    extra = half_units_of(written[0]) + half_units_of(written[1])
    # Half units are decimal fractions that binary cannot hold: a hair is allowed for that.
    printed = ~near & (extra > 0) & (error <= (allowed + extra) * (1 + 1e-9))
    return near | printed, printed


@dataclass(frozen=True, slots=True)
class Compared:
    """Two printed numbers under a tolerance."""

    ok: bool
    by_print: bool = False
    within_ulp: bool = False
    finite: bool = True
    """False for NaN, infinities, and what is no number that can be read."""
    error: float | None = None
    allowed: float | None = None


def compare_tokens(expected: str, actual: str, tolerance: Tolerance) -> Compared:
    """Compare two printed numbers, however long and however they are written."""
    e, a = read_token(expected), read_token(actual)
    if e is None or a is None:  # integers too long to be read
        return Compared(expected == actual, finite=False)
    result = nearness_of(e, a, tolerance)
    if not result.finite:
        return Compared(result.ok, finite=False)
    if result.ok:
        return Compared(True, within_ulp=result.within_ulp)
    extra = float(sum(half_units_of(np.array([expected, actual], dtype=np.bytes_))))
    if extra and result.error <= (result.allowed + extra) * (1 + 1e-9):
        return Compared(True, by_print=True)
    return Compared(False, error=result.error, allowed=result.allowed + extra)
