"""Outputs of which only some statistics must agree."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from harness.correctness.arrays import CHUNK
from harness.correctness.printed import Array, numbers_in
from harness.correctness.scalars import as_float
from harness.correctness.tally import Tally, incomparable, show
from harness.model import Agreement, Mismatch, OutputValue, Tolerance

_PERCENTILE = re.compile(r"q(\d{1,2}(?:\.\d+)?|100)")
_ORDINARY_EXPONENT = 400
"""Numbers below 2^400 and above 2^-400 can be squared and summed as they are."""

_MOMENTS = ("mean", "std", "min", "max", "sum")


def numbers_of(value: OutputValue) -> Array | None:
    """An output as real or complex numbers: a text's numbers in order; None where it has none."""
    if isinstance(value, bytes):
        return None
    if isinstance(value, str):
        numbers = numbers_in(value)
        return numbers if numbers.size else None
    array = np.asarray(value)
    if array.dtype.kind == "O":  # an int beyond 64 bits
        array = np.asarray(as_float(array.item())) if not array.ndim else array
    return array if array.dtype.kind in "biufc" else None


def statistic(values: Array, name: str, moments: dict[str, float]) -> float:
    """One statistic of real numbers by its name: mean, std, min, max, sum, median or qNN.

    `std` divides by n. Raises ValueError for another name.
    """
    if name in moments:
        return moments[name]
    if name == "median":
        return float(np.median(values))
    match = _PERCENTILE.fullmatch(name)
    if match is None:
        known = ", ".join((*_MOMENTS, "median", "qNN (a percentile, such as q95)"))
        raise ValueError(f"no statistic is called {name!r}; there are: {known}")
    return float(np.percentile(values, float(match.group(1))))


def moments(values: Array) -> dict[str, float]:
    """Mean, std (over n), min, max and sum in one pass, in chunks.

    Chunks are merged by the formula of Chan, Golub and LeVeque (1983), which does not cancel.
    """
    count, mean, squares, total = 0, 0.0, 0.0, 0.0
    low, high = math.inf, -math.inf
    flat: Any = values.reshape(-1) if values.flags.c_contiguous else values.flat
    for start in range(0, values.size, CHUNK):
        chunk = np.asarray(flat[start : start + CHUNK], dtype=np.float64)
        with np.errstate(all="ignore"):
            chunk_mean, chunk_total = float(chunk.mean()), float(chunk.sum())
            chunk_squares = float(np.square(chunk - chunk_mean).sum())
        step = chunk_mean - mean
        merged = count + chunk.size
        squares += chunk_squares + step * step * count * chunk.size / merged
        mean += step * chunk.size / merged
        total += chunk_total
        count = merged
        low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
    std = math.sqrt(squares / count) if count else math.nan
    return {"mean": mean, "std": std, "min": low, "max": high, "sum": total}


def agree_statistics(expected: OutputValue, actual: OutputValue, tolerance: Tolerance) -> Agreement:
    """Compare the declared statistics of two outputs, whatever their shapes.

    Each agrees when |actual - expected| <= atol + rtol |expected|. Elements that are not finite
    fail, unless `nan_equal` is declared: then they are left out, and their number must be equal.
    """
    sides = []
    for value in (expected, actual):
        numbers = numbers_of(value)
        if numbers is None or not numbers.size or numbers.dtype.kind == "c":
            return incomparable(tolerance, "type", "real numbers", _describe(value))
        sides.append(np.asarray(numbers))
    finite = [_finite(side) for side in sides]
    left_out = [side.size - rest.size for side, rest in zip(sides, finite, strict=True)]
    if any(left_out) and not tolerance.nan_equal:
        return incomparable(
            tolerance, "not finite", f"{left_out[0]} elements", f"{left_out[1]} elements"
        )
    if left_out[0] != left_out[1] or not finite[0].size or not finite[1].size:
        counts = [f"{n} of {s.size} elements" for n, s in zip(left_out, sides, strict=True)]
        return incomparable(tolerance, "not finite", *counts)
    tally = Tally(tolerance, what="statistics")
    scale = common_scale(*finite)
    scaled = [side if scale == 1 else side.astype(np.float64) * scale for side in finite]
    sums = [moments(side) for side in scaled]
    for name in tolerance.statistics:
        e, a = (statistic(side, name, m) for side, m in zip(scaled, sums, strict=True))
        error, allowed = abs(a - e), tolerance.atol * scale + tolerance.rtol * abs(e)
        tally.checked += 1
        if not error <= allowed:
            score = error / allowed if allowed else math.inf
            values = (show(e / scale), show(a / scale), error / scale, allowed / scale)
            tally.add(score, Mismatch(tolerance.output, name, *values))
    return tally.agreement()


def common_scale(*sides: Array) -> float:
    """A power of two by which all are multiplied so that squares and sums stay within range.

    1 for ordinary numbers. Without it the squares of numbers above 1e154 overflow, and those of
    numbers below 1e-154 are zero, whatever the numbers are.
    """
    largest = max(max(abs(float(side.max())), abs(float(side.min()))) for side in sides)
    exponent = math.frexp(largest)[1]
    return 1.0 if abs(exponent) <= _ORDINARY_EXPONENT else math.ldexp(1.0, min(-exponent, 1023))


def _finite(values: Array) -> Array:
    good = np.isfinite(values)
    return values if good.all() else values[good]


def _describe(value: OutputValue) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} with {value.size} elements"
    return (
        f"{type(value).__name__} of length {len(value)}"
        if isinstance(value, str | bytes)
        else show(value)
    )
