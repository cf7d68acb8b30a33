"""Runs on disk: one folder per run, one row per trial; nothing is lost when a process is killed.

While a run goes on every trial is appended to `trials.stream` before the next one begins; at its
end the stream is turned into `trials.parquet` by an atomic rename. `run.json` holds the settings
from the first moment on, and at the end the summary and the digest of the Parquet file. A run's
folder comes to be by a rename, with settings and stream in it, so that there is no moment at which
it cannot be read. What is renamed is flushed to the disk first; trials of a run that goes on are
not, since that would take longer than they do. `docs/store.md` describes it all.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import DataUnreadable, StorageFailed
from harness.model import BuildFacts, MetricInfo, TrialRecord
from harness.system.store.at_work import at_work, hold_run, killed, staging
from harness.system.store.described import Described
from harness.system.store.files import (
    check_file,
    clear_temporaries,
    damaged,
    from_newer,
    not_written,
    storage_errors,
    sync_folder,
    write_atomically,
)
from harness.system.store.parquet import read_old_stream, read_parquet, unknown_types, write_parquet
from harness.system.store.rows import (
    SCHEMA_VERSION,
    NewerSchema,
    Row,
    Whereabouts,
    from_row,
    to_cells,
)
from harness.system.store.run_file import RUN_NAME, StoredRun, encode_run, read_run
from harness.system.store.stream import (
    BrokenStream,
    StreamWriter,
    can_go_on,
    read_rows,
    write_stream,
)

BlockKey = tuple[str, str, int]
"""Task, case and number: every task and case of a run has a block 0."""

STREAM_NAME = "trials.stream"
_OLD_STREAM = "trials.arrows"
"""What harnesses wrote before there was `trials.stream`."""
PARQUET_NAME = "trials.parquet"

# -- streams ----------------------------------------------------------------------------------


def read_stream(path: Path) -> Iterator[Row]:
    """The rows of an unfinished run; a last row that was cut off by a kill is left out.

    Raises DataDamaged where a byte was changed.
    """
    with understood(path):
        yield from read_rows(path)


@contextlib.contextmanager
def understood(path: Path) -> Iterator[None]:
    """What is wrong with a file of a run, by its name: damaged, or of a newer harness."""
    try:
        yield
    except NewerSchema as newer:
        raise from_newer(path, newer.version, SCHEMA_VERSION) from None
    except (BrokenStream, OSError) as problem:
        raise damaged(path, str(problem)) from None


# -- writing a run ----------------------------------------------------------------------------


class RunWriter:
    """Writes one run. Use as a context manager; `finish` makes the Parquet file.

    Raises NotAllowed where another process is writing it. No rows are kept in memory.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any], host_id: str) -> None:
        self.folder, self.run_id = folder, folder.name
        self.plan = dict(plan)
        self.described = Described()
        self._host_id, self._where = host_id, whereabouts_of(plan)
        with storage_errors(folder), contextlib.ExitStack() as opened:
            folder.parent.mkdir(parents=True, exist_ok=True)
            clear_killed(folder.parent)
            opened.enter_context(at_work(folder))
            if (folder / RUN_NAME).exists():
                opened.enter_context(hold_run(folder))
                self._go_on()
            else:
                opened.enter_context(_begin(folder, encode_run(self._unfinished())))
            self._stream = self._open()
            opened.callback(self._stream.close)
            self._opened = opened.pop_all()

    def _open(self) -> StreamWriter:
        path = self.folder / STREAM_NAME
        try:
            return StreamWriter(path, self.folder.name)
        except BrokenStream as problem:
            raise damaged(path, str(problem)) from None

    def _unfinished(self) -> dict[str, Any]:
        return {"plan": self.plan, "finished": False, **self.described.to_json()}

    def _go_on(self) -> None:
        """Have a stream with all earlier trials, and a `run.json` that says unfinished."""
        clear_temporaries(self.folder)
        run = read_run(self.folder)
        self.described = run.described
        stream = self.folder / STREAM_NAME
        with understood(stream):
            ready = not run.finished and can_go_on(stream)
        if not ready:
            rows = list(stored_rows(run))
            fresh = self.folder / f".{STREAM_NAME}.00000000.new"
            write_stream(fresh, self.folder.name, rows)
            fresh.replace(stream)
            sync_folder(self.folder)
        if run.finished or not run.sealed:
            write_atomically(self.folder / RUN_NAME, encode_run(self._unfinished()))
        (self.folder / _OLD_STREAM).unlink(missing_ok=True)

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def earlier(self) -> Iterator[Row]:
        """The trials that are stored, one at a time, in the order in which they were made."""
        return read_stream(self.folder / STREAM_NAME)

    def describe(
        self, metrics: Iterable[MetricInfo] = (), builds: Iterable[BuildFacts] = ()
    ) -> None:
        """Declare metrics and builds that trials name; may be called at any time, and again.

        `run.json` says them from here on, the Parquet file at the end.
        """
        more = self.described.plus(metrics, builds)
        if more != self.described:
            self.described = more
            with storage_errors(self.folder):
                write_atomically(self.folder / RUN_NAME, encode_run(self._unfinished()))

    def append(self, record: TrialRecord) -> None:
        """Store one trial; it survives the death of this process from here on."""
        cells = to_cells(record, self._host_id, self._where)
        try:
            self._stream.append_cells(cells)
        except OSError as problem:
            raise not_written(self.folder, problem) from None
        except msgspec.ValidationError as problem:
            raise StorageFailed(
                f"a trial of {record.target} cannot be stored: {problem}",
                hint=f"The adapter {record.adapter!r} gave a figure of the wrong kind or size.",
            ) from None

    def finish(self, summary: Mapping[str, Any], disturbed_blocks: Container[BlockKey]) -> Path:
        """Turn the stream into Parquet, mark disturbed blocks, keep the summary.

        Returns the path of the Parquet file. Called again after `--resume`, it replaces the file.
        """
        rows = _marked(self.earlier(), disturbed_blocks)
        path = self.folder / PARQUET_NAME
        with storage_errors(self.folder):
            unknown = unknown_types(self.earlier(), self._stream.unknown)
            facts = write_parquet(path, rows, self.described, unknown)
            content = {
                "plan": self.plan,
                "finished": True,
                "summary": dict(summary),
                "parquet": {"bytes": facts.bytes, "sha256": facts.sha256},
                **self.described.to_json(),
                **({"unknown": list(unknown)} if unknown else {}),
            }
            write_atomically(self.folder / RUN_NAME, encode_run(content))
            (self.folder / STREAM_NAME).unlink(missing_ok=True)
        self.close()
        return path

    def close(self) -> None:
        """Close the stream; without `finish` the run stays unfinished and can be resumed."""
        with storage_errors(self.folder):
            self._opened.close()


