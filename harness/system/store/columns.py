"""The trials of a stored run by columns: only those that are asked for, no row made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import DataUnreadable
from harness.system.store.files import check_file, checked_content, damaged
from harness.system.store.parquet import check_metadata
from harness.system.store.rows import COLUMNS, Row, empty_cell, trials_schema
from harness.system.store.run_file import StoredRun
from harness.system.store.runs import STREAM_NAME, parquet_of, stored_rows, understood
from harness.system.store.stream import read_columns, read_heading

if TYPE_CHECKING:
    import pyarrow as pa


MOST_AT_ONCE_BYTES = 2**25
"""Files up to this size are read once, to be checked and understood from memory."""


def table_of(
    run: StoredRun, names: Sequence[str] | None = None, target: str | None = None
) -> pa.Table:
    """Columns of a run's trials, finished or not, of one target or all; None: every column.

    A column that the file lacks has its default; one that neither it nor the schema knows is left
    out. DataDamaged where the trials are gone, changed, or cannot be read.
    """
    parquet = parquet_of(run)
    if parquet is not None:
        return _of_target(_of_parquet(run, parquet, _with_target(names, target)), names, target)
    return _as_table(lists_of(run, names), target)


def coded_table_of(run: StoredRun, names: Sequence[str]) -> pa.Table:
    """Columns as `table_of` has them, of all targets; texts as codes and a dictionary."""
    parquet = parquet_of(run)
    if parquet is not None:
        return _of_parquet(run, parquet, names, coded=True).unify_dictionaries()
    table = _as_table(lists_of(run, names), None)
    columns = {
        name: column.dictionary_encode() if column.type == "string" else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return type(table).from_pydict(columns).unify_dictionaries()


def lists_of(run: StoredRun, names: Sequence[str] | None = None) -> Mapping[str, Sequence[Any]]:
    """Columns of a run's trials as lists; of a run that goes on without a look at Arrow."""
    parquet, stream = parquet_of(run), run.folder / STREAM_NAME
    if parquet is not None:
        columns: dict[str, list[Any]] = _of_parquet(run, parquet, names).to_pydict()
        return columns
    if stream.exists() or run.sealed:
        with understood(stream):
            return read_columns(stream, names)
    return _turned(stored_rows(run), names)


def unknown_columns(run: StoredRun) -> tuple[str, ...]:
    """The columns of a run's trials that this version of the schema does not know."""
    stream, parquet = run.folder / STREAM_NAME, parquet_of(run)
    if parquet is not None:
        return run.unknown if run.parquet is not None else _unknown_in(parquet)
    if not stream.exists():
        return ()
    with understood(stream):
        return read_heading(stream).unknown


def _unknown_in(parquet: Path) -> tuple[str, ...]:
    import pyarrow.parquet as pq

    known = {column.name for column in COLUMNS}
    return tuple(name for name in pq.read_schema(parquet).names if name not in known)


def _turned(rows: Iterable[Row], names: Sequence[str] | None) -> dict[str, list[Any]]:
    rows = list(rows)
    known = [column.name for column in COLUMNS]
    found = dict.fromkeys([*known, *(name for row in rows for name in row)])
    return {n: [row.get(n) for row in rows] for n in found if names is None or n in names}


def _with_target(names: Sequence[str] | None, target: str | None) -> Sequence[str] | None:
    return names if names is None or target is None else [*names, "target"]


def _of_target(table: pa.Table, names: Sequence[str] | None, target: str | None) -> pa.Table:
    """The rows of one target, without its column where it is not asked for."""
    import pyarrow.compute as pc

    if target is None:
        return table
    own = table.filter(pc.field("target") == target)
    return own if names is None or "target" in names else own.drop_columns("target")


def _of_parquet(
    run: StoredRun, path: Path, names: Sequence[str] | None, *, coded: bool = False
) -> pa.Table:
    """The columns of a file that was held against its digest before any of it was understood."""
    import pyarrow as pa

    source: Any = str(path)
    if run.parquet is not None and run.parquet.bytes <= MOST_AT_ONCE_BYTES:
        source = pa.BufferReader(checked_content(path, run.parquet))
    elif run.parquet is not None:
        check_file(path, run.parquet)
    try:
        return _understood(path, source, names, coded)
    except DataUnreadable:
        raise
    except Exception as problem:
        # A flipped bit may make the reader stumble over anything.
        raise damaged(path, str(problem) or type(problem).__name__) from None


def _understood(path: Path, source: Any, names: Sequence[str] | None, coded: bool) -> pa.Table:
    import pyarrow.parquet as pq

    texts = [column.name for column in COLUMNS if column.kind == "string"]
    options = {"page_checksum_verification": True, "pre_buffer": False}
    with pq.ParquetFile(source, read_dictionary=texts if coded else None, **options) as file:
        there = file.schema_arrow
        check_metadata(path, there.metadata)
        for column in COLUMNS:
            if column.needed and column.name not in there.names:
                empty_cell(column)  # says what is missing
        wanted = [name for name in there.names if names is None or name in names]
        # Many files are read at once, each by a thread of its own.
        table = file.read(columns=wanted, use_threads=False)
    table.validate(full=True)
    return _filled(table, names)


def _filled(table: pa.Table, names: Sequence[str] | None) -> pa.Table:
    """The table with the schema's columns first, each of its type; missing ones have defaults."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for column, field in zip(COLUMNS, trials_schema(), strict=True):
        if names is not None and column.name not in names:
            continue
        if column.name in table.column_names:
            found = table.column(column.name)
            coded = pa.types.is_dictionary(found.type)
            columns[column.name] = found if coded else found.cast(field.type)
        else:
            columns[column.name] = pa.repeat(
                pa.scalar(empty_cell(column), field.type), table.num_rows
            )
    more = {n: table.column(n) for n in table.column_names if n not in trials_schema().names}
    return pa.table({**columns, **more})


def _as_table(lists: Mapping[str, Sequence[Any]], target: str | None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    kinds = {field.name: field.type for field in trials_schema()}
    columns = {}
    for name, cells in lists.items():
        kind = kinds.get(name)
        if kind is not None and pa.types.is_map(kind):
            cells = [list(cell.items()) for cell in cells]
        columns[name] = pa.array(cells, kind)
    table = pa.table(columns)
    return table if target is None else table.filter(pc.field("target") == target)
