"""What was read of many runs, so that it is not read again: a cache outside of the results.

It is a SQLite file in the user's cache folder. An entry is believed only as long as the run's files
are those that were read: the same inode, size, time of change and time of writing. A file that was
written within the last second is not entered: two writes in one tick of the clock have one time.
The index may be deleted at any time, and one that cannot be used is done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from harness.frozen import dataclass
from harness.system.process.places import is_ours, user_cache
from harness.system.store.run_file import RUN_NAME, StoredRun
from harness.system.store.runs import PARQUET_NAME, STREAM_NAME, parquet_of

EDITION = 6
"""Of the tables, and of what is in them; an index of another one is begun anew."""

_YOUNG_NS = 1_000_000_000

_TABLES = """
create table runs (name text primary key, trials text, seen integer, started integer, head blob);
create table measured (run text, place integer, task text, target text, body blob,
                       primary key (run, place)) without rowid;
create index by_target on measured (target);
create table may_have (target text, run text, primary key (target, run)) without rowid;
create index by_run on may_have (run);
create table figures (run text, name text, trials text, seen integer, sum integer, body blob);
create unique index by_figure on figures (name, run);
"""
_ANY = ""
"""The target of runs that do not say which they have."""


class IndexUnusable(Exception):
    """There is no index, or none that can be read or written: what it would say is read anew."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What an index keeps of a run."""

    started_at_ns: int
    head: Mapping[str, Any]
    """What is said of the run itself."""
    measured: Sequence[Mapping[str, Any]]
    """What it says of each measurement; has `task` and `target`."""
    targets: Iterable[str] | None
    """Those that may have a trial; None: any may."""


@dataclass(frozen=True, slots=True)
class FilesSeen:
    """What the files of a run were like when they were read."""

    trials: str
    """The name of that which has the trials."""
    like: int
    """See `_like`."""


def files_seen(run: StoredRun) -> FilesSeen | None:
    """What a run's files are like now; None where one is not there, or was just written."""
    parquet = parquet_of(run)
    name = STREAM_NAME if parquet is None else parquet.name
    folder = str(run.folder)
    try:
        latest = max(os.lstat(f"{folder}/{each}").st_ctime_ns for each in (RUN_NAME, name))
    except OSError:
        return None
    like = _like(folder, name)
    young = latest > time.time_ns() - _YOUNG_NS
    return None if young or not like else FilesSeen(name, like)


