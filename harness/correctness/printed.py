"""Numbers that a program printed: their values, and how exactly the print says them.

A program that prints `-38.083958` says no more than that its result lies within half a unit of the
last digit. `PrintedFloat` and `PrintedArray` are ordinary numbers and arrays to everyone else, and
remember the characters, so that a comparison can allow for what the print left out.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.frozen import dataclass

Array = NDArray[Any]

FEWEST_DIGITS = 6
"""What C's `%f` and `%g` print unasked. A shorter number is taken at its word: languages that
print the shortest exact form write 0.5 for one half, and 0.54 must not agree with it."""

_DIGITS = r"(?:\d{1,3}(?:_\d{3})+|\d+)"
"""Groups of three may be set apart as several languages do it: `1_000_000`."""

_INTEGER = re.compile(rf"[-+]?{_DIGITS}", re.ASCII)
_FINITE = rf"(?:{_DIGITS}(?:\.\d*)?|\.\d+)(?:[eEdD][-+]?\d+)?"
_SPECIAL = r"(?i:nan|inf(?:inity)?)"
_WHOLE = re.compile(rf"[-+]?(?:{_FINITE}|{_SPECIAL})", re.ASCII)
_MOST_CHARACTERS = 2**28
_FORTRAN = str.maketrans("dD", "ee", "_")
_PLAIN_BYTES = b"0123456789+-.eE\n"

NUMBER = re.compile(
    rf"(?<![\w.])([-+]?(?:{_FINITE}|{_SPECIAL}))(?!\.\d)(?=[^\W\d_]{{0,3}}(?!\w))", re.ASCII
)
"""A number within a text: not part of a word (`x86_64`), a version (`1.2.3`) or a digest; a unit
of up to three letters may follow (`2.5im`, `12ms`)."""

NOT_FINITE = re.compile(r"(?<![\w.])[-+]?(?i:nan|inf(?:inity)?)(?!\w)", re.ASCII)


class PrintedFloat(float):
    """A float that remembers how it was printed."""

    __slots__ = ("token",)
    token: str

    def __new__(cls, token: str) -> PrintedFloat:
        self = super().__new__(cls, plain(token))
        self.token = token
        return self


class PrintedArray(np.ndarray[Any, np.dtype[Any]]):
    """An array of printed numbers; `tokens` are their characters in C order.

    Whatever is computed or cut from it is an array of plain numbers: its `tokens` are None.
    """

    tokens: NDArray[np.bytes_] | None

    def __array_finalize__(self, obj: Any) -> None:
        self.tokens = None


def plain(token: str) -> str:
    """A printed number as C and Python write it: Fortran's `1.5D+03`, groups set apart."""
    return token if token.isdigit() or "n" in token.lower() else token.translate(_FORTRAN)


def is_number(token: str) -> bool:
    """Is the whole of it one number (`nan` and `inf` included)?"""
    return _WHOLE.fullmatch(token) is not None


def read_token(token: str) -> int | PrintedFloat | None:
    """A printed number as int (without a point or exponent) or float; None where it is none."""
    if not is_number(token):
        return None
    if _INTEGER.fullmatch(token):
        try:
            return int(token)  # Python knows the groups, too
        except ValueError:  # thousands of digits, which Python refuses and no output has
            return None
    return PrintedFloat(token)


def printed_array(tokens: Sequence[str], shape: tuple[int, ...] | None = None) -> Array | None:
    """Printed numbers as an array: integers where all are, else floats.

    None where one is not a number, or where an integer does not fit into 64 bits.
    """
    values = _values(tokens)
    if values is None:
        return None
    values = values.reshape(shape if shape is not None else (-1,))
    if len(tokens) * max(map(len, tokens)) > _MOST_CHARACTERS:
        return values  # one endless number among many: as a table they would fill the memory
    array = values.view(PrintedArray)
    array.tokens = np.array(tokens, dtype=np.bytes_)
    return array


