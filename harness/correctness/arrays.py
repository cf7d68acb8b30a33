"""Do two arrays agree? Element by element, in chunks, so that 10^8 numbers need little memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.correctness.printed import Array, half_units
from harness.correctness.tally import Tally, incomparable, show
from harness.frozen import dataclass
from harness.model import Agreement, Mismatch, OutputKind, Tolerance

CHUNK = 1 << 17
"""Elements compared at once: a few arrays of this size fit into a CPU's cache."""

_SHRINK = 2.0**-600
"""Brings sums, squares and differences of the largest numbers back into range."""

_FAMILIES = {
    **dict.fromkeys("iu", "integers"),
    "b": "booleans",
    "f": "floats",
    "c": "complex numbers",
    "S": "bytes",
    "U": "strings",
    "M": "dates",
    "m": "durations",
    "V": "raw bytes",
}


@dataclass(frozen=True, slots=True)
class ArrayPair:
    """An expected and an actual array under one tolerance, and what they were before."""

    expected: Array
    actual: Array
    tolerance: Tolerance
    sources: tuple[object, object]
    """The values as they were read: printed numbers know their characters."""
    prefix: str = ""
    """Where in a structured array this is, such as `.mass`."""
    loose_type: bool = False
    """Int against float is no difference: a side was printed or is a Python scalar."""

    def place(self, index: int) -> str:
        """A flat index as `[3, 1]`; `value` for a scalar."""
        if not self.expected.shape:
            return self.prefix or "value"
        indices = np.unravel_index(index, self.expected.shape)
        return f"{self.prefix}[{', '.join(str(int(i)) for i in indices)}]"


@dataclass(frozen=True, slots=True)
class Differences:
    """The places of a chunk that differ; all arrays have one element for each of them."""

    index: NDArray[np.intp]
    """Within the chunk."""
    error: Array
    """|actual - expected|; NaN where that says nothing."""
    allowed: Array


def agree_arrays(pair: ArrayPair) -> Agreement:
    """Compare two arrays of any kind but `object`, element by element."""
    problem = _structure(pair)
    if problem is not None:
        return problem
    tally = Tally(pair.tolerance, what="elements" if pair.expected.dtype.names else "numbers")
    _compare(pair, tally)
    return tally.agreement()


def _structure(pair: ArrayPair) -> Agreement | None:
    """What makes a comparison of elements pointless: empty, another shape, another dtype."""
    expected, actual, tolerance = pair.expected, pair.actual, pair.tolerance
    place = f"{pair.prefix}." if pair.prefix else ""
    if expected.shape != actual.shape:
        what = "length" if expected.ndim == actual.ndim == 1 else "shape"
        shapes = (expected.shape, actual.shape)
        seen = [str(s[0]) if what == "length" else str(s) for s in shapes]
        return incomparable(tolerance, place + what, *seen)
    if not _types_fit(pair):
        return incomparable(tolerance, f"{place}dtype", expected.dtype, actual.dtype)
    if expected.size == 0:
        return incomparable(tolerance, f"{place}length", "at least one element", "an empty array")
    return None


def _types_fit(pair: ArrayPair) -> bool:
    expected, actual = pair.expected.dtype, pair.actual.dtype
    exact = pair.tolerance.kind is OutputKind.EXACT
    if expected.names or actual.names:
        return expected.names == actual.names
    families = {_FAMILIES.get(expected.kind), _FAMILIES.get(actual.kind)}
    if None in families:  # object arrays, which no reader of ours makes
        return False
    if len(families) == 2:
        return pair.loose_type and not exact and families == {"integers", "floats"}
    same = expected.newbyteorder("=") == actual.newbyteorder("=")
    if expected.kind == "V":
        return same
    return same or not exact or pair.loose_type or expected.kind in "SU"


def _compare(pair: ArrayPair, tally: Tally) -> None:
    names = pair.expected.dtype.names
    if names:
        for name in names:
            field = _field(pair, name)
            problem = _structure(field)
            if problem is not None:
                tally.checked += 1
                tally.add(np.inf, problem.mismatches[0], True)
            else:
                _compare(field, tally)
        return
    find = _finder(pair)
    expected, actual = _flat(pair.expected), _flat(pair.actual)
    for start in range(0, pair.expected.size, CHUNK):
        e, a = expected[start : start + CHUNK], actual[start : start + CHUNK]
        found = find(e, a, pair.tolerance)
        if len(found.index):
            _record(pair, tally, (e, a, start), found)
    tally.checked += pair.expected.size


def _field(pair: ArrayPair, name: str) -> ArrayPair:
    return ArrayPair(
        pair.expected[name],
        pair.actual[name],
        pair.tolerance,
        (None, None),
        prefix=f"{pair.prefix}.{name}",
    )


def _flat(array: Array) -> Any:
    """The elements in C order, to be sliced: a view where possible, never a whole copy."""
    return array.reshape(-1) if array.flags.c_contiguous else array.flat