def _like(folder: str, trials: str) -> int:
    """What a run's two files are like, as 64 bits; 0 where one is not there.

    A number that Python makes of numbers is the same in every process, and soon made: with a
    hundred thousand runs this is what the user waits for.
    """
    try:
        one, two = os.lstat(f"{folder}/{RUN_NAME}"), os.lstat(f"{folder}/{trials}")
    except OSError:
        return 0
    of_run = (one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
    return hash((*of_run, two.st_ino, two.st_size, two.st_mtime_ns, two.st_ctime_ns))


class RunIndex:
    """The index of one folder of results; raises IndexUnusable. Use `open_index`."""

    def __init__(self, results: Path, file: sqlite3.Connection) -> None:
        self._results = str(results)
        self._file = file

    def changed(self, names: Sequence[str]) -> list[str]:
        """The runs of which nothing is known, or something else than is there now.

        What is known of them, and of runs that are gone, is forgotten.
        """
        whole, going_on = self._seen_with(PARQUET_NAME), self._seen_with(STREAM_NAME)
        found, other, results = [], [], self._results
        for name in names:
            like, trials = whole.pop(name, 0), PARQUET_NAME
            if not like:
                like, trials = going_on.pop(name, 0), STREAM_NAME
            if not like or _like(f"{results}/{name}", trials) != like:
                found.append(name)
                other += [name] if like else []
        self._forget([*whole, *going_on, *other])
        return found

    def _seen_with(self, trials: str) -> dict[str, int]:
        """What the files of the runs were like whose trials are in a file of that name."""
        rows = self._file.execute("select name, seen from runs where trials = ?", (trials,))
        return dict(rows.fetchall())

    def _forget(self, names: Sequence[str]) -> None:
        for table, column in (("runs", "name"), ("measured", "run"), ("may_have", "run")):
            self._file.executemany(
                f"delete from {table} where {column} = ?", [(name,) for name in names]
            )

    def enter(self, name: str, files: FilesSeen | None, entry: Entry) -> bool:
        """Keep what was read of a run while its files were like that; False where that cannot be.

        A number may be too long for the index, which no harness writes.
        """
        pack = msgspec.msgpack.encode
        try:
            head, bodies = pack(entry.head), [pack(body) for body in entry.measured]
        except (TypeError, OverflowError):
            return False
        if files is None:
            return False
        # Another process may have entered it since `changed` was asked.
        self._forget([name])
        self._file.execute(
            "insert into runs values (?, ?, ?, ?, ?)",
            (name, files.trials, files.like, entry.started_at_ns, head),
        )
        self._file.executemany(
            "insert into measured values (?, ?, ?, ?, ?)",
            [
                (name, place, str(body["task"]), str(body["target"]), packed)
                for place, (body, packed) in enumerate(zip(entry.measured, bodies, strict=True))
            ],
        )
        targets = [_ANY] if entry.targets is None else entry.targets
        self._file.executemany(
            "insert or ignore into may_have values (?, ?)", [(target, name) for target in targets]
        )
        return True

    def listed(
        self, task: str | None, target: str | None, earliest_ns: int
    ) -> Iterator[tuple[str, Mapping[str, Any], list[Mapping[str, Any]]]]:
        """Name, head and measurements of those runs that have what is asked for, oldest first."""
        wanted = [("task", task), ("target", target)]
        chosen = [(f"and {column} = ?", word) for column, word in wanted if word is not None]
        rows = self._file.execute(
            "select run, head, body from measured join runs on runs.name = run where started >= ? "
            f"{' '.join(clause for clause, _ in chosen)} order by run, place",
            [earliest_ns, *(word for _, word in chosen)],
        )
        unpack = msgspec.msgpack.decode
        for (name, head), own in groupby(rows, key=lambda row: row[:2]):
            yield name, unpack(head), [unpack(body) for *_, body in own]

    def with_target(self, target: str) -> set[str]:
        """The runs that may have a trial of a target."""
        rows = self._file.execute("select run from may_have where target in (?, ?)", (target, _ANY))
        return {name for (name,) in rows}

    def figures(self, name: str) -> Iterator[tuple[str, bytes]]:
        """The runs of which a figure's values are kept, with these; not where files changed."""
        rows = self._file.execute(
            "select run, trials, seen, sum, body from figures where name = ?", (name,)
        )
        for run, trials, seen, total, body in rows:
            if _like(f"{self._results}/{run}", trials) == seen and crc32(body) == total:
                yield run, body

    def keep_figures(self, name: str, run: str, files: FilesSeen, body: bytes) -> None:
        """Keep a figure's values in a run, as they were read while its files were like that."""
        self._file.execute(
            "insert or replace into figures values (?, ?, ?, ?, ?, ?)",
            (run, name, files.trials, files.like, crc32(body), body),
        )

    def forget_figures(self, names: Collection[str]) -> None:
        """Forget what is kept of runs that are not among these."""
        known = self._file.execute("select distinct run from figures").fetchall()
        gone = [(run,) for (run,) in known if run not in names]
        self._file.executemany("delete from figures where run = ?", gone)


@contextlib.contextmanager
def open_index(results: Path) -> Iterator[RunIndex]:
    """The index of a folder of results, of this user's; what was entered is kept at the end.

    Raises IndexUnusable, also within.
    """
    try:
        path = _place(results)
        with contextlib.closing(sqlite3.connect(path, timeout=5)) as file:
            _prepare(file)
            yield RunIndex(results, file)
            file.commit()
    except sqlite3.OperationalError as problem:  # locked, or a full disk: it may be whole
        raise IndexUnusable(str(problem)) from None
    except sqlite3.Error as problem:
        with contextlib.suppress(OSError):
            path.unlink()
        raise IndexUnusable(str(problem)) from None
    except (OSError, RuntimeError, msgspec.MsgspecError) as problem:
        raise IndexUnusable(str(problem)) from None


def _place(results: Path) -> Path:
    """Each folder of results has an index of its own."""
    folder = user_cache() / "indexes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_ours(folder):
        raise IndexUnusable(f"{folder}: others may write there")
    name = hashlib.sha256(os.fsencode(results.resolve())).hexdigest()[:32]
    return folder / f"{name}.sqlite"


def _prepare(file: sqlite3.Connection) -> None:
    file.execute("pragma synchronous = off")  # it can be made again
    (edition,) = file.execute("pragma user_version").fetchone()
    if edition != EDITION:
        names = file.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (name,) in names:
            file.execute(f"drop table {name}")
        file.executescript(f"{_TABLES} pragma user_version = {EDITION};")
