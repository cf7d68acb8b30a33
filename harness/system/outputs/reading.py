"""Reads what a trial left: declared outputs become arrays, scalars, texts or bytes.

A program's files are not to be trusted: any of them may be missing, cut off, of another format, a
pipe that never ends or a link to somewhere else. Each of these is a TrialFailed that names the
output and the file, says what was seen, and what to do.
"""

from __future__ import annotations

import json
import re
import stat
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.correctness.printed import (
    Array,
    PrintedFloat,
    is_number,
    printed_array,
    read_token,
)
from harness.errors import TrialFailed
from harness.model import FileFormat, Output, OutputSource, OutputSpec, OutputValue
from harness.system.outputs.csv_tables import TableError, read_table
from harness.system.outputs.jsonpath import canonical_json, json_to_value, pick
from harness.system.outputs.parquet_columns import column_value
from harness.system.outputs.regexes import TooHardError, find_all
from harness.system.outputs.texts import text_or_bytes
from harness.system.process.telling import printable
from harness.system.process.trees import MOST_FILES, LeftTooMuchError, files_below

MAPPED_BYTES = 64 * 2**20
"""Arrays of this size and above are mapped, not read: 10^8 numbers need no memory of ours."""

MOST_UNPACKED_BYTES = 256 * 2**20
"""The most bytes of compressed arrays, which are not mapped."""

MOST_TEXT_BYTES = 64 * 2**20
MOST_JSON_VALUES = 4_000_000
"""What is read as a text takes several times its size in memory, JSON a hundred bytes a value."""

_SHOWN = 10


def read_outputs(output: Output, specs: Sequence[OutputSpec]) -> dict[str, OutputValue]:
    """The declared outputs by name; with none declared, all of standard output as `stdout`.

    A text that is not UTF-8 is given as bytes. Raises TrialFailed for an output that is missing or
    cannot be read as declared.
    """
    if not specs:
        whole = OutputSpec("stdout", OutputSource.STDOUT)
        return {"stdout": _read(output, whole)}
    return {spec.name: _read(output, spec) for spec in specs}


def _read(output: Output, spec: OutputSpec) -> OutputValue:
    path = output.stdout if spec.source is OutputSource.STDOUT else _locate(output, spec)
    try:
        return _READERS[spec.format](path, spec)
    except TrialFailed:
        raise
    except Exception as problem:
        # Readers of foreign formats raise whatever a damaged file makes them stumble over.
        words = str(problem).strip().splitlines() or [type(problem).__name__]
        raise _failed(
            spec, path, f"cannot be read as {spec.format.value}: {words[0]}", _glance(path)
        ) from problem


def _locate(output: Output, spec: OutputSpec) -> Path:
    """The declared file, which must be an ordinary one within the trial's own folder."""
    name = spec.path or ""
    try:
        folder = output.folder.resolve()
        path = (folder / name).resolve()
    except (OSError, RuntimeError, ValueError) as problem:  # a link that leads to itself
        raise TrialFailed(
            f"output {spec.name!r}: {name!r} leads nowhere: {problem}",
            hint="Have the program write an ordinary file of that name.",
        ) from None
    if not path.is_relative_to(folder) or path == folder:
        raise TrialFailed(
            f"output {spec.name!r}: {name!r} leads out of the trial's folder, to {path}",
            hint="Give a path below the folder that the program runs in, without `..` or links.",
        )
    try:
        mode = path.stat().st_mode
    except OSError:
        raise TrialFailed(
            f"output {spec.name!r}: the program wrote no file {name!r}; it left {_listing(folder)}",
            hint="Correct `path`, or have the program write the file to its current folder.",
        ) from None
    if not stat.S_ISREG(mode):
        raise TrialFailed(
            f"output {spec.name!r}: {name!r} is a {_kind_of_file(mode)}, not a file",
            hint="Declare each file as an output of its own.",
        )
    return path


def _kind_of_file(mode: int) -> str:
    return "folder" if stat.S_ISDIR(mode) else "pipe, socket or device"


def _listing(folder: Path) -> str:
    try:
        files = sorted(map(printable, files_below(folder, MOST_FILES)))
    except (OSError, LeftTooMuchError) as problem:
        return f"what cannot be listed ({problem})"
    if not files:
        return "no files at all"
    shown = ", ".join(files[:_SHOWN])
    more = len(files) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _glance(path: Path) -> str:
    """The beginning of a file as a message shows it."""
    try:
        with path.open("rb") as file:
            start = file.read(60)
    except OSError as problem:
        return f"{problem.strerror}."
    if not start:
        return "The file is empty."
    return f"It begins with {start!r} and has {path.stat().st_size} bytes."