def _finder(pair: ArrayPair) -> Callable[[Array, Array, Tolerance], Differences]:
    kinds = {pair.expected.dtype.kind, pair.actual.dtype.kind}
    if not kinds <= set("iufc"):
        return _unequal
    if kinds <= set("iu"):
        return _integers
    return _same_bits if pair.tolerance.kind is OutputKind.EXACT else _inexact


def _record(
    pair: ArrayPair, tally: Tally, chunk: tuple[Array, Array, int], found: Differences
) -> None:
    """Count what differs, but for places where the print says no more."""
    expected, actual, start = chunk
    if pair.tolerance.kind is not OutputKind.EXACT:
        places = found.index + start
        extra = sum(half_units(source, places) for source in pair.sources)
        allowed = found.allowed + extra
        excused = (extra > 0) & (found.error <= allowed * (1 + 1e-9)) & np.isfinite(found.error)
        tally.by_print += int(excused.sum())
        found = Differences(found.index[~excused], found.error[~excused], allowed[~excused])
    if not len(found.index):
        return
    if not pair.tolerance.nan_equal:
        missing = [_missing(side[found.index]) for side in (expected, actual)]
        if (missing[0] & missing[1]).any():
            tally.note = "NaN agrees with NaN where nan_equal = true is declared"
    if not tally.note and pair.tolerance.rtol > 0 and pair.tolerance.atol == 0:
        zeros = expected[found.index] == 0
        tally.note = "rtol allows nothing where 0 is expected: declare atol" if zeros.any() else ""

    def mismatch(position: int) -> Mismatch:
        index = int(found.index[position])
        error, allowed = float(found.error[position]), float(found.allowed[position])
        return Mismatch(
            pair.tolerance.output,
            pair.place(start + index),
            show(expected[index]),
            show(actual[index]),
            None if np.isnan(error) else error,
            None if np.isnan(allowed) else allowed,
        )

    tally.add_many(_scores(found), mismatch)
    if expected.dtype.kind in "fc":
        tally.hard |= not np.isfinite(expected[found.index]).all()
    if actual.dtype.kind in "fc":
        tally.hard |= not np.isfinite(actual[found.index]).all()


def _scores(found: Differences) -> Array:
    """How bad each place is: error / allowed, or the error itself where nothing is allowed."""
    error = np.where(np.isnan(found.error), np.inf, found.error)
    if not (found.allowed > 0).any():
        return error
    with np.errstate(all="ignore"):
        score = np.where(found.allowed > 0, error / found.allowed, np.inf)
    return np.where(np.isnan(score), np.inf, score)


def _unequal(expected: Array, actual: Array, tolerance: Tolerance) -> Differences:
    """Booleans, strings, bytes, dates: equal or not; not-a-time is to dates what NaN is."""
    different = expected != actual
    if tolerance.nan_equal and expected.dtype.kind in "Mm":
        different &= ~(np.isnat(expected) & np.isnat(actual))
    index = np.flatnonzero(different)
    nothing = np.full(len(index), np.nan)
    return Differences(index, nothing, nothing)


def _integers(expected: Array, actual: Array, tolerance: Tolerance) -> Differences:
    """Integers, without going through floats: 2^53 and 2^53 + 1 differ."""
    index = np.flatnonzero(expected != actual)
    e, a = expected[index], actual[index]
    error = _distance(e, a).astype(np.float64)
    allowed = _allowed(np.abs(e.astype(np.float64)), tolerance)
    over = ~(error <= allowed)
    if tolerance.ulp is not None:
        over &= error > tolerance.ulp
    return Differences(index[over], error[over], allowed[over])


def _distance(e: Array, a: Array) -> Array:
    """|a - e| of integers, which always fits into the unsigned type but for mixed signs."""
    if e.dtype.kind != a.dtype.kind:
        return np.asarray(np.abs(a.astype(object) - e.astype(object)))
    wide = np.int64 if e.dtype.kind == "i" else np.uint64
    low, high = np.minimum(e, a).astype(wide), np.maximum(e, a).astype(wide)
    distance: Array = high.view(np.uint64) - low.view(np.uint64)
    return distance


def _allowed(magnitude: Array, tolerance: Tolerance) -> Array:
    if tolerance.kind is OutputKind.EXACT:
        return np.zeros_like(magnitude)
    if not tolerance.rtol:  # 0 times a magnitude that overflowed is no number
        return np.full_like(magnitude, tolerance.atol)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(tolerance.atol + tolerance.rtol * magnitude)


def _wide(array: Array) -> Array:
    """Native byte order, and at least double precision, so that the difference is exact enough."""
    kind = np.complex128 if array.dtype.kind == "c" else np.float64
    with np.errstate(invalid="ignore"):  # a signalling NaN
        wide: Array = array.astype(np.result_type(array.dtype, kind), copy=False)
    return wide


