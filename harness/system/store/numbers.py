"""The trials of a stored run as numpy arrays, for what looks at many runs at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from harness.frozen import dataclass
from harness.system.store.columns import coded_table_of
from harness.system.store.rows import COLUMNS
from harness.system.store.run_file import StoredRun

if TYPE_CHECKING:
    import pyarrow as pa

_NULLABLE = frozenset(column.name for column in COLUMNS if column.nullable)


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts: the place of each trial's among those that there are."""

    codes: npt.NDArray[np.int64]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Columns of a run's trials, each of as many trials."""

    texts: Mapping[str, Texts]
    numbers: Mapping[str, npt.NDArray[Any]]
    """bool, int64 or float64; null counts as 0."""
    table: pa.Table
    """The same, and what is neither a text nor a number."""

    def lists(self, name: str, rows: npt.NDArray[np.int64]) -> list[Any]:
        """The cells of some trials as Python values."""
        found: list[Any] = self.table.column(name).take(rows).to_pylist()
        return found


def arrays_of(run: StoredRun, names: Sequence[str]) -> Arrays:
    """Columns of a run's trials, finished or not.

    Raises DataDamaged as `table_of` does, and ValueError for a null where there must be a value.
    """
    table = coded_table_of(run, names)
    texts, numbers = {}, {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if column.null_count and name not in _NULLABLE:
            raise ValueError(f"{name}: a trial has none")
        if hasattr(column.type, "value_type") and column.type == _coded_text():
            texts[name] = _texts(column)
        elif not hasattr(column.type, "value_type"):
            numbers[name] = _numbers(column)
    return Arrays(texts, numbers, table)


def _coded_text() -> pa.DataType:
    import pyarrow as pa

    return pa.dictionary(pa.int32(), pa.string())


def _texts(column: pa.ChunkedArray) -> Texts:
    if not len(column):
        return Texts(np.zeros(0, dtype=np.int64), ())
    whole = column.combine_chunks()
    if hasattr(whole, "chunks"):
        (whole,) = whole.chunks
    codes = whole.indices.to_numpy(zero_copy_only=False)
    return Texts(codes.astype(np.int64), tuple(whole.dictionary.to_pylist()))


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = (column.fill_null(0) if column.null_count else column).to_numpy()
    return found.astype(np.int64) if found.dtype.kind == "i" else found