def _failed(spec: OutputSpec, path: Path, what: str, hint: str) -> TrialFailed:
    return TrialFailed(f"output {spec.name!r}: {path.name}: {what}", hint=hint)


def _content(path: Path, spec: OutputSpec) -> bytes:
    """All of a file that is read as a text; TrialFailed where it is too long for that."""
    size = path.stat().st_size
    if size > MOST_TEXT_BYTES:
        raise _failed(
            spec,
            path,
            f"has {size:,} bytes, and at most {MOST_TEXT_BYTES:,} are read as {spec.format.value}",
            "Write so many numbers as .npy or .parquet, or as raw numbers with `dtype`.",
        )
    return path.read_bytes()


# ---- text ------------------------------------------------------------------------------------


def _read_text(path: Path, spec: OutputSpec) -> OutputValue:
    content = _content(path, spec)
    if spec.pattern is None and spec.key is None:
        return text_or_bytes(content)
    text = content.decode("utf-8", errors="replace")
    try:
        found = find_all(spec.pattern, path) if spec.pattern else _by_key(text, spec.key or "")
    except TooHardError as problem:
        what = f"pattern {spec.pattern!r} {problem}"
        raise _failed(spec, path, what, "Give each part one way to match: no (a+)+.") from None
    if not found:
        sought = f"pattern {spec.pattern!r}" if spec.pattern else f"key {spec.key!r}"
        lines = "\n".join(f"  {line[:100]}" for line in text.splitlines()[:5]) or "  (nothing)"
        raise _failed(
            spec, path, f"{sought} is not found; it begins with\n{lines}", "Correct harness.toml."
        )
    return words_to_value(found)


def _by_key(text: str, key: str) -> list[str]:
    """What stands behind `key =` or `key:`; all numbers of the line where there is nothing else."""
    line = re.compile(rf"(?<![\w.-]){re.escape(key)}[\"']?[ \t]*(?:=|:)[ \t]*(.*)")
    found: list[str] = []
    for match in line.finditer(text):
        words = match[1].strip().strip("[](){}").replace(",", " ").split()
        if words and all(map(is_number, words)):
            found += words
        elif words:
            found.append(words[0] if is_number(words[0]) else match[1].strip())
    return found


def words_to_value(words: Sequence[str]) -> OutputValue:
    """One word: a number where it is one, else a text. Several: an array, else a text of lines.

    Punctuation behind a number (`3.5,`) is not a part of it.
    """
    trimmed = [word.strip().rstrip(",;") for word in words]
    if len(trimmed) == 1:
        number = read_token(trimmed[0])
        return number if number is not None else words[0]
    array = printed_array(trimmed)
    return array if array is not None else "\n".join(words)


# ---- JSON ------------------------------------------------------------------------------------


def _read_json(path: Path, spec: OutputSpec) -> OutputValue:
    text = _content(path, spec).decode("utf-8-sig")
    if sum(text.count(mark) for mark in ",[{") > MOST_JSON_VALUES:
        what = f"has more than {MOST_JSON_VALUES:,} values"
        raise _failed(spec, path, what, "Write so many as .npy, .npz or .parquet.")
    document = (
        _parse_json(text) if spec.format is FileFormat.JSON else _parse_lines(text, path, spec)
    )
    if isinstance(document, list) and spec.format is FileFormat.JSONL and not spec.json_path:
        return "\n".join(map(canonical_json, document))
    try:
        return json_to_value(pick(document, spec.json_path or ""))
    except LookupError as problem:
        raise _failed(
            spec, path, str(problem.args[0]), "Correct the output's `json` in harness.toml."
        ) from None


def _parse_json(text: str) -> Any:
    return json.loads(text, parse_float=PrintedFloat, parse_constant=PrintedFloat)


def _parse_lines(text: str, path: Path, spec: OutputSpec) -> list[Any]:
    """A document a line; empty lines are none."""
    documents = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                documents.append(_parse_json(line))
            except ValueError as problem:
                what = f"line {number} is not JSON: {problem}"
                raise _failed(spec, path, what, _glance(path)) from None
    return documents


# ---- CSV -------------------------------------------------------------------------------------