def _inexact(expected: Array, actual: Array, tolerance: Tolerance) -> Differences:
    """Floats and complex numbers: |actual - expected| <= atol + rtol |expected|, or within ulp."""
    e, a = _wide(expected), _wide(actual)
    finite = np.isfinite(e) & np.isfinite(a)
    error, allowed = _error_and_allowed(e, a, tolerance)
    good = finite & (error <= allowed)
    over = np.flatnonzero(finite & ~(np.isfinite(error) & np.isfinite(allowed)))
    if len(over):
        good[over] = _scaled_down(e[over], a[over], tolerance)
    if good.all():
        nowhere = np.flatnonzero(~good)
        return Differences(nowhere, error[nowhere], allowed[nowhere])
    index = np.flatnonzero(~good)
    excused = np.zeros(len(index), dtype=bool)
    if tolerance.nan_equal:
        excused |= _agree_not_finite(e[index], a[index], tolerance)
    if tolerance.ulp is not None:
        near = ulps_apart(expected[index], actual[index]) <= tolerance.ulp
        excused |= near & finite[index]
    index = index[~excused]
    return Differences(index, error[index], allowed[index])


def _error_and_allowed(e: Array, a: Array, tolerance: Tolerance) -> tuple[Array, Array]:
    with np.errstate(all="ignore"):
        return np.abs(a - e), _allowed(np.abs(e), tolerance)


def _scaled_down(e: Array, a: Array, tolerance: Tolerance) -> NDArray[np.bool_]:
    """The rule for finite numbers of which a magnitude or a difference is beyond the largest one.

    All are divided by a power of two, which is exact but for digits that are lost far below them.
    """
    small = replace(tolerance, atol=tolerance.atol * _SHRINK)
    error, allowed = _error_and_allowed(e * _SHRINK, a * _SHRINK, small)
    return np.asarray((e == a) | (error <= allowed))


def _same_bits(expected: Array, actual: Array, tolerance: Tolerance) -> Differences:
    """Exact floats: -0.0 is not 0.0; a NaN or an infinity agrees with nothing unless declared."""
    e, a = _wide(expected), _wide(actual)
    good = (e == a) & np.isfinite(e) & np.isfinite(a)
    good &= np.signbit(e.real) == np.signbit(a.real)
    good &= np.signbit(e.imag) == np.signbit(a.imag)
    index = np.flatnonzero(~good)
    if tolerance.nan_equal:
        index = index[~_agree_not_finite(e[index], a[index], tolerance)]
    with np.errstate(all="ignore"):
        error = np.abs(a[index] - e[index])
    return Differences(index, error, np.zeros(len(index)))


def _agree_not_finite(e: Array, a: Array, tolerance: Tolerance) -> NDArray[np.bool_]:
    """Both NaN, or the same infinity.

    Of complex numbers each part is looked at by itself: one that is finite must agree by the
    tolerance, as that of a number whose other part is zero.
    """
    if e.dtype.kind != "c":
        return _both_odd(e, a)
    odd = [_both_odd(e.real, a.real), _both_odd(e.imag, a.imag)]
    rest = []
    for value in (e, a):
        finite = np.empty_like(value)
        finite.real = np.where(odd[0], 0, value.real)
        finite.imag = np.where(odd[1], 0, value.imag)
        rest.append(finite)
    good = np.ones(len(e), dtype=bool)
    rule = _same_bits if tolerance.kind is OutputKind.EXACT else _inexact
    good[rule(rest[0], rest[1], replace(tolerance, nan_equal=False)).index] = False
    return np.asarray(good & (odd[0] | odd[1]))


def _missing(array: Array) -> NDArray[np.bool_]:
    """NaN, and what is to times what NaN is to numbers."""
    if array.dtype.kind in "Mm":
        return np.asarray(np.isnat(array))
    return np.isnan(array) if array.dtype.kind in "fc" else np.zeros(len(array), dtype=bool)


def _both_odd(e: Array, a: Array) -> NDArray[np.bool_]:
    equal = (e == a) | (np.isnan(e) & np.isnan(a))
    return np.asarray(equal & ~np.isfinite(e))


def ulps_apart(expected: Array, actual: Array) -> Array:
    """How many representable numbers lie between, counted in the coarser of the two types.

    The bits of IEEE 754 numbers are ordered like the numbers once the negative ones are mirrored
    (Dawson, "Comparing floating point numbers", 2012). The larger of both parts for complex ones;
    extended precision is measured by `np.spacing`.
    """
    if "c" in (expected.dtype.kind, actual.dtype.kind):
        parts = (ulps_apart(expected.real, actual.real), ulps_apart(expected.imag, actual.imag))
        return np.maximum(*parts)
    floats = [x.dtype for x in (expected, actual) if x.dtype.kind == "f"]
    coarse = min(floats, key=lambda dtype: dtype.itemsize).newbyteorder("=")
    with np.errstate(all="ignore"):
        e, a = expected.astype(coarse), actual.astype(coarse)
        if coarse.itemsize > 8:
            return np.asarray(np.abs(a - e) / np.spacing(np.maximum(np.abs(e), np.abs(a))))
    return _distance(_ordered(e), _ordered(a))


def _ordered(array: Array) -> Array:
    bits = array.view(f"i{array.dtype.itemsize}").astype(np.int64)
    lowest = -(1 << (8 * array.dtype.itemsize - 1))
    return np.where(bits < 0, lowest - bits, bits)
