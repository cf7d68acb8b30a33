"""The folder of a cluster's run: who writes what, and which attempt of a shard counts.

Every file is written by one process under a name that no other one uses, and appears by a rename;
none is changed later. So nothing here needs a lock, which shared file systems lack or lie about:

    plan.json                       what was asked for; by the process that submits
    shards.jsonl                    a line for each shard
    jobs-<first>-<count>.jsonl      a line for each job: its shards; .index has where each begins.
                                    All jobs of one file run on the same node, or on any
    submitted/<first>-<count>-<unique>      these jobs were handed to the scheduler
    attempts/<thousand>/s<shard>-a<attempt>-<unique>.parquet        an attempt that was finished
                                  ....relayed.json                  what a command said
                                  ....records/                      files that it wrote
                                  ....failed.json                   one that was not, and why
                                  ....stream                        its trials, while it goes on
    logs/                           what jobs print
    cancelled-<unique>              somebody gave the run up
    taken-<unique>                  what a command said was told to who asked for it
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.system.store.files import damaged, read_kept, storage_errors, write_atomically

CLUSTER = ".cluster"
"""Beside the runs: the folders of runs on a cluster, and the trees that they ran."""
STEP = "step"
"""The kind of a run that is one piece of work, whose answer only the caller can use."""
RELAYED = ("relay", STEP)
"""The kinds of runs that say something, and leave no trials to be gathered."""
_PER_FOLDER = 1000
_ATTEMPT = re.compile(r"s(\d+)-a(\d+)-(\w+)\.(parquet|relayed\.json|failed\.json|stream)")
_FINISHED = ("parquet", "relayed.json")
_JOBS = re.compile(r"jobs-(\d+)-(\d+)\.jsonl")
_SUBMITTED = re.compile(r"(\d+)-(\d+)-\w+")
_OFFSET = struct.Struct("<Q")


class ClusterPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, and by whom."""

    run_id: str
    kind: str
    """`run`, `compare`, `sweep`; `relay`: a command that is run on a node as it stands; `step`: a
    piece of a campaign's work."""
    executor: str
    table: dict[str, Any]
    """`[executors.NAME]` as it was then."""
    started_at_ns: int
    command: list[str]
    settings: dict[str, Any]
    origin: dict[str, Any]
    about: dict[str, Any] = {}
    """What the kind needs to make its result: labels, axes."""
    tree: str
    """The digest of the project's files."""
    history: str = ""
    """The digest of the bundle with the repository's commits; empty: there is none."""
    head: str = ""
    folder: str
    """The working folder, relative to the top of the tree."""
    harness: str
    python: str
    shards: int
    schema_version: int = 1