def _read_csv(path: Path, spec: OutputSpec) -> OutputValue:
    try:
        return read_table(path, spec.key)
    except TableError as problem:
        raise _failed(spec, path, problem.what, problem.hint) from None


# ---- binary ----------------------------------------------------------------------------------


def _read_npy(path: Path, spec: OutputSpec) -> OutputValue:
    # Mapped first: a header that promises more than the file holds costs no memory.
    array: Array = np.lib.format.open_memmap(path, mode="r")
    return _small_in_memory(array)


def _small_in_memory(array: Array) -> Array:
    return array if array.nbytes >= MAPPED_BYTES else np.array(array, subok=False)


def _read_npz(path: Path, spec: OutputSpec) -> OutputValue:
    with np.load(path, allow_pickle=False) as archive:
        if not hasattr(archive, "files"):
            raise _failed(spec, path, "is not an npz archive", 'Use format = "npy".')
        name = spec.key if spec.key is not None else _only(archive.files, spec, path)
        if name not in archive.files:
            there = ", ".join(archive.files[:_SHOWN])
            raise _failed(spec, path, f"has no array {name!r}; it has {there}", "Correct `key`.")
        _check_unpacked(_unpacked_bytes(path, name), spec, path)
        array: Array = archive[name]
        return array


def _unpacked_bytes(path: Path, name: str) -> int:
    with zipfile.ZipFile(path) as archive:
        sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.infolist()}
    return sizes.get(name.removesuffix(".npy"), 0)


def _check_unpacked(size: int, spec: OutputSpec, path: Path) -> None:
    """A few kilobytes may unpack to a terabyte of zeros."""
    if size > MOST_UNPACKED_BYTES:
        what = f"unpacks to {size:,} bytes, and at most {MOST_UNPACKED_BYTES:,} are read"
        raise _failed(spec, path, what, "Write large arrays as .npy, which is not unpacked.")


def _only(names: Sequence[str], spec: OutputSpec, path: Path) -> str:
    if len(names) != 1:
        there = ", ".join(names[:_SHOWN]) or "nothing"
        raise _failed(spec, path, f"which of these is the output: {there}?", "Name it with `key`.")
    return names[0]


def _read_parquet(path: Path, spec: OutputSpec) -> OutputValue:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        name = spec.key if spec.key is not None else _only(names, spec, path)
        if name not in names:
            there = ", ".join(names[:_SHOWN])
            raise _failed(spec, path, f"has no column {name!r}; it has {there}", "Correct `key`.")
        rows = file.metadata.num_rows
        _check_unpacked(
            max(8 * rows, file.metadata.row_group(0).total_byte_size if rows else 0), spec, path
        )
        column = file.read(columns=[name]).column(0)
    return column_value(column, spec.tolerance.nan_equal)


def _read_raw(path: Path, spec: OutputSpec) -> OutputValue:
    if spec.dtype is None:
        return _content(path, spec)
    dtype = np.dtype(spec.dtype)
    if dtype.hasobject or dtype.itemsize == 0:
        raise _failed(spec, path, f"dtype {spec.dtype!r} has no fixed size", "Use e.g. `<f8`.")
    size = path.stat().st_size
    count, rest = divmod(size, dtype.itemsize)
    if rest:
        what = f"{size} bytes are no whole number of {spec.dtype} ({dtype.itemsize} bytes each)"
        raise _failed(spec, path, what, "Correct `dtype`, or was the file cut off?")
    if not count:
        return np.zeros(0, dtype=dtype)
    array: Array = np.memmap(path, dtype=dtype, mode="r", shape=(count,))
    if spec.shape is not None:
        try:
            array = array.reshape(spec.shape)
        except ValueError:
            what = f"{count} elements of {spec.dtype} do not fill the shape {list(spec.shape)}"
            raise _failed(spec, path, what, "Correct `shape`, or was the file cut off?") from None
    return _small_in_memory(array)


_READERS: dict[FileFormat, Callable[[Path, OutputSpec], OutputValue]] = {
    FileFormat.TEXT: _read_text,
    FileFormat.JSON: _read_json,
    FileFormat.JSONL: _read_json,
    FileFormat.CSV: _read_csv,
    FileFormat.NPY: _read_npy,
    FileFormat.NPZ: _read_npz,
    FileFormat.PARQUET: _read_parquet,
    FileFormat.RAW: _read_raw,
}
