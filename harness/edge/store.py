"""Runs on disk: one folder a run, one row a trial, nothing lost when the machine goes down.

While a run goes on every trial is appended to `trials.arrows`, an Arrow IPC stream, before the next
one begins; at its end the stream is turned into `trials.parquet` by an atomic rename. `run.json`
holds the plan from the first moment on and the summary at the end. The schema is explicit and
versioned; `docs/store.md` describes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.edge.rows import ADDED, SCHEMA_VERSION, from_row, schema, to_row
from harness.errors import DataDamaged, NotAllowed, StorageFailed, UsageError
from harness.model import TrialRecord

if TYPE_CHECKING:
    import pyarrow as pa

BlockKey = tuple[str, str, int]
"""Task, case and number: every task and case of a run has a block 0."""

_STREAM = "trials.arrows"
_PARQUET = "trials.parquet"
_RUN = "run.json"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk: a file that was renamed is found after a crash."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """All rows as one Parquet file, in place of any that was there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = _table(rows)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    write_atomically(path, sink.getvalue().to_pybytes())


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as an Arrow table with exactly the schema's columns.

    Through JSON text, and not by `Table.from_pylist`: handed Python values, pyarrow imports pandas
    to see whether they are any of its own, which takes longer than a short run's trials.
    """
    import pyarrow as pa
    import pyarrow.json as arrow_json

    if not rows:
        return schema().empty_table()  # the reader takes no empty text
    text = "\n".join(map(json.dumps, rows)).encode()
    table = arrow_json.read_json(
        pa.BufferReader(text),
        # One block holds it all: no row is too long for it.
        arrow_json.ReadOptions(use_threads=False, block_size=len(text)),
        arrow_json.ParseOptions(explicit_schema=schema(), unexpected_field_behavior="error"),
    )
    return table.replace_schema_metadata(schema().metadata)


def read_parquet(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file of trials; DataDamaged where it is none of ours or broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as problem:
        raise _damaged(path, str(problem)) from None
    version = (table.schema.metadata or {}).get(b"harness_schema_version")
    if version is None:
        raise _damaged(path, "it has no harness_schema_version")
    if int(version) > SCHEMA_VERSION:
        raise DataDamaged(
            f"{path}: written by a newer harness (schema {int(version)}, known {SCHEMA_VERSION})",
            hint="Upgrade optim-harness to read it.",
        )
    missing = set(schema().names) - ADDED - set(table.schema.names)
    if missing:
        raise _damaged(path, f"it has no column {', '.join(sorted(missing))}")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def read_stream(path: Path) -> list[dict[str, Any]]:
    """The rows of an unfinished run; a last row that was cut off by a crash is left out.

    Raises DataDamaged where not even the beginning can be read, which is whole from the first
    moment on.
    """
    import pyarrow as pa

    rows: list[dict[str, Any]] = []
    try:
        with (
            pa.OSFile(str(path), "rb") as file,
            pa.ipc.open_stream(file) as reader,
            contextlib.suppress(OSError, pa.ArrowException),  # the row in flight at a crash
        ):
            for batch in reader:
                rows.extend(batch.to_pylist())
    except (OSError, pa.ArrowException) as problem:
        raise _damaged(path, str(problem)) from None
    return rows


def _damaged(path: Path, what: str) -> DataDamaged:
    first = what.splitlines()[0] if what else "unreadable"
    return DataDamaged(
        f"{path}: damaged: {first}",
        hint="Move the run's folder away, or restore the file from a copy; other runs are intact.",
    )


class RunWriter:
    """Writes one run. Use as a context manager; `finish` makes the Parquet file.

    Raises NotAllowed where another process is writing it.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any], host_id: str) -> None:
        import pyarrow as pa

        self.folder = folder
        self._host_id = host_id
        with storage_errors(folder), contextlib.ExitStack() as opened:
            folder.mkdir(parents=True, exist_ok=True)
            opened.enter_context(_hold(folder))
            self.rows = load_rows(folder)
            self.plan = dict(plan)
            self._write_run({"plan": self.plan, "finished": False})
            # Earlier rows are written anew beside the old stream, which stays until they are safe.
            fresh = folder / f".{_STREAM}.new"
            self._file = opened.enter_context(fresh.open("wb", buffering=0))
            self._stream = pa.ipc.new_stream(self._file, schema())
            for row in self.rows:
                self._append(row)
            fresh.replace(folder / _STREAM)
            self._opened = opened.pop_all()

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, record: TrialRecord) -> None:
        """Store one trial; it survives the death of this process from here on."""
        row = to_row(record, self._host_id)
        with storage_errors(self.folder):
            self._append(row)
        self.rows.append(row)

    def _append(self, row: Mapping[str, Any]) -> None:
        self._stream.write_table(_table([row]))

    def finish(self, summary: Mapping[str, Any], disturbed_blocks: frozenset[BlockKey]) -> Path:
        """Turn the stream into Parquet, mark disturbed blocks, keep the summary.

        Returns the path of the Parquet file. Called again after `--resume`, it replaces the file.
        """
        for row in self.rows:
            row["disturbed"] = (row["task"], row["case"], row["block"]) in disturbed_blocks
        path = self.folder / _PARQUET
        with storage_errors(self.folder):
            write_parquet(path, self.rows)
            self._write_run({"plan": self.plan, "finished": True, "summary": dict(summary)})
            self.close()
            (self.folder / _STREAM).unlink(missing_ok=True)
        return path

    def close(self) -> None:
        """Close the stream; without `finish` the run stays unfinished and can be resumed."""
        if self._file.closed:
            return
        with storage_errors(self.folder), self._opened:
            self._stream.close()  # writes its end, which a full disk refuses

    def _write_run(self, content: Mapping[str, Any]) -> None:
        text = json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=1)
        write_atomically(self.folder / _RUN, text.encode())


