"""Numbers that a program printed: their values, and how exactly the print says them.

A program that prints `-38.083958` says no more than that its result lies within half a unit of the
last digit. `PrintedFloat` and `PrintedArray` are ordinary numbers and arrays to everyone else, and
remember the characters, so that a comparison can allow for what the print left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FEWEST_DIGITS = 6
"""What C's `%f` and `%g` print unasked. A shorter number is taken at its word: languages that
print the shortest exact form write 0.5 for one half, and 0.54 must not agree with it."""

_INTEGER = re.compile(r"[-+]?\d+")
_FINITE = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_SPECIAL = r"(?i:nan|inf(?:inity)?)"
_WHOLE = re.compile(rf"[-+]?(?:{_FINITE}|{_SPECIAL})", re.ASCII)
_PARTS = re.compile(r"[-+]?(\d*)(?:(\.)(\d*))?(?:[eE]([-+]?\d+))?", re.ASCII)

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
        self = super().__new__(cls, token)
        self.token = token
        return self


class PrintedArray(np.ndarray[Any, np.dtype[Any]]):
    """An array of printed numbers; `tokens` are their characters in C order.

    Whatever is computed or cut from it is an array of plain numbers: its `tokens` are None.
    """

    tokens: NDArray[np.bytes_] | None

    def __array_finalize__(self, obj: Any) -> None:
        self.tokens = None


def is_number(token: str) -> bool:
    """Is the whole of it one number (`nan` and `inf` included)?"""
    return _WHOLE.fullmatch(token) is not None


def read_token(token: str) -> int | PrintedFloat | None:
    """A printed number as int (without a point or exponent) or float; None where it is none."""
    if not is_number(token):
        return None
    if _INTEGER.fullmatch(token):
        try:
            return int(token)
        except ValueError:  # thousands of digits: Python refuses, and nobody's output is that
            return None
    return PrintedFloat(token)


def printed_array(tokens: Sequence[str], shape: tuple[int, ...] | None = None) -> Array | None:
    """Printed numbers as an array: integers where all are, else floats.

    None where one is not a number, or where an integer does not fit into 64 bits.
    """
    if not tokens or not all(map(is_number, tokens)):
        return None
    values = _values(tokens)
    if values is None:
        return None
    array = values.reshape(shape if shape is not None else (-1,)).view(PrintedArray)
    array.tokens = np.array(tokens, dtype=np.bytes_)
    return array


def _values(tokens: Sequence[str]) -> Array | None:
    if not all(map(_INTEGER.fullmatch, tokens)):
        return np.array(tokens, dtype=np.bytes_).astype(np.float64)
    for dtype in (np.int64, np.uint64):
        try:
            return np.array([int(token) for token in tokens], dtype=dtype)
        except (OverflowError, ValueError):
            continue
    return None


def half_unit(token: str) -> float:
    """Half a unit of the last printed digit: how far the true result may lie from the print.

    0 for an integer, and for a number with fewer than six significant digits that is not written
    with at least six decimals either.
    """
    match = _PARTS.fullmatch(token)
    if match is None:
        return 0.0
    whole, point, decimals, exponent = match.groups()
    if point is None and exponent is None:
        return 0.0
    decimals = decimals or ""
    significant = len((whole + decimals).lstrip("0"))
    fixed = exponent is None and len(decimals) >= FEWEST_DIGITS
    if significant < FEWEST_DIGITS and not fixed:
        return 0.0
    try:
        return float(f"5e{int(exponent or 0) - len(decimals) - 1}")
    except ValueError:
        return 0.0


def half_units(value: object, indices: NDArray[np.intp]) -> NDArray[np.float64]:
    """`half_unit` of the elements at flat `indices`; zeros where the value was not printed."""
    if isinstance(value, PrintedFloat):
        return np.full(len(indices), half_unit(value.token))
    if isinstance(value, PrintedArray) and value.tokens is not None:
        return np.array([half_unit(token.decode()) for token in value.tokens[indices]])
    return np.zeros(len(indices))


def numbers_in(text: str) -> Array:
    """All numbers of a text, in order, as floats; empty where there are none."""
    return np.array([float(token) for token in NUMBER.findall(text)], dtype=np.float64)
