"""Trials as Parquet, and as the Arrow streams of older harnesses."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import DataDamaged
from harness.system.store.files import FileFacts, check_file, damaged, facts_of, replacing
from harness.system.store.rows import SCHEMA_VERSION, Row, checked_row, trials_schema

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 4096


def write_parquet(path: Path, rows: Iterable[Row]) -> FileFacts:
    """All rows as one Parquet file, in place of any that was there; a part of them at a time."""
    import pyarrow.parquet as pq

    with replacing(path) as file:
        waiting = iter(rows)
        options = {"compression": "zstd", "write_page_checksum": True}
        with pq.ParquetWriter(file, trials_schema(), **options) as writer:
            while batch := list(islice(waiting, _BATCH_ROWS)):
                writer.write_table(_table(batch))
        file.flush()
        return facts_of(file)


def _table(rows: list[Row]) -> pa.Table:
    """Rows as an Arrow table with exactly the schema's columns.

    Through JSON text, and not by `Table.from_pylist`: handed Python values, pyarrow imports pandas
    to see whether they are any of its own, which takes longer than a short run's trials.
    """
    import pyarrow as pa
    import pyarrow.json as arrow_json

    names = trials_schema().names
    text = "\n".join(
        json.dumps({name: _json_cell(row[name]) for name in names}) for row in rows
    ).encode()
    table = arrow_json.read_json(
        pa.BufferReader(text),
        # One block holds it all: no row is too long for it.
        arrow_json.ReadOptions(use_threads=False, block_size=len(text)),
        arrow_json.ParseOptions(explicit_schema=_json_schema(), unexpected_field_behavior="error"),
    )
    columns = [_cast(table.column(field.name), field.type) for field in trials_schema()]
    return pa.table(columns, schema=trials_schema())


def _json_schema() -> pa.Schema:
    """The schema with pairs for maps, which pyarrow cannot read from JSON."""
    import pyarrow as pa

    def of(kind: pa.DataType) -> pa.DataType:
        if not pa.types.is_map(kind):
            return kind
        return pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)]))

    return pa.schema([(field.name, of(field.type)) for field in trials_schema()])


def _json_cell(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    return [{"key": key, "value": value} for key, value in cell.items()]


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    import pyarrow as pa

    if not pa.types.is_map(kind):
        return column
    maps = [
        pa.MapArray.from_arrays(pairs.offsets, *pairs.values.flatten()) for pairs in column.chunks
    ]
    return pa.chunked_array(maps, kind)


def read_parquet(path: Path, facts: FileFacts | None = None) -> list[Row]:
    """The rows of a Parquet file of trials; DataDamaged where it is none of ours or broken.

    With `facts`, every byte of it is what was written.
    """
    if facts is not None:
        check_file(path, facts)
    try:
        return _read_parquet(path)
    except DataDamaged:
        raise
    except Exception as problem:
        # A flipped bit may make the reader stumble over anything.
        raise damaged(path, str(problem) or type(problem).__name__) from None


def _read_parquet(path: Path) -> list[Row]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, page_checksum_verification=True)
    table.validate(full=True)
    said = (table.schema.metadata or {}).get(b"harness_schema_version")
    if said is None:
        raise damaged(path, "it has no harness_schema_version")
    version = int(said)
    if version > SCHEMA_VERSION:
        raise DataDamaged(
            f"{path}: written by a newer harness (schema {version}, known {SCHEMA_VERSION})",
            hint="Upgrade optim-harness to read it.",
        )
    return [checked_row(row) for row in _rows(table)]


def _rows(table: pa.Table | pa.RecordBatch) -> Iterator[Row]:
    """The rows of a table, its maps as dictionaries (pyarrow has pairs for them)."""
    import pyarrow as pa

    maps = [field.name for field in table.schema if pa.types.is_map(field.type)]
    for row in table.to_pylist():
        yield {**row, **{name: dict(row[name] or ()) for name in maps}}


def read_old_stream(path: Path) -> list[Row]:
    """The rows of a `trials.arrows`, which has no checksums; the last ones may be cut off.

    Raises DataDamaged where its beginning cannot be read or a row makes no sense. An empty one is
    that of a run which was killed before its first trial.
    """
    import pyarrow as pa

    rows: list[Row] = []
    try:
        if path.stat().st_size == 0:
            return rows
        with (
            pa.OSFile(str(path), "rb") as file,
            pa.ipc.open_stream(file) as reader,
            contextlib.suppress(OSError, pa.ArrowException),  # the row in flight at a kill
        ):
            for batch in reader:
                batch.validate(full=True)
                rows.extend(checked_row(row) for row in _rows(batch))
    except Exception as problem:
        raise damaged(path, str(problem) or type(problem).__name__) from None
    return rows