class ClusterShard(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the run that one node runs: all targets of a task on a case."""

    index: int
    task: str
    case: str
    targets: list[str]
    words: list[str]
    """The command after `harness`; the places are added on the node."""
    host: str = ""
    """The node that it must run on; empty: any."""


def with_options(words: Sequence[str], more: Sequence[str]) -> list[str]:
    """A command line with further options: before the two dashes, where it has any."""
    at = words.index("--") if "--" in words else len(words)
    return [*words[:at], *more, *words[at:]]


@dataclass(frozen=True, slots=True)
class AttemptFile:
    """An attempt's file, by its name."""

    path: Path
    shard: int
    attempt: int
    unique: str
    kind: str
    """`parquet`, `relayed.json`, `failed.json` or `stream`."""


def unique() -> str:
    """A part of a name that nobody else chooses."""
    return secrets.token_hex(6)


def clusters_of(results: Path) -> Path:
    """The folder of all runs on clusters, beside the stored runs."""
    return results / CLUSTER


@dataclass(frozen=True, slots=True)
class ClusterFolder:
    """One run's folder."""

    path: Path

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def name(self) -> str:
        """What the run's jobs are called."""
        return f"harness-{self.run_id}"

    @property
    def results(self) -> Path:
        """The stored runs, of which the gathered one will be one."""
        return self.path.parent.parent

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def trees(self) -> Path:
        return self.path.parent / "trees"

    def create(self, plan: ClusterPlan, shards: Sequence[ClusterShard]) -> None:
        """Write the plan and its shards; the plan last: what has one is whole."""
        with storage_errors(self.path):
            for name in ("attempts", "logs", "submitted"):
                (self.path / name).mkdir(parents=True)
            lines = b"".join(msgspec.json.encode(shard) + b"\n" for shard in shards)
            write_atomically(self.path / "shards.jsonl", lines)
            write_atomically(self.path / "plan.json", msgspec.json.encode(plan))

    def remove(self) -> None:
        """Forget a run of which nothing was submitted."""
        shutil.rmtree(self.path, ignore_errors=True)

    def plan(self) -> ClusterPlan:
        path = self.path / "plan.json"
        try:
            return msgspec.json.decode(read_kept(path), type=ClusterPlan)
        except (FileNotFoundError, msgspec.DecodeError) as problem:
            raise damaged(path, str(problem)) from None

    def shards(self) -> list[ClusterShard]:
        path = self.path / "shards.jsonl"
        try:
            return msgspec.json.Decoder(ClusterShard).decode_lines(read_kept(path))
        except (FileNotFoundError, msgspec.DecodeError) as problem:
            raise damaged(path, str(problem)) from None

    # -- jobs ---------------------------------------------------------------------------------

    def ranges(self) -> list[tuple[int, int]]:
        """First number and count of the jobs of each call that planned some."""
        found = (_JOBS.fullmatch(name) for name in _names(self.path))
        return sorted((int(m[1]), int(m[2])) for m in found if m)

    def add_jobs(self, jobs: Sequence[Sequence[ClusterShard]]) -> tuple[int, int]:
        """Write what further jobs do; the number of the first one, and how many they are."""
        first = max((start + count for start, count in self.ranges()), default=0)
        lines = [msgspec.json.encode(list(job)) + b"\n" for job in jobs]
        offsets, at = bytearray(), 0
        for line in lines:
            offsets += _OFFSET.pack(at)
            at += len(line)
        stem = f"jobs-{first}-{len(jobs)}"
        with storage_errors(self.path):
            write_atomically(self.path / f"{stem}.index", bytes(offsets))
            write_atomically(self.path / f"{stem}.jsonl", b"".join(lines))
        return first, len(jobs)

    def job(self, number: int) -> list[ClusterShard]:
        """The shards of one job, without reading those of others."""
        for first, count in self.ranges():
            if first <= number < first + count:
                stem = f"jobs-{first}-{count}"
                with (self.path / f"{stem}.index").open("rb") as index:
                    index.seek((number - first) * _OFFSET.size)
                    (at,) = _OFFSET.unpack(index.read(_OFFSET.size))
                with (self.path / f"{stem}.jsonl").open("rb") as lines:
                    lines.seek(at)
                    return msgspec.json.decode(lines.readline(), type=list[ClusterShard])
        raise UsageError(f"{self.run_id} has no job {number}")

    def planned_with(self, number: int) -> tuple[int, str]:
        """How many jobs from this one on were planned together, and the node they must run on."""
        for first, count in self.ranges():
            if first <= number < first + count:
                return first + count - number, self.job(number)[0].host
        raise UsageError(f"{self.run_id} has no job {number}")

    def jobs_of(self, ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, list[int]]]:
        """Each job's number with the numbers of its shards."""
        for first, count in ranges:
            content = read_kept(self.path / f"jobs-{first}-{count}.jsonl")
            for number, line in enumerate(content.splitlines(), first):
                yield number, [shard["index"] for shard in json.loads(line)]

    def mark_submitted(self, first: int, count: int, *, replaced: bool = False) -> None:
        """Keep that these jobs were handed over: what cannot be told from their files yet.

        `replaced`: others are submitted in their place, whether they were or not.
        """
        name = f"{first}-{count}-{'x' * replaced}{unique()}"
        with storage_errors(self.path):
            (self.path / "submitted" / name).touch(exist_ok=False)

    def submitted(self) -> set[int]:
        """The numbers of the jobs that were handed over."""
        found = (_SUBMITTED.fullmatch(name) for name in _names(self.path / "submitted"))
        return {n for m in found if m for n in range(int(m[1]), int(m[1]) + int(m[2]))}

    def logs_of(self, number: int) -> list[Path]:
        """What a job printed, in each of its arrays, oldest first."""
        names = [name for name in _names(self.path / "submitted") if "x" not in name]
        ranges = [(int(m[1]), int(m[2])) for m in map(_SUBMITTED.fullmatch, names) if m]
        index = next((number - at for at, count in ranges if at <= number < at + count), None)
        logs = self.logs.glob(f"*_{index}.log") if index is not None else ()
        return sorted(logs, key=lambda path: path.stat().st_mtime)

    def cancel(self) -> None:
        """Keep that the run was given up."""
        with storage_errors(self.path):
            (self.path / f"cancelled-{unique()}").touch()

    @property
    def cancelled(self) -> bool:
        return any(name.startswith("cancelled-") for name in _names(self.path))

    def take(self) -> None:
        """Keep that what was said was told to who asked for it."""
        with storage_errors(self.path):
            (self.path / f"taken-{unique()}").touch()

    @property
    def taken(self) -> bool:
        return any(name.startswith("taken-") for name in _names(self.path))

    def revive(self) -> None:
        """Forget that it was given up."""
        for name in _names(self.path):
            if name.startswith("cancelled-"):
                (self.path / name).unlink(missing_ok=True)

    # -- attempts -----------------------------------------------------------------------------

    def place(self, shard: int) -> Path:
        """The folder of a shard's attempts."""
        return self.path / "attempts" / f"{shard // _PER_FOLDER:04}"

    def attempts(self, folders: Iterable[int] | None = None) -> list[AttemptFile]:
        """All attempts' files, or those of some folders, by their names alone."""
        base = self.path / "attempts"
        names = _names(base) if folders is None else [f"{number:04}" for number in folders]
        return [
            AttemptFile(base / folder / name, int(m[1]), int(m[2]), m[3], m[4])
            for folder in names
            for name in _names(base / folder)
            if (m := _ATTEMPT.fullmatch(name))
        ]


