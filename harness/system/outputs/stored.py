"""Outputs on disk: `outputs.parquet`, lossless, and their summary for `baseline.json`.

There is one row per part of an output. A large array is cut into parts of 16 MiB, so that neither
writing nor reading needs more memory than one part; a part's pages carry checksums.
"""

from __future__ import annotations

import ast
import hashlib
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.correctness.printed import Array, PrintedArray, PrintedFloat, printed_array
from harness.correctness.summaries import moments
from harness.errors import DataDamaged, DataUnreadable, StorageFailed
from harness.frozen import dataclass
from harness.model import OutputValue
from harness.system.store.files import from_newer, replacing

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1
PART_BYTES = 16 * 2**20

_WRITING = {
    "compression": "zstd",
    "write_page_checksum": True,
    # A part is one value of many MiB: a dictionary and a minimum would each be a copy of it.
    "use_dictionary": False,
    "write_statistics": False,
}

_KEYS = ("task", "case", "target", "seed", "output")

MetricValue = float | int | str | list[int]


@dataclass(frozen=True, slots=True)
class StoredOutput:
    """One output with what it belongs to."""

    task: str
    case: str
    target: str
    seed: int | None
    output: str
    value: OutputValue


@lru_cache(maxsize=1)
def outputs_schema() -> pa.Schema:
    """The columns, in order; `docs/correctness.md` describes them."""
    import pyarrow as pa

    columns = [
        *((name, pa.string()) for name in ("task", "case", "target")),
        ("seed", pa.int64()),
        ("output", pa.string()),
        ("type", pa.string()),
        ("dtype", pa.string()),
        ("shape", pa.list_(pa.int64())),
        ("part", pa.int32()),
        ("parts", pa.int32()),
        ("data", pa.large_binary()),
        ("text", pa.large_string()),
    ]
    return pa.schema(columns, metadata={"harness_outputs_version": str(SCHEMA_VERSION)})


def save_outputs(path: Path, outputs: Iterable[StoredOutput]) -> None:
    """Write outputs as one Parquet file, in place of any that was there, by an atomic rename.

    Raises StorageFailed where the folder cannot be written, TypeError for an array of objects.
    """
    import pyarrow.parquet as pq

    try:
        with (
            replacing(path) as file,
            pq.ParquetWriter(file, outputs_schema(), **_WRITING) as writer,
        ):
            for row in (row for stored in outputs for row in _rows(stored)):
                writer.write_table(_table(row))
    except OSError as problem:
        raise StorageFailed(
            f"cannot write {path}: {problem.strerror or problem}",
            hint="Free some space or make the folder writable.",
        ) from None