def whereabouts_of(plan: Mapping[str, Any]) -> Whereabouts:
    """The machine's name, the CPUs of this process or the plan, and what a job says of itself."""
    attempt = os.environ.get("HARNESS_ATTEMPT", "")
    return Whereabouts(
        node=platform.node(),
        cpus=_ranges(sorted(plan.get("cpus") or os.sched_getaffinity(0))),
        job=os.environ.get("HARNESS_JOB") or None,
        attempt=int(attempt) if attempt.isdigit() else None,
        cpu_model=(plan.get("host") or {}).get("cpu"),
    )


def _ranges(numbers: Sequence[int]) -> str:
    """`0-3,8` of sorted numbers."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{low}-{high}" if low < high else f"{low}" for low, high in parts)


def _marked(rows: Iterable[Row], disturbed_blocks: Container[BlockKey]) -> Iterator[Row]:
    """The rows with a mark on those of disturbed blocks."""
    for row in rows:
        row["disturbed"] = (row["task"], row["case"], row["block"]) in disturbed_blocks
        yield row


@contextlib.contextmanager
def _begin(folder: Path, run: bytes) -> Iterator[None]:
    """Make a run's folder with settings and stream in it, by a rename, and hold it."""
    made = staging(folder)
    made.mkdir()
    try:
        with hold_run(made):
            write_stream(made / STREAM_NAME, folder.name)
            write_atomically(made / RUN_NAME, run)
            made.rename(folder)
            sync_folder(folder.parent)
            yield
    finally:
        shutil.rmtree(made, ignore_errors=True)


def clear_killed(results: Path) -> None:
    """Remove what killed processes left behind in the runs of a folder; trials are no such thing.

    Runs that were not yet any vanish, and of the others temporary files and the streams of which
    the Parquet file is finished.
    """
    for folder in killed(results):
        _clear(folder)


def _clear(folder: Path) -> None:
    shutil.rmtree(staging(folder), ignore_errors=True)
    clear_temporaries(folder)
    with contextlib.suppress(DataUnreadable):
        if read_run(folder).finished:
            (folder / STREAM_NAME).unlink(missing_ok=True)


# -- reading a run ----------------------------------------------------------------------------


def parquet_of(run: StoredRun) -> Path | None:
    """The Parquet file in which a run's trials are; None where they are in a stream, or nowhere."""
    stream, old, parquet = (run.folder / name for name in (STREAM_NAME, _OLD_STREAM, PARQUET_NAME))
    if run.finished and (run.sealed or parquet.exists()):
        return parquet
    if stream.exists() or run.sealed or not (run.finished or parquet.exists()):
        return None
    return None if old.exists() and read_old_stream(old) else parquet


def stored_rows(run: StoredRun) -> Iterable[Row]:
    """All trials of a stored run; DataDamaged where they are gone or cannot be read."""
    parquet = parquet_of(run)
    if parquet is not None:
        return read_parquet(parquet, run.parquet)
    stream, old = run.folder / STREAM_NAME, run.folder / _OLD_STREAM
    if stream.exists() or run.sealed:
        return read_stream(stream)
    # An older harness may have been killed before it had made a stream.
    return read_old_stream(old) if old.exists() else []


def check_run(run: StoredRun) -> None:
    """DataDamaged where a run's trials are gone or changed; those of a whole run are not read."""
    if run.finished and run.parquet is not None:
        check_file(run.folder / PARQUET_NAME, run.parquet)
    else:
        for _ in stored_rows(run):
            pass


def stored_records(run: StoredRun) -> list[tuple[str, TrialRecord]]:
    """All trials of a stored run, each with its host's id; DataDamaged for what makes no sense."""
    with making_sense(run.folder):
        return [(row["host_id"], from_row(row)) for row in stored_rows(run)]


def read_records(path: Path) -> list[TrialRecord]:
    """The trials of a Parquet file; DataDamaged where it is broken or makes no sense."""
    with making_sense(path):
        return [from_row(row) for row in read_parquet(path)]


@contextlib.contextmanager
def making_sense(path: Path) -> Iterator[None]:
    """What older files say is not held against a digest: what makes no sense in it is damage."""
    try:
        yield
    except (LookupError, ValueError, TypeError, AttributeError) as problem:
        raise damaged(path, f"{type(problem).__name__}: {problem}") from None
