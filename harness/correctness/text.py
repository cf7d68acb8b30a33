"""Do two texts agree, with numbers understood as numbers?"""

from __future__ import annotations

import math

import numpy as np

from harness.correctness.alignment import Alignment, Hunk, align
from harness.correctness.printed import NOT_FINITE, NUMBER
from harness.correctness.tally import Tally, excerpt, incomparable
from harness.correctness.tokens import compare_tokens, read_both
from harness.model import Agreement, Mismatch, OutputKind, Tolerance


def agree_text(expected: str, actual: str, tolerance: Tolerance) -> Agreement:
    """Compare texts: all but the numbers character for character, line by line.

    Exact: the numbers too. With `ignore_layout` only the words count, not the white space
    between them. A line more or less is one difference, and so is a missing newline at the end.
    An empty text agrees with nothing.
    """
    if not expected.strip() or not actual.strip():
        seen = [excerpt(repr(t)) if t.strip() else "an empty text" for t in (expected, actual)]
        wanted = seen[0] if expected.strip() else "a text"
        return incomparable(tolerance, "length", wanted, seen[1])
    unit = "word" if tolerance.ignore_layout else "line"
    tally = Tally(tolerance, what=f"{unit}s", in_order=True)
    sides = [_units(text, tolerance) for text in (expected, actual)]
    tally.checked = len(sides[0])
    exact = tolerance.kind is OutputKind.EXACT
    odd = not exact and not tolerance.nan_equal and bool(NOT_FINITE.search(actual))
    if odd or sides[0] != sides[1]:
        found = align(*read_both(sides[0], sides[1], not exact), tolerance)
        tally.by_print = found.by_print
        for hunk in found.hunks:
            _add_hunk(tally, unit, hunk, found)
    if not tolerance.ignore_layout and expected.endswith("\n") != actual.endswith("\n"):
        ends = ["a newline" if text.endswith("\n") else "none" for text in (expected, actual)]
        place = "the end of the last line"
        tally.add(math.inf, Mismatch(tolerance.output, place, ends[0], ends[1]), True)
    return tally.agreement()


def _units(text: str, tolerance: Tolerance) -> list[str]:
    """Words, or lines without the newline at their ends."""
    if tolerance.ignore_layout:
        return text.split()
    lines = text.split("\n")
    return lines[:-1] if not lines[-1] else lines


def _add_hunk(tally: Tally, unit: str, hunk: Hunk, found: Alignment) -> None:
    """Count the lines or words of a hunk: pairs, then those that one side has alone."""
    output = tally.tolerance.output
    sides = found.expected.texts, found.actual.texts
    shared = min(hunk.missing, hunk.added)
    for at in np.flatnonzero(~found.same(hunk.e, hunk.a, shared)).tolist():
        place = f"{unit} {hunk.e + at + 1}"
        _compare_unit(tally, place, sides[0][hunk.e + at], sides[1][hunk.a + at])
    for at in range(hunk.e + shared, hunk.e + hunk.missing):
        place = f"{unit} {at + 1}, which is missing"
        shown = excerpt(sides[0][at]) or f"an empty {unit}"
        tally.add(math.inf, Mismatch(output, place, shown, "nothing"), True)
    for at in range(hunk.a + shared, hunk.a + hunk.added):
        place = f"{unit} {at + 1}, which is one too many"
        shown = excerpt(sides[1][at]) or f"an empty {unit}"
        tally.add(math.inf, Mismatch(output, place, "nothing", shown), True)


def _compare_unit(tally: Tally, place: str, expected: str, actual: str) -> None:
    """One line or word that is not the same: only its numbers may differ, and not by much."""
    tolerance = tally.tolerance
    tally.hard |= bool(NOT_FINITE.search(expected) or NOT_FINITE.search(actual))
    if tally.is_full:
        tally.differing += 1
        return
    e_parts, a_parts = NUMBER.split(expected), NUMBER.split(actual)
    if tolerance.kind is OutputKind.EXACT or e_parts[::2] != a_parts[::2]:
        shown = (excerpt(expected) or "nothing", excerpt(actual) or "nothing")
        if shown[0] == shown[1]:
            shown = _around_first_difference(expected, actual)
        tally.add(math.inf, Mismatch(tolerance.output, place, *shown))
        return
    worst: tuple[float, Mismatch] | None = None
    for e, a in zip(e_parts[1::2], a_parts[1::2], strict=True):
        compared = compare_tokens(e, a, tolerance)
        if compared.ok:
            continue
        score, limits = math.inf, (compared.error, compared.allowed)
        if compared.error is not None and compared.allowed:
            score = compared.error / compared.allowed
        if worst is None or score > worst[0]:
            shown = (excerpt(e), excerpt(a))
            worst = score, Mismatch(tolerance.output, place, *shown, *limits)
    if worst is not None:
        tally.add(*worst)


def _around_first_difference(expected: str, actual: str) -> tuple[str, str]:
    pairs = enumerate(zip(expected, actual, strict=False))
    at = next((i for i, (e, a) in pairs if e != a), min(len(expected), len(actual)))
    start = max(0, at - 20)
    return (f"...{excerpt(expected[start:])}", f"...{excerpt(actual[start:])}")


def agree_bytes(expected: bytes, actual: bytes, tolerance: Tolerance) -> Agreement:
    """Compare bytes: equal or not, whatever the kind; says where they begin to differ."""
    if not expected or not actual:
        seen = [f"{len(b)} bytes" if b else "no bytes" for b in (expected, actual)]
        return incomparable(tolerance, "length", seen[0] if expected else "some bytes", seen[1])
    tally = Tally(tolerance, what="bytes")
    tally.checked = len(expected)
    if len(expected) != len(actual):
        counts = (f"{len(expected)} bytes", f"{len(actual)} bytes")
        tally.add(math.inf, Mismatch(tolerance.output, "length", *counts), True)
    if expected != actual:
        shared = min(len(expected), len(actual))
        e = np.frombuffer(expected, dtype=np.uint8, count=shared)
        a = np.frombuffer(actual, dtype=np.uint8, count=shared)
        places = np.flatnonzero(e != a)

        def mismatch(position: int) -> Mismatch:
            at = int(places[position])
            seen = (expected[at : at + 8].hex(" "), actual[at : at + 8].hex(" "))
            return Mismatch(tolerance.output, f"byte {at}", *seen)

        tally.add_many(np.zeros(len(places)), mismatch)
    return tally.agreement()
