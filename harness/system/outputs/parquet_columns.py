"""Columns of Parquet files as outputs: arrays where they are numbers or times, else texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.correctness.printed import Array, printed_array
from harness.model import OutputValue

if TYPE_CHECKING:
    import pyarrow as pa

_NULL = "null"


def column_value(column: pa.ChunkedArray, nulls_are_nan: bool) -> OutputValue:
    """A column as an array, or as a text with one line per row.

    Categories become what they stand for. Numbers, truth values, times and lists of equally many
    numbers become arrays, decimals printed numbers. Where rows have no value the column is a text
    in which they read `null`, so that a null agrees with a null and with nothing else; of floats
    they are NaN where `nulls_are_nan`. Everything else is JSON, one line per row.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return column_value(column.cast(kind.value_type), nulls_are_nan)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "\n".join(str(cell) for cell in column.to_pylist())
    if column.null_count and not (pa.types.is_floating(kind) and nulls_are_nan):
        return _lines(column.to_pylist())
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return _array(column)
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind) or pa.types.is_date(kind):
        return _array(column)  # a timestamp with a zone as the moment that it is, in UTC
    if pa.types.is_decimal(kind):
        numbers = printed_array([format(cell, "f") for cell in column.to_pylist()])
        return numbers if numbers is not None else np.zeros(0)
    table = _table(column, kind)
    return table if table is not None else _lines(column.to_pylist())


def _array(column: pa.ChunkedArray) -> Array:
    array: Array = column.to_numpy()
    return array


def _table(column: pa.ChunkedArray, kind: pa.DataType) -> Array | None:
    """Lists of equally many numbers, nested or not, as an array; None for anything else."""
    import pyarrow as pa

    while (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    ):
        kind = kind.value_type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return None
    try:
        array = np.array(column.to_pylist(), dtype=kind.to_pandas_dtype())
    except (TypeError, ValueError):  # ragged, or with nulls in the lists
        return None
    return None if _nulls(column) else array


def _nulls(column: pa.ChunkedArray) -> int:
    """How many nulls there are in lists, on any level."""
    import pyarrow as pa

    found = 0
    for chunk in column.chunks:
        while not isinstance(chunk, pa.NumericArray | pa.BooleanArray):
            found += chunk.null_count
            chunk = chunk.flatten()
        found += chunk.null_count
    return found


def _lines(cells: list[Any]) -> str:
    return "\n".join(_cell(cell) for cell in cells)


def _cell(cell: Any) -> str:
    """One value in words: a number as it is, `null`, and JSON for what has parts."""
    if cell is None:
        return _NULL
    if isinstance(cell, list | dict | tuple):
        return json.dumps(cell, default=str, ensure_ascii=False, sort_keys=True)
    return str(cell)