def folders_of(shards: Iterable[int]) -> set[int]:
    """The numbers of the folders that have the attempts of these shards."""
    return {shard // _PER_FOLDER for shard in shards}


def those_that_count(found: Iterable[AttemptFile]) -> dict[int, AttemptFile]:
    """The attempt that counts for each shard: of the finished ones the earliest, then by name.

    Which of them is faster plays no part: who chose by the result would choose a result.
    """
    best: dict[int, AttemptFile] = {}
    for each in found:
        if each.kind not in _FINISHED:
            continue
        now = best.get(each.shard)
        if now is None or (each.attempt, each.unique) < (now.attempt, now.unique):
            best[each.shard] = each
    return best


def latest_failures(found: Iterable[AttemptFile]) -> dict[int, Mapping[str, Any]]:
    """What the last unfinished attempt of each shard says, where one says anything."""
    told: dict[int, Mapping[str, Any]] = {}
    failed = [each for each in found if each.kind == "failed.json"]
    for each in sorted(failed, key=lambda f: f.attempt, reverse=True):
        if each.shard not in told:
            with contextlib.suppress(OSError, ValueError):
                told[each.shard] = json.loads(each.path.read_bytes())
    return told


def find_cluster(results: Path, run_id: str) -> ClusterFolder | None:
    """The folder of a run on a cluster, by its id or an unambiguous beginning; of none the latest.

    None where there is none.
    """
    base = clusters_of(results)
    names = sorted(n for n in _names(base) if (base / n / "plan.json").is_file())
    fitting = [name for name in names if name.startswith(run_id)]
    if len(fitting) > 1 and run_id and run_id not in fitting:
        raise UsageError(f"{len(fitting)} runs in {results} begin with {run_id!r}")
    return ClusterFolder(base / fitting[-1]) if fitting else None


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def without_trials(found: AttemptFile, kind: str) -> Path:
    """The file of another kind of the same attempt."""
    return found.path.with_name(f"s{found.shard:07}-a{found.attempt}-{found.unique}.{kind}")


def records_beside(found: AttemptFile) -> Path:
    """Where an attempt keeps the files that its command wrote."""
    return found.path.with_name(f"s{found.shard:07}-a{found.attempt}-{found.unique}.records")


def attempt_path(folder: ClusterFolder, shard: int, attempt: int) -> AttemptFile:
    """A new attempt of a shard, under a name that is nobody else's."""
    word = unique()
    name = f"s{shard:07}-a{attempt}-{word}.parquet"
    return AttemptFile(folder.place(shard) / name, shard, attempt, word, "parquet")