def _hold(folder: Path) -> contextlib.ExitStack:
    """Keep other processes from writing a run until the answer is closed, or this process ends."""
    with contextlib.ExitStack() as held:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        held.callback(os.close, handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotAllowed(
                f"{folder.name} is being measured by another process",
                hint="Wait until it ends; `harness history` says whether it has.",
            ) from None
        except OSError:  # a file system without locks
            pass
        return held.pop_all()


def is_being_written(folder: Path) -> bool:
    """Is a process at work on this run now?"""
    with contextlib.suppress(OSError):
        try:
            _hold(folder).close()
        except NotAllowed:
            return True
    return False


@contextlib.contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """A full disk or a read-only folder, in words."""
    try:
        yield
    except OSError as problem:
        raise StorageFailed(
            f"cannot write to {folder}: {problem.strerror or problem}",
            hint="Free some space or choose another folder with --results.",
        ) from None


def load_rows(folder: Path) -> list[dict[str, Any]]:
    """All stored trials of a run, finished or not."""
    if (folder / _STREAM).exists():
        rows = read_stream(folder / _STREAM)
        if rows or not (folder / _PARQUET).exists():
            return rows
    if (folder / _PARQUET).exists():
        return read_parquet(folder / _PARQUET)
    return []


@dataclass(frozen=True, slots=True)
class StoredRun:
    """What `run.json` says of a run."""

    id: str
    folder: Path
    plan: Mapping[str, Any]
    finished: bool
    summary: Mapping[str, Any]


def read_run(folder: Path) -> StoredRun:
    """A run's plan and summary; DataDamaged where `run.json` cannot be read."""
    path = folder / _RUN
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return StoredRun(
            id=folder.name,
            folder=folder,
            plan=content["plan"],
            finished=bool(content["finished"]),
            summary=content.get("summary", {}),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _damaged(path, f"{type(problem).__name__}: {problem}") from None


def run_folders(results: Path) -> list[Path]:
    """The folders of all runs, oldest first (their names begin with the time)."""
    if not results.is_dir():
        return []
    return sorted(folder for folder in results.iterdir() if (folder / _RUN).exists())


def stored_rows(run: StoredRun) -> list[dict[str, Any]]:
    """All trials of a stored run; DataDamaged where they are gone or cannot be read."""
    kept = [run.folder / name for name in (_STREAM, _PARQUET)]
    if run.finished and not any(path.exists() for path in kept):
        raise _damaged(run.folder / _PARQUET, "it is missing, and the run was finished")
    return load_rows(run.folder)


def stored_records(run: StoredRun) -> list[tuple[str, TrialRecord]]:
    """All trials of a stored run, each with its host's id; DataDamaged for what makes no sense."""
    try:
        return [(row["host_id"], from_row(row)) for row in stored_rows(run)]
    except (KeyError, ValueError, TypeError) as problem:
        raise _damaged(run.folder, f"{type(problem).__name__}: {problem}") from None


def find_run(results: Path, run_id: str | None) -> Path:
    """A run's folder by its id or an unambiguous beginning; None: the latest one."""
    folders = run_folders(results)
    if run_id is None:
        if not folders:
            raise UsageError(f"no runs in {results}", hint="`harness run` makes one.")
        return folders[-1]
    matching = [f for f in folders if f.name.startswith(run_id)]
    exact = [f for f in matching if f.name == run_id]
    if len(exact or matching) != 1:
        count = "no run" if not matching else f"{len(matching)} runs"
        raise UsageError(
            f"{count} in {results} with the id {run_id!r}", hint="`harness history` lists them."
        )
    return (exact or matching)[0]