def _values(tokens: Sequence[str]) -> Array | None:
    joined = "\n".join(tokens)
    if not joined.isascii():
        return None
    # A million tokens made of these characters alone are numbers wherever all can be converted.
    if joined.encode().translate(None, _PLAIN_BYTES) or joined.count("\n") != len(tokens) - 1:
        if not tokens or not all(map(is_number, tokens)):
            return None
        tokens = [plain(token) for token in tokens]
    if "." not in joined and all(map(_INTEGER.fullmatch, tokens)):
        for dtype in (np.int64, np.uint64):
            with contextlib.suppress(OverflowError, ValueError):
                return np.array([int(token) for token in tokens], dtype=dtype)
        return None
    try:
        return np.fromiter(map(float, tokens), np.float64, len(tokens))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Print:
    """How numbers are written; one element a token."""

    decimals: NDArray[np.int64]
    significant: NDArray[np.int64]
    exponent: NDArray[np.int64]
    fixed: NDArray[np.bool_]
    """Without an exponent."""
    real: NDArray[np.bool_]
    """With a point or an exponent."""

    @classmethod
    def of(cls, tokens: NDArray[np.bytes_]) -> _Print:
        """Look at all tokens at once: their characters as a table, one row per token."""
        width = tokens.dtype.itemsize
        table = np.ascontiguousarray(tokens).view(np.uint8).reshape(len(tokens), width)
        columns = np.arange(width)
        power_at = _first(np.isin(table, np.frombuffer(b"eEdD", np.uint8)))
        point_at = _first(table == ord("."))
        digit = (table >= ord("0")) & (table <= ord("9"))
        mantissa = digit & (columns < power_at[:, None])
        leading = _first(mantissa & (table != ord("0")))
        point_at = np.where(point_at < power_at, point_at, width)
        return cls(
            decimals=(mantissa & (columns > point_at[:, None])).sum(axis=1),
            significant=(mantissa & (columns >= leading[:, None])).sum(axis=1),
            exponent=_exponents(table, digit, power_at),
            fixed=power_at == width,
            real=(power_at < width) | (point_at < width),
        )


def _first(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The first column that is true in each row; the number of columns where none is."""
    first: NDArray[np.int64] = np.where(mask.any(axis=1), mask.argmax(axis=1), mask.shape[1])
    return first


def _exponents(
    table: NDArray[np.uint8], digit: NDArray[np.bool_], power_at: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The number behind each `e`, 0 where there is none; beyond 99999 all are alike."""
    value = np.zeros(len(table), dtype=np.int64)
    negative = np.zeros(len(table), dtype=bool)
    for column in range(int(power_at.min(initial=table.shape[1])) + 1, table.shape[1]):
        behind = column > power_at
        digits = behind & digit[:, column]
        value = np.where(digits, np.minimum(value * 10 + table[:, column] - 48, 99999), value)
        negative |= behind & (table[:, column] == ord("-"))
    return np.where(negative, -value, value)


_TINIEST = -400
_HALVES = np.array([float(f"5e{power}") for power in range(_TINIEST, -_TINIEST)])


def half_units_of(tokens: NDArray[np.bytes_]) -> NDArray[np.float64]:
    """Half a unit of the last printed digit: how far the true result may lie from the print.

    0 for an integer, and for a number with fewer than six significant digits that is not written
    with at least six decimals either.
    """
    if not len(tokens):
        return np.zeros(0)
    written = _Print.of(tokens)
    fixed = written.fixed & (written.decimals >= FEWEST_DIGITS)
    telling = written.real & (fixed | (written.significant >= FEWEST_DIGITS))
    power = np.clip(written.exponent - written.decimals - 1 - _TINIEST, 0, len(_HALVES) - 1)
    return np.where(telling, _HALVES[power], 0.0)


def most_half_unit(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The most that `half_units_of` may be for numbers of these absolute values.

    Six decimals leave half a millionth open, and six significant digits 5 millionths of the number.
    """
    most: NDArray[np.float64] = (
        0.5 * 10.0**-FEWEST_DIGITS + 0.5 * 10.0 ** (1 - FEWEST_DIGITS) * sizes
    )
    return most


def half_unit(token: str) -> float:
    """`half_units_of` for one token; 0 for one that is no number."""
    if not is_number(token):
        return 0.0
    return float(half_units_of(np.array([token], dtype=np.bytes_))[0])


def half_units(value: object, indices: NDArray[np.intp]) -> NDArray[np.float64]:
    """`half_unit` of the elements at flat `indices`; zeros where the value was not printed."""
    if isinstance(value, PrintedFloat):
        return np.full(len(indices), half_unit(value.token))
    if isinstance(value, PrintedArray) and value.tokens is not None:
        return half_units_of(value.tokens[indices])
    return np.zeros(len(indices))


def numbers_in(text: str) -> Array:
    """All numbers of a text, in order, as floats; empty where there are none."""
    return np.array(list(map(value_of, NUMBER.findall(text))), dtype=np.float64)


def value_of(token: str) -> float:
    """The value of a token that is a number, as a float."""
    return float(plain(token))
