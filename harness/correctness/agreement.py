"""Checks one declared output, or all outputs of a task, against what was expected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, zip_longest

import numpy as np

from harness.correctness.arrays import ArrayPair, agree_arrays
from harness.correctness.declared import (
    default_tolerance,
    nothing_to_check,
    tolerances_of,
    why_unchecked,
)
from harness.correctness.printed import PrintedArray
from harness.correctness.scalars import as_float, nearness_of
from harness.correctness.summaries import agree_statistics, numbers_of
from harness.correctness.tally import WORST, Tally, allowance, incomparable, show
from harness.correctness.text import agree_bytes, agree_text
from harness.correctness.timings import same_but_for_times
from harness.model import Agreement, Mismatch, OutputKind, OutputValue, Task, Tolerance


def agree(expected: OutputValue, actual: OutputValue, tolerance: Tolerance) -> Agreement:
    """Check the output that `tolerance.output` names: `actual` of one run against `expected`.

    A NaN, an infinity, another shape, type or length, and an empty output do not agree unless the
    tolerance says so. A stochastic output of one run tells only that it is of the right form:
    `equivalent_over_seeds` checks it. Raises ValueError for a statistic that does not exist.
    """
    result = _agree(expected, actual, tolerance)
    if result.ok or tolerance.kind is not OutputKind.EXACT:
        return result
    advice = _advice(expected, actual, tolerance)
    return replace(result, summary=f"{result.summary}; {advice}") if advice else result


def _advice(expected: OutputValue, actual: OutputValue, tolerance: Tolerance) -> str:
    """What to declare where exact outputs differ by the way that they are written alone."""
    if isinstance(expected, bytes) or isinstance(actual, bytes):
        return ""
    close = replace(default_tolerance(OutputKind.DETERMINISTIC), nan_equal=tolerance.nan_equal)
    numbers = f'kind = "deterministic" compares numbers as numbers (rtol {close.rtol:g})'
    words = "ignore_layout = true compares words, whatever the white space between them"
    for other, what, advice in (
        (close, "how numbers are written or rounded", numbers),
        (replace(tolerance, ignore_layout=True), "white space", words),
        (
            replace(close, ignore_layout=True),
            "white space and how numbers are written or rounded",
            f"{numbers}, and {words}",
        ),
    ):
        if other == tolerance or not _as_many(expected, actual, other):
            continue
        if _agree(expected, actual, other).ok:
            return f"they differ by {what} alone: {advice}"
    if (
        isinstance(expected, str)
        and isinstance(actual, str)
        and same_but_for_times(expected, actual)
    ):
        return (
            "they differ by times that they print alone: --ignore-output times files and programs"
            " whatever they print; of a target, declare the outputs that count"
        )
    return ""


def _as_many(expected: OutputValue, actual: OutputValue, tolerance: Tolerance) -> bool:
    """Could they agree, by the number of lines or words alone?"""
    if not (isinstance(expected, str) and isinstance(actual, str)):
        return not tolerance.ignore_layout
    if tolerance.ignore_layout:
        return len(expected.split()) == len(actual.split())
    return expected.count("\n") == actual.count("\n")


def _agree(expected: OutputValue, actual: OutputValue, tolerance: Tolerance) -> Agreement:
    if tolerance.kind is OutputKind.STATISTICS:
        return agree_statistics(expected, actual, tolerance)
    if tolerance.kind is OutputKind.STOCHASTIC:
        return _right_form(expected, actual, tolerance)
    if isinstance(expected, str) and isinstance(actual, str):
        return agree_text(expected, actual, tolerance)
    if isinstance(expected, bytes) and isinstance(actual, bytes):
        return agree_bytes(expected, actual, tolerance)
    if isinstance(expected, str | bytes) or isinstance(actual, str | bytes):
        return incomparable(tolerance, "type", _type_name(expected), _type_name(actual))
    if _is_int(expected) and _is_int(actual):
        return _agree_ints(int(expected), int(actual), tolerance)
    return agree_arrays(_pair(expected, actual, tolerance))


def agree_all(
    task: Task,
    expected: Mapping[str, OutputValue],
    actual: Mapping[str, OutputValue],
    known: Mapping[str, Agreement] | None = None,
) -> Agreement:
    """Check every declared output of a task; one that is missing on either side fails.

    `known` holds, by output, what an adapter's own comparison has said already. Where no output is
    declared and neither side printed anything, there is nothing to compare, and the result says so.
    """
    if nothing_to_check(task, expected) and nothing_to_check(task, actual):
        return Agreement(ok=True, summary=why_unchecked(task))
    results = []
    for name, tolerance in tolerances_of(task).items():
        if known and name in known:
            results.append(known[name])
        elif name in expected and name in actual:
            results.append(agree(expected[name], actual[name], tolerance))
        else:
            seen = ["an output" if name in side else "nothing" for side in (expected, actual)]
            results.append(incomparable(tolerance, "missing", *seen))
    return combine(results)


def combine(results: list[Agreement]) -> Agreement:
    """Several agreements as one: the worst place of each failing output first, then the others."""
    failed = [result for result in results if not result.ok]
    by_rank = chain.from_iterable(zip_longest(*(result.mismatches for result in failed)))
    shown = [mismatch for mismatch in by_rank if mismatch is not None]
    return Agreement(
        ok=not failed,
        mismatches=tuple(shown[: max(WORST, len(failed))]),
        differing=sum(result.differing for result in failed),
        checked=sum(result.checked for result in results),
        summary="; ".join(result.summary for result in (failed or results)),
    )


def _type_name(value: OutputValue) -> str:
    """What an output is, in words."""
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bytes):
        return "bytes"
    return f"an array of {value.dtype}" if isinstance(value, np.ndarray) else "a number"


def _is_int(value: OutputValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _agree_ints(expected: int, actual: int, tolerance: Tolerance) -> Agreement:
    """Two Python integers, which may be beyond 64 bits."""
    tally = Tally(tolerance, checked=1)
    near = nearness_of(expected, actual, tolerance)
    if not near.ok:
        shown = (show(expected), show(actual), near.error, near.allowed)
        score = near.error / near.allowed if near.allowed else math.inf
        tally.add(score, Mismatch(tolerance.output, "value", *shown))
    return tally.agreement()


def _pair(expected: OutputValue, actual: OutputValue, tolerance: Tolerance) -> ArrayPair:
    arrays = [np.asarray(value) for value in (expected, actual)]
    plain = [
        isinstance(v, np.ndarray) and not isinstance(v, PrintedArray) for v in (expected, actual)
    ]
    # An int beyond 64 bits becomes an object array; against a float it is a float.
    arrays = [
        np.asarray(as_float(a.item())) if a.dtype == object and a.ndim == 0 else a for a in arrays
    ]
    return ArrayPair(arrays[0], arrays[1], tolerance, (expected, actual), loose_type=not all(plain))


def _right_form(expected: OutputValue, actual: OutputValue, tolerance: Tolerance) -> Agreement:
    """One run of a stochastic output: numbers, finite, and as many as expected."""
    numbers = [numbers_of(value) for value in (expected, actual)]
    if numbers[0] is None or numbers[1] is None:
        return incomparable(tolerance, "type", *(_type_name(value) for value in (expected, actual)))
    e, a = numbers[0], numbers[1]
    if e.shape != a.shape or not e.size:
        return incomparable(tolerance, "shape", e.shape, a.shape)
    broken = np.argwhere(~np.isfinite(a))
    if len(broken):
        place = str([int(i) for i in broken[0]]) if a.ndim else "value"
        return incomparable(tolerance, place, "a finite number", a[tuple(broken[0])])
    summary = f"{tolerance.output}: {a.size} numbers of the right form ({allowance(tolerance)}); "
    summary += "one run does not decide about a stochastic output"
    return Agreement(ok=True, checked=int(a.size), summary=summary)
