"""The file of one attempt at a part of a run, and a run that is gathered of many such files.

An attempt's file is Parquet, with only those columns in it that differ from row to row: what all
rows have in common stands in the metadata, under `harness_attempt`, with whatever else is to be
said of the attempt. Ten thousand small files are read in seconds so: a column that is not there
takes no time. A gathered run is one like any other.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.frozen import dataclass
from harness.system.store.columns import table_of
from harness.system.store.described import Described
from harness.system.store.files import (
    damaged,
    facts_of,
    read_kept,
    replacing,
    storage_errors,
    sync_folder,
    write_atomically,
)
from harness.system.store.rows import COLUMNS, SCHEMA_METADATA, Column, trials_schema
from harness.system.store.run_file import RUN_NAME, StoredRun, encode_run
from harness.system.store.runs import PARQUET_NAME

if TYPE_CHECKING:
    import pyarrow as pa

_SAID = b"harness_attempt"
_KEPT = ("block",)
"""Columns that stand in the file though all rows have the same: a table needs one at least."""
MOST_HELD = 500_000
"""Rows that are held between a first look at a run and its gathering: about 0.2 GB."""
_ROWS_AT_ONCE = 100_000
"""As many rows are held while a run is gathered."""


@dataclass(frozen=True, slots=True)
class AttemptContent:
    """What the file of an attempt says, without its rows."""

    said: Mapping[str, Any]
    """What its writer wanted to be known of it, such as its summary."""
    described: Described
    common: Mapping[str, Any]
    """The columns that all rows have in common."""


@dataclass(frozen=True, slots=True)
class ReadAttempt:
    """An attempt's file that was looked at, perhaps with its rows."""

    path: Path
    content: AttemptContent
    held: pa.Table | None = None

    def rows(self) -> pa.Table:
        """Its rows: those that are held, else read again."""
        return read_attempt(self.path)[1]() if self.held is None else self.held


class AttemptReader:
    """Reads attempts' files, and holds the rows of the first of them: few runs have more."""

    def __init__(self) -> None:
        self._held = 0

    def read(self, path: Path) -> ReadAttempt:
        """What a file says; DataDamaged where it cannot be read."""
        content, rows = read_attempt(path)
        if self._held > MOST_HELD:
            return ReadAttempt(path, content)
        table = rows()
        self._held += table.num_rows
        return ReadAttempt(path, content, table)


def write_attempt(path: Path, run: StoredRun, said: Mapping[str, Any]) -> None:
    """Write all trials of a stored run as an attempt's file, whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = table_of(run)
    common = {name: cells for name in table.column_names if (cells := _common(table, name))}
    rest = table.drop_columns([name for name in common if name not in _KEPT])
    content = {"said": dict(said), "common": {name: cells[0] for name, cells in common.items()}}
    metadata = {
        **SCHEMA_METADATA,
        **run.described.metadata,
        _SAID: json.dumps(content, allow_nan=False).encode(),
    }
    with storage_errors(path.parent), replacing(path) as file:
        # Plain, for they are small and read once: dictionaries and codecs take longer to set up.
        pq.write_table(
            rest.replace_schema_metadata(metadata),
            pa.PythonFile(file, "w"),
            compression="none",
            use_dictionary=False,
            write_statistics=False,
            write_page_checksum=True,
        )


def _common(table: pa.Table, name: str) -> list[Any]:
    """A list with the one value that a column has in all rows; empty where there are several."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table.column(name)
    if len(column) == 0:
        return []
    if pa.types.is_nested(column.type):
        of_chunks = [c.keys if pa.types.is_map(c.type) else c.flatten() for c in column.chunks]
        return [] if any(len(values) for values in of_chunks) else [[]]
    first = column[0].as_py()
    same = column.null_count == len(column) if first is None else pc.all(pc.equal(column, first))
    return [first] if (same is True or (same is not False and same.as_py() is True)) else []


