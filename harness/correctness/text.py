"""Do two texts agree, with numbers understood as numbers?"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from harness.correctness.arrays import ulps_apart
from harness.correctness.printed import NOT_FINITE, NUMBER, PrintedFloat, half_unit, read_token
from harness.correctness.tally import Tally, refusal, shorten
from harness.model import Agreement, Mismatch, OutputKind, Tolerance


def agree_text(expected: str, actual: str, tolerance: Tolerance) -> Agreement:
    """Compare texts: all but the numbers character for character, line by line.

    Exact: the numbers too. With `ignore_layout` only the words count, not the white space
    between them. An empty text agrees with nothing.
    """
    if not expected.strip() or not actual.strip():
        seen = [shorten(repr(t)) if t.strip() else "an empty text" for t in (expected, actual)]
        wanted = seen[0] if expected.strip() else "a text"
        return refusal(tolerance, "length", wanted, seen[1])
    unit = "word" if tolerance.ignore_layout else "line"
    tally = Tally(tolerance, what=f"{unit}s")
    e_units = expected.split() if tolerance.ignore_layout else expected.split("\n")
    a_units = actual.split() if tolerance.ignore_layout else actual.split("\n")
    tally.checked = len(e_units)
    if len(e_units) != len(a_units):
        counts = (f"{len(e_units)} {unit}s", f"{len(a_units)} {unit}s")
        tally.add(math.inf, Mismatch(tolerance.output, "length", *counts))
    exact = tolerance.kind is OutputKind.EXACT
    look_closer = not exact and not tolerance.nan_equal and bool(NOT_FINITE.search(actual))
    for number, (e, a) in enumerate(zip(e_units, a_units, strict=False), start=1):
        if e != a or (look_closer and NOT_FINITE.search(a)):
            _compare_unit(tally, f"{unit} {number}", e, a)
    return tally.agreement()


def _compare_unit(tally: Tally, place: str, expected: str, actual: str) -> None:
    """One line or word that is not the same: only its numbers may differ, and not by much."""
    tolerance = tally.tolerance
    e_parts, a_parts = NUMBER.split(expected), NUMBER.split(actual)
    if tolerance.kind is OutputKind.EXACT or e_parts[::2] != a_parts[::2]:
        shown = (shorten(expected) or "nothing", shorten(actual) or "nothing")
        if shown[0] == shown[1]:
            shown = _around_first_difference(expected, actual)
        tally.add(math.inf, Mismatch(tolerance.output, place, *shown))
        return
    found = [
        difference
        for e, a in zip(e_parts[1::2], a_parts[1::2], strict=True)
        if (difference := _compare_numbers(tally, e, a)) is not None
    ]
    if found:
        score, mismatch = max(found, key=lambda pair: pair[0])
        tally.add(score, replace(mismatch, place=place))


def _around_first_difference(expected: str, actual: str) -> tuple[str, str]:
    pairs = enumerate(zip(expected, actual, strict=False))
    at = next((i for i, (e, a) in pairs if e != a), min(len(expected), len(actual)))
    start = max(0, at - 20)
    return (f"...{shorten(expected[start:])}", f"...{shorten(actual[start:])}")


def _compare_numbers(tally: Tally, e_token: str, a_token: str) -> tuple[float, Mismatch] | None:
    """None where two printed numbers agree, else how bad it is and the mismatch without place."""
    tolerance = tally.tolerance
    e, a = read_token(e_token), read_token(a_token)
    if e is None or a is None:  # integers too long to be read
        if e_token == a_token:
            return None
        return math.inf, Mismatch(tolerance.output, "", shorten(e_token), shorten(a_token))
    if not (math.isfinite(e) and math.isfinite(a)):
        same = e == a or (e != e and a != a)
        if same and tolerance.nan_equal:
            return None
        return math.inf, Mismatch(tolerance.output, "", e_token, a_token)
    error = abs(a - e)
    allowed = tolerance.atol + tolerance.rtol * abs(e)
    if error <= allowed or _within_ulps(e, a, tolerance.ulp):
        return None
    extra = half_unit(e_token) + half_unit(a_token)
    # Half units are decimal fractions that binary cannot hold: a hair is allowed for that.
    if extra and error <= (allowed + extra) * (1 + 1e-9):
        tally.by_print += 1
        return None
    allowed += extra
    score = float(error / allowed) if allowed else math.inf
    mismatch = Mismatch(tolerance.output, "", e_token, a_token, float(error), float(allowed))
    return score, mismatch


def _within_ulps(e: int | PrintedFloat, a: int | PrintedFloat, ulp: int | None) -> bool:
    if ulp is None:
        return False
    if isinstance(e, int) and isinstance(a, int):
        return abs(a - e) <= ulp
    return bool(ulps_apart(*(np.array([x], dtype=np.float64) for x in (e, a)))[0] <= ulp)


def agree_bytes(expected: bytes, actual: bytes, tolerance: Tolerance) -> Agreement:
    """Compare bytes: equal or not, whatever the kind; says where they begin to differ."""
    if not expected or not actual:
        seen = [f"{len(b)} bytes" if b else "no bytes" for b in (expected, actual)]
        return refusal(tolerance, "length", seen[0] if expected else "some bytes", seen[1])
    tally = Tally(tolerance, what="bytes")
    tally.checked = len(expected)
    if len(expected) != len(actual):
        counts = (f"{len(expected)} bytes", f"{len(actual)} bytes")
        tally.add(math.inf, Mismatch(tolerance.output, "length", *counts))
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
