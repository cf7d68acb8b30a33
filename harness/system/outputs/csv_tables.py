"""CSV files, read in parts: what a table of a hundred megabytes takes is its numbers.

A row of Python strings takes twenty times the room of its numbers; so rows are turned into numbers
as they are read, some thousands of cells at a time.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np

from harness.correctness.printed import Array, PrintedArray, is_number, printed_array

MOST_LINE = 16 * 2**20
MOST_CELLS = 2**24
"""A table with more numbers is refused: 128 MiB, and as much again for how they were printed."""
MOST_TEXT = 64 * 2**20
"""The most bytes of a table that does not hold numbers alone: it is compared as a text."""

_PART = 1 << 16
_MOST_TOKENS_BYTES = 160 * 2**20
_SHOWN = 10


class TableError(Exception):
    """What is wrong with a table, and what to do about it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def read_table(path: Path, key: str | None) -> Array | str:
    """A table as an array of its rows; with `key`, a column of it as an array of one dimension.

    `key` is a name from the first row, or a number from 0. What is no numbers alone is given as a
    text in one layout. Raises TableError, and whatever decoding and csv raise.
    """
    table = _Table(path)
    column = None if key is None else table.column(key)
    array = _gathered(table.cells(column))
    if array is None:
        return _as_text(path, column)
    return array if column is not None else _shaped(array, (-1, table.width))


class _Table:
    """The rows of a file, the first one looked at already."""

    def __init__(self, path: Path) -> None:
        self._rows = _rows(path)
        first = next(self._rows, None)
        if first is None:
            raise TableError("has no rows", "Have the program write its results.")
        self._first = first
        self.width = len(first)
        self.headed = not all(map(is_number, first))

    def column(self, key: str) -> int:
        """The number of a column by name or number."""
        names = self._first if self.headed else []
        if key in names:
            return names.index(key)
        if key.isascii() and key.isdigit() and len(key) < 10 and int(key) < self.width:
            return int(key)
        there = ", ".join(names[:_SHOWN])
        there = there or f"{self.width} columns without names (give a number from 0)"
        raise TableError(f"has no column {key!r}; it has {there}", "Correct `key`.")

    def cells(self, column: int | None) -> Iterator[str]:
        """The cells of one column or of all, row by row, without the names."""
        body = self._rows if self.headed else chain([self._first], self._rows)
        for number, row in enumerate(body, 1 + self.headed):
            if len(row) != self.width:
                what = f"row {number} has {len(row)} cells, the first {self.width}"
                raise TableError(what, "Was the file cut off?")
            if column is None:
                yield from row
            else:
                yield row[column]


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        delimiter = _delimiter(file.readline(MOST_LINE))
        file.seek(0)
        for row in csv.reader(_lines(file), delimiter=delimiter):
            if row:
                yield [cell.strip() for cell in row]


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(MOST_LINE):
        if len(line) == MOST_LINE:
            what = f"has a line of more than {MOST_LINE:,} characters"
            raise TableError(what, "Write several rows, or .npy or .parquet.")
        yield line


def _delimiter(line: str) -> str:
    """The most frequent of comma, semicolon and tab."""
    counts = Counter(c for c in line if c in ",;\t")
    return counts.most_common(1)[0][0] if counts else ","


def _gathered(cells: Iterator[str]) -> Array | None:
    """All cells as one array; None where one is no number, an empty array where there is none."""
    parts: list[Array] = []
    size = 0
    while part := list(islice(cells, _PART)):
        array = printed_array(part)
        if array is None:
            return None
        size += len(part)
        if size > MOST_CELLS:
            what = f"has more than {MOST_CELLS:,} cells"
            raise TableError(what, "Write so many numbers as .npy or .parquet.")
        parts.append(array)
    if not parts:
        return np.zeros(0)
    values = _joined(parts)
    tokens = [found for part in parts if (found := getattr(part, "tokens", None)) is not None]
    if values is None or len(tokens) < len(parts):
        return values
    if size * max(token.dtype.itemsize for token in tokens) > _MOST_TOKENS_BYTES:
        return values  # one endless number among many: the table of all would fill the memory
    printed = values.view(PrintedArray)
    printed.tokens = np.concatenate(tokens)
    return printed


def _joined(parts: Sequence[Array]) -> Array | None:
    """The values of all parts; None where whole numbers of two kinds have no common one."""
    kinds = {part.dtype.kind for part in parts}
    plain = [np.asarray(part) for part in parts]
    if kinds == {"i", "u"}:
        if any(part.dtype.kind == "i" and part.min() < 0 for part in plain):
            return None
        plain = [part.astype(np.uint64) for part in plain]
    return np.concatenate(plain)


def _shaped(array: Array, shape: tuple[int, int]) -> Array:
    """The same numbers in another shape, still knowing how they were printed."""
    tokens = getattr(array, "tokens", None)
    made: Array = np.asarray(array).reshape(shape)
    if tokens is None:
        return made
    printed = made.view(PrintedArray)
    printed.tokens = tokens
    return printed


def _as_text(path: Path, column: int | None) -> str:
    size = path.stat().st_size
    if size > MOST_TEXT:
        what = f"has {size:,} bytes, and one that is no numbers alone at most {MOST_TEXT:,}"
        raise TableError(what, "Name a column of numbers with `key`, or write .parquet.")
    table = _Table(path)
    if column is None:
        return "\n".join(",".join(row) for row in _rows(path))
    return "\n".join(table.cells(column))