def read_attempt(path: Path) -> tuple[AttemptContent, Callable[[], pa.Table]]:
    """What an attempt's file says, and its rows when they are asked for; DataDamaged if broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = read_kept(path)
    try:
        file = pq.ParquetFile(
            pa.BufferReader(content), pre_buffer=False, page_checksum_verification=True
        )
        metadata = file.schema_arrow.metadata or {}
        told = json.loads(metadata[_SAID])
        attempt = AttemptContent(told["said"], Described.from_metadata(metadata), told["common"])
    except Exception as problem:
        raise damaged(path, f"{type(problem).__name__}: {problem}") from None

    def rows() -> pa.Table:
        try:
            return file.read(use_threads=False)
        except Exception as problem:
            raise damaged(path, str(problem) or type(problem).__name__) from None

    return attempt, rows


def _together(parts: Sequence[tuple[AttemptContent, pa.Table]], run_id: str) -> pa.Table:
    """The rows of several attempts with every column of the schema, column by column.

    What an attempt's rows have in common is filled in for all attempts at once: value by value it
    took longer than all reading.
    """
    import numpy as np
    import pyarrow as pa

    lengths = [rows.num_rows for _, rows in parts]
    names = [frozenset(rows.column_names) for _, rows in parts]
    places = pa.array(np.repeat(np.arange(len(parts)), lengths))
    columns = []
    for column, field in zip(COLUMNS, trials_schema(), strict=True):
        there = [column.name in own for own in names]
        if column.name == "run_id":
            columns.append(pa.repeat(pa.scalar(run_id, field.type), sum(lengths)))
        elif all(there):
            own = [rows.column(column.name) for _, rows in parts]
            chunks = [chunk for each in own for chunk in each.chunks]
            columns.append(
                pa.chunked_array([_as(chunk, field.type) for chunk in chunks], field.type)
            )
        else:
            common = pa.array([_filled(part, column) for part, _ in parts], field.type)
            filled = common.take(places)
            if any(there):
                filled = _with_own(filled, [rows for _, rows in parts], column.name)
            columns.append(filled)
    return pa.table(columns, schema=trials_schema())


def _as(chunk: pa.Array, kind: pa.DataType) -> pa.Array:
    return chunk if chunk.type == kind else chunk.cast(kind)


def _filled(attempt: AttemptContent, column: Column) -> Any:
    value = attempt.common.get(column.name, column.default)
    return list(value) if isinstance(value, dict) else value


def _with_own(filled: pa.Array, tables: Sequence[pa.Table], name: str) -> pa.ChunkedArray:
    """The column with the cells of those tables in place that have it."""
    import pyarrow as pa

    chunks, at = [], 0
    for table in tables:
        if name in table.column_names:
            chunks += [_as(chunk, filled.type) for chunk in table.column(name).chunks]
        else:
            chunks.append(filled.slice(at, table.num_rows))
        at += table.num_rows
    return pa.chunked_array(chunks, filled.type)


def write_gathered(
    folder: Path, content: Mapping[str, Any], attempts: Sequence[ReadAttempt], described: Described
) -> bool:
    """Make a finished run of attempts' files; False where somebody has made it meanwhile.

    The folder comes to be by a rename of one that is whole, never over another one.
    """
    made = folder.parent / f".{folder.name}.{secrets.token_hex(6)}.gathered"
    with storage_errors(made):
        made.mkdir(parents=True)
        try:
            path = made / PARQUET_NAME
            with replacing(path) as file:
                _join(file, attempts, folder.name, described)
                facts = facts_of(file)
            parquet = {"bytes": facts.bytes, "sha256": facts.sha256}
            whole = {**content, "finished": True, "parquet": parquet, **described.to_json()}
            write_atomically(made / RUN_NAME, encode_run(whole))
            try:
                made.rename(folder)
            except OSError:
                if folder.is_dir():
                    return False
                raise
            sync_folder(folder.parent)
            return True
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _join(file: Any, attempts: Iterable[ReadAttempt], run_id: str, described: Described) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = trials_schema().with_metadata({**SCHEMA_METADATA, **described.metadata})
    options = {"compression": "zstd", "compression_level": 1, "write_page_checksum": True}
    texts = [column.name for column in COLUMNS if column.kind == "string"]
    with pq.ParquetWriter(
        pa.PythonFile(file, "w"), schema, use_dictionary=texts, write_statistics=False, **options
    ) as writer:
        for parts in _some_at_once(attempts):
            writer.write_table(_together(parts, run_id).replace_schema_metadata(schema.metadata))
    file.flush()


def _some_at_once(
    attempts: Iterable[ReadAttempt],
) -> Iterator[list[tuple[AttemptContent, pa.Table]]]:
    waiting: list[tuple[AttemptContent, pa.Table]] = []
    count = 0
    for attempt in attempts:
        waiting.append((attempt.content, attempt.rows()))
        count += waiting[-1][1].num_rows
        if count >= _ROWS_AT_ONCE:
            yield waiting
            waiting, count = [], 0
    if waiting:
        yield waiting
