"""Trials as Parquet, and as the Arrow streams of older harnesses."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from harness.errors import DataUnreadable
from harness.system.store.described import Described
from harness.system.store.files import (
    FileFacts,
    check_file,
    damaged,
    facts_of,
    from_newer,
    replacing,
)
from harness.system.store.plain_parquet import write_plain
from harness.system.store.rows import (
    COLUMNS,
    NAMES,
    SCHEMA_METADATA,
    SCHEMA_VERSION,
    NewerSchema,
    Row,
    check_version,
    checked_row,
    trials_schema,
    unknown_names,
)

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 4096
GROUP_ROWS = 16_384
"""Rows of a row group: what is held in memory while a run is sealed."""
_TURNED_ROWS = 256
_cells_of = itemgetter(*NAMES)


def write_parquet(
    path: Path,
    rows: Iterable[Row],
    described: Described | None = None,
    unknown: Mapping[str, pa.DataType] | None = None,
) -> FileFacts:
    """All rows as one Parquet file, in place of any that was there; a part of them at a time.

    `unknown` has the types of the columns that this version does not know; None: rows are a
    sequence, and their values tell. Where there are none, nothing of pyarrow is imported.
    """
    described = described or Described()
    with replacing(path) as file:
        if unknown is None:
            rows = list(rows)
            unknown = unknown_types(rows, unknown_names(rows))
        if unknown:
            _write_by_arrow(file, rows, _whole_schema(unknown, described))
        else:
            write_plain(file, _groups(rows), {**SCHEMA_METADATA, **described.metadata})
        file.flush()
        return facts_of(file)


def _groups(rows: Iterable[Row]) -> Iterator[dict[str, list[Any]]]:
    """Rows by columns, some at a time; a text that many have is held once."""
    waiting = map(_cells_of, rows)
    while True:
        columns: dict[str, list[Any]] = {name: [] for name in NAMES}
        once: dict[str | None, str | None] = {}
        for at in range(0, GROUP_ROWS, _TURNED_ROWS):
            # No loop of Python over single cells: that took more than all else of a seal.
            part = islice(waiting, min(_TURNED_ROWS, GROUP_ROWS - at))
            turned = zip(*part, strict=True)
            for column, cells in zip(COLUMNS, turned, strict=False):
                is_text = column.kind == "string"
                columns[column.name] += map(once.setdefault, cells, cells) if is_text else cells
        if not columns[NAMES[0]]:
            return
        yield columns
        del columns, once  # or two groups were held at once


def _write_by_arrow(file: BinaryIO, rows: Iterable[Row], whole: pa.Schema) -> None:
    import pyarrow.parquet as pq

    waiting = iter(rows)
    options = {"compression": "zstd", "write_page_checksum": True}
    with pq.ParquetWriter(file, whole, **options) as writer:
        while batch := list(islice(waiting, _BATCH_ROWS)):
            writer.write_table(_table(batch, whole))


def join_parquet(path: Path, sources: Sequence[Path]) -> FileFacts:
    """The trials of several files as one, with what each says of its metrics and builds."""
    rows, described = [], Described()
    for source in sources:
        rows += read_parquet(source)
        of_source = read_described(source)
        described = described.plus(of_source.metrics, of_source.builds)
    return write_parquet(path, rows, described)


def _whole_schema(unknown: Mapping[str, pa.DataType], described: Described) -> pa.Schema:
    import pyarrow as pa

    whole = trials_schema()
    for name, kind in unknown.items():
        whole = whole.append(pa.field(name, kind))
    return whole.with_metadata({**(trials_schema().metadata or {}), **described.metadata})


def unknown_types(rows: Iterable[Row], names: Sequence[str]) -> dict[str, pa.DataType]:
    """The types of columns that this version does not know, by the values that rows have there.

    Values that make no Arrow column together are kept as text.
    """
    if not names:
        return {}
    import pyarrow as pa

    values: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name, cells in values.items():
            cells.append(row.get(name))
    types = {}
    for name, cells in values.items():
        try:
            types[name] = pa.array(cells).type
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            types[name] = pa.string()
    return types


def _table(rows: list[Row], whole: pa.Schema) -> pa.Table:
    """Rows as an Arrow table with exactly the schema's columns.

    Through JSON text, and not by `Table.from_pylist`: handed Python values, pyarrow imports pandas
    to see whether they are any of its own, which takes longer than a short run's trials.
    """
    import pyarrow as pa
    import pyarrow.json as arrow_json

    names = trials_schema().names
    encode = msgspec.json.Encoder().encode
    text = b"\n".join(encode({name: _json_cell(row[name]) for name in names}) for row in rows)
    table = arrow_json.read_json(
        pa.BufferReader(text),
        # One block holds it all: no row is too long for it.
        arrow_json.ReadOptions(use_threads=False, block_size=len(text)),
        arrow_json.ParseOptions(explicit_schema=_json_schema(), unexpected_field_behavior="error"),
    )
    columns = [_cast(table.column(field.name), field.type) for field in trials_schema()]
    for field in list(whole)[len(columns) :]:
        cells = [row.get(field.name) for row in rows]
        if pa.types.is_string(field.type):
            cells = [
                c if c is None or isinstance(c, str) else json.dumps(c, default=str) for c in cells
            ]
        columns.append(pa.chunked_array([pa.array(cells, field.type)]))
    return pa.table(columns, schema=whole)


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
    """The rows of a Parquet file of trials; DataDamaged where it is broken or not one.

    With `facts`, every byte of it is what was written.
    """
    if facts is not None:
        check_file(path, facts)
    try:
        return _read_parquet(path)
    except DataUnreadable:
        raise
    except Exception as problem:
        # A flipped bit may make the reader stumble over anything.
        raise damaged(path, str(problem) or type(problem).__name__) from None


def _read_parquet(path: Path) -> list[Row]:
    import pyarrow.parquet as pq

    # Not read_table, which loads pandas where that is installed: half a second of every look.
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        table = file.read()
    table.validate(full=True)
    check_metadata(path, table.schema.metadata)
    return [checked_row(row) for row in _rows(table)]


def check_metadata(path: Path, metadata: Mapping[bytes, bytes] | None) -> None:
    """DataDamaged for metadata that the harness did not write, or a newer one did."""
    said = (metadata or {}).get(b"harness_schema_version")
    if said is None:
        raise damaged(path, "it has no harness_schema_version")
    try:
        check_version(int(said))
    except NewerSchema as newer:
        raise from_newer(path, newer.version, SCHEMA_VERSION) from None


def read_described(path: Path) -> Described:
    """The metrics and builds that a Parquet file of trials declares; DataDamaged for nonsense."""
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path).metadata
        check_metadata(path, metadata)
        return Described.from_metadata(metadata or {})
    except DataUnreadable:
        raise
    except Exception as problem:
        raise damaged(path, str(problem) or type(problem).__name__) from None


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