def _table(row: Mapping[str, Any]) -> pa.Table:
    """One row, of its bytes as they are.

    Not from_pylist, which loads pandas where that is installed: a quarter second of every start.
    """
    import pyarrow as pa

    schema = outputs_schema()
    columns = [_column(field.type, row.get(field.name)) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(kind: pa.DataType, value: Any) -> pa.Array:
    """A column of one value, in Arrow's own layout."""
    import pyarrow as pa

    if value is None:
        return pa.nulls(1, kind)
    if pa.types.is_integer(kind):
        content = pa.py_buffer(np.asarray([value], kind.to_pandas_dtype()).tobytes())
        return pa.Array.from_buffers(kind, 1, [None, content])
    if pa.types.is_list(kind):
        numbers = pa.py_buffer(np.asarray(value, np.int64).tobytes())
        values = pa.Array.from_buffers(kind.value_type, len(value), [None, numbers])
        return pa.Array.from_buffers(
            kind, 1, [None, _ends(len(value), np.int32)], children=[values]
        )
    data = value.encode() if isinstance(value, str) else value
    large = pa.types.is_large_string(kind) or pa.types.is_large_binary(kind)
    ends = _ends(len(data), np.int64 if large else np.int32)
    return pa.Array.from_buffers(kind, 1, [None, ends, pa.py_buffer(data)])


def _ends(length: int, kind: type[np.signedinteger[Any]]) -> pa.Buffer:
    """Where the only value of a column begins and ends."""
    import pyarrow as pa

    return pa.py_buffer(np.asarray([0, length], kind).tobytes())


def _rows(stored: StoredOutput) -> Iterator[dict[str, Any]]:
    keys = {name: getattr(stored, name) for name in _KEYS}
    value = stored.value
    if isinstance(value, np.ndarray) and not _printed(value):
        yield from ({**keys, **row} for row in _array_rows(value))
    else:
        yield {**keys, "part": 0, "parts": 1, **_scalar_row(value)}


def _printed(value: Array) -> bool:
    return isinstance(value, PrintedArray) and value.tokens is not None


def _scalar_row(value: OutputValue) -> dict[str, Any]:
    """A text, bytes, a scalar, or printed numbers, whose characters are kept."""
    match value:
        case str():
            return {"type": "text", "text": value}
        case bytes():
            return {"type": "bytes", "data": value}
        case bool():
            return {"type": "bool", "text": str(value)}
        case int():
            return {"type": "int", "text": str(value)}
        case PrintedFloat():
            return {"type": "printed float", "text": value.token}
        case float():
            return {"type": "float", "data": np.float64(value).tobytes()}
        case PrintedArray(tokens=tokens) if tokens is not None:
            text = b"\n".join(tokens.tolist()).decode("ascii")
            return {"type": "printed array", "shape": list(value.shape), "text": text}
    raise TypeError(f"cannot store a {type(value).__name__} as an output")


def _array_rows(array: Array) -> Iterator[dict[str, Any]]:
    if array.dtype.hasobject:
        raise TypeError("cannot store an array of Python objects as an output")
    step = max(1, PART_BYTES // max(1, array.dtype.itemsize))
    parts = max(1, math.ceil(array.size / step))
    flat: Any = array.reshape(-1) if array.flags.c_contiguous else array.flat
    for part in range(parts):
        yield {
            "type": "array",
            "dtype": repr(np.lib.format.dtype_to_descr(array.dtype)),
            "shape": list(array.shape),
            "part": part,
            "parts": parts,
            "data": np.asarray(flat[part * step : (part + 1) * step]).tobytes(),
        }


def load_outputs(path: Path, case: str | None = None) -> list[StoredOutput]:
    """The outputs of a file of ours, as they were saved; with `case`, those of that case.

    Arrays of more than one part lie in an unnamed temporary file, mapped read-only. Raises
    DataDamaged where the file is missing, broken or changed, MadeByNewer where it is of a newer
    harness.
    """
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            version = (file.schema_arrow.metadata or {}).get(b"harness_outputs_version")
            if version is None:
                raise _damaged(path, "it has no harness_outputs_version")  # noqa: TRY301
            if int(version) > SCHEMA_VERSION:
                raise from_newer(path, int(version), SCHEMA_VERSION)  # noqa: TRY301
            wanted = [
                i
                for i in range(file.num_row_groups)
                if case in (None, *file.read_row_group(i, columns=["case"])["case"].to_pylist())
            ]
            groups = (file.read_row_group(i) for i in wanted)
            return _assemble(row for group in groups for row in group.to_pylist())
    except DataUnreadable:
        raise
    except Exception as problem:
        # A flipped bit may make the reader stumble over anything.
        words = str(problem).strip().splitlines() or [type(problem).__name__]
        raise _damaged(path, words[0]) from problem


def _damaged(path: Path, what: str) -> DataDamaged:
    return DataDamaged(
        f"{path}: stored outputs cannot be read: {what}",
        hint="Restore the file from git or a copy; it must not be edited.",
    )


def _assemble(rows: Iterator[Mapping[str, Any]]) -> list[StoredOutput]:
    found = []
    for row in rows:
        if row["type"] == "array":
            value: OutputValue = _join_parts(row, rows)
        else:
            value = _scalar(row)
        keys = {name: row[name] for name in _KEYS}
        found.append(StoredOutput(**keys, value=value))
    return found


def _scalar(row: Mapping[str, Any]) -> OutputValue:
    text: str = row["text"] or ""
    match row["type"]:
        case "text":
            return text
        case "bytes":
            return bytes(row["data"])
        case "bool":
            return text == "True"
        case "int":
            return int(text)
        case "printed float":
            return PrintedFloat(text)
        case "float":
            return float(np.frombuffer(row["data"], dtype=np.float64)[0])
        case "printed array":
            array = printed_array(text.split("\n"), tuple(row["shape"]))
            if array is not None:
                return array
    raise ValueError(f"output {row['output']!r} has the unknown type {row['type']!r}")


def _join_parts(first: Mapping[str, Any], rest: Iterator[Mapping[str, Any]]) -> Array:
    dtype = np.lib.format.descr_to_dtype(ast.literal_eval(first["dtype"]))
    shape = tuple(first["shape"])
    if first["parts"] == 1:
        return np.frombuffer(bytearray(first["data"]), dtype=dtype).reshape(shape)
    with tempfile.TemporaryFile() as spool:
        spool.write(first["data"])
        for part in range(1, first["parts"]):
            row = next(rest)
            if row["output"] != first["output"] or row["part"] != part:
                raise ValueError(f"part {part} of output {first['output']!r} is missing")
            spool.write(row["data"])
        spool.flush()
        return np.memmap(spool, dtype=dtype, mode="r", shape=shape)


def metrics(values: Mapping[str, OutputValue]) -> dict[str, dict[str, MetricValue]]:
    """What `baseline.json` says of each output: size, SHA-256, and of numbers their statistics.

    `norm` is the Euclidean one; numbers that are not finite are given as the words nan and inf.
    """
    return {name: _metrics(value) for name, value in values.items()}


def _metrics(value: OutputValue) -> dict[str, MetricValue]:
    if isinstance(value, str):
        content = value.encode("utf-8")
        lines = value.count("\n") + (not value.endswith("\n") and bool(value))
        return {"type": "text", "bytes": len(content), "lines": lines, "sha256": _sha256(content)}
    if isinstance(value, bytes):
        return {"type": "bytes", "bytes": len(value), "sha256": _sha256(value)}
    if not isinstance(value, np.ndarray):
        return {"type": "number", "value": _plain(value)}
    digest = hashlib.sha256()
    for row in _array_rows(np.asarray(value)):
        digest.update(row["data"])
    summary: dict[str, MetricValue] = {
        "type": "array",
        "dtype": str(value.dtype),
        "shape": list(value.shape),
        "sha256": digest.hexdigest(),
    }
    if value.dtype.kind in "biuf" and value.size:
        sums = moments(np.asarray(value))
        norm = math.sqrt(value.size) * math.hypot(sums["mean"], sums["std"])
        summary |= {name: _plain(sums[name]) for name in ("mean", "std", "min", "max")}
        summary["norm"] = _plain(norm)
    return summary


def _plain(value: float) -> MetricValue:
    """A number that JSON can hold."""
    if isinstance(value, int):
        return int(value)
    return float(value) if math.isfinite(value) else str(float(value))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
