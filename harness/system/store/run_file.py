"""`run.json`: what a run was to find out, what it found, and the digests that hold it to that."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from harness.errors import DataUnreadable, UsageError
from harness.frozen import dataclass
from harness.model import BuildFacts, MetricInfo
from harness.model.jsonable import numbers_back
from harness.system.store.described import Described
from harness.system.store.files import (
    FileFacts,
    damaged,
    from_newer,
    not_written,
    read_kept,
)
from harness.system.store.rows import SCHEMA_VERSION, NewerSchema, check_version

RUN_NAME = "run.json"
_TRIALS = frozenset(("trials.parquet", "trials.stream", "trials.arrows"))
_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


class RunFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of `run.json`; what it says beyond that is nothing that this version knows."""

    schema_version: int
    plan: dict[str, Any]
    finished: bool
    summary: dict[str, Any] = {}
    parquet: FileFacts | None = None
    """What `trials.parquet` was when it was written; older files do not say."""
    metrics: tuple[MetricInfo, ...] = ()
    builds: tuple[BuildFacts, ...] = ()
    unknown: tuple[str, ...] = ()
    sha256: str | None = None
    """The digest of all the rest; older files have none."""


_FIRST_FIELDS = frozenset(("schema_version", "plan", "finished", "summary", "parquet", "sha256"))
"""What a `run.json` of schema 1 may say."""


def _run_digest(content: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON (sorted keys, no spaces) of everything but itself."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    return hashlib.sha256(
        json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def encode_run(content: Mapping[str, Any]) -> bytes:
    whole = {"schema_version": SCHEMA_VERSION, **content}
    # What is read back is what counts: keys that are no texts become some.
    whole = json.loads(json.dumps(whole, allow_nan=False))
    return json.dumps({**whole, "sha256": _run_digest(whole)}, indent=1).encode()


def _decode_run(content: bytes) -> RunFile:
    """ValueError for anything that was not written as it stands there."""
    loaded = json.loads(content.decode("utf-8"), parse_constant=_no_number)
    if not isinstance(loaded, dict):
        raise ValueError("it is no object")  # noqa: TRY004  (read_run catches this one kind)
    if isinstance(version := loaded.get("schema_version"), int):
        check_version(version)
    described = {key: numbers_back(loaded[key]) for key in ("metrics", "builds") if key in loaded}
    run = msgspec.convert({**loaded, **described}, RunFile)
    if run.schema_version > 1 and run.sha256 is None:
        raise ValueError("it has no digest")
    if run.sha256 is None and (more := loaded.keys() - _FIRST_FIELDS):
        # Files of schema 1 may have no digest: nothing else tells that a key was changed.
        raise ValueError(f"it says {', '.join(sorted(more))}, which no file of schema 1 does")
    if run.sha256 is not None and run.sha256 != _run_digest(loaded):
        raise ValueError("its content does not give its digest: it was changed")
    return run


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


BESIDE = "beside"
"""In a run's origin: the id of the run that it adds to, such as steady times to a table of cold
ones. It is nobody's latest run."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """What `run.json` says of a run."""

    id: str
    folder: Path
    plan: Mapping[str, Any]
    finished: bool
    summary: Mapping[str, Any]
    parquet: FileFacts | None = None
    """What its Parquet file was when it was written; of older runs nothing is known."""
    described: Described = field(default_factory=Described)
    """The metrics and builds that its trials name; older runs do not say."""
    unknown: tuple[str, ...] = ()
    """Columns of its Parquet file that the harness which wrote it did not know but kept."""
    sealed: bool = False
    """Was `run.json` held against a digest? Those of older runs have none."""

    @property
    def beside(self) -> str:
        """The id of the run that this one only adds to; empty: it is one of its own."""
        return str((self.plan.get("origin") or {}).get(BESIDE, ""))


def read_run(folder: Path) -> StoredRun:
    """A run's plan and summary; DataDamaged where `run.json` is not what was written."""
    path = folder / RUN_NAME
    try:
        run = _decode_run(read_kept(path))
    except FileNotFoundError:
        raise damaged(path, "it is missing, and only it says what the trials are of") from None
    except NewerSchema as newer:
        raise from_newer(path, newer.version, SCHEMA_VERSION) from None
    except (OSError, ValueError, RecursionError) as problem:
        raise damaged(path, f"{type(problem).__name__}: {problem}") from None
    return StoredRun(
        id=folder.name,
        folder=folder,
        plan=run.plan,
        finished=run.finished,
        summary=run.summary,
        parquet=run.parquet,
        described=Described(run.metrics, run.builds),
        unknown=run.unknown,
        sealed=run.sha256 is not None,
    )


def run_folders(results: Path) -> list[Path]:
    """The folders of all runs, oldest first (their names begin with the time)."""
    if not results.is_dir():
        return []
    try:
        return sorted(folder for folder in results.iterdir() if is_run(folder))
    except OSError as problem:
        raise not_written(results, problem, "look into") from None


def readable_runs(folders: Iterable[Path]) -> Iterator[StoredRun]:
    """The runs of these folders one at a time, as they are asked for; damaged ones are left out."""
    for folder in folders:
        with contextlib.suppress(DataUnreadable):
            yield read_run(folder)


def entry_names(results: Path) -> list[str]:
    """The names of all that may be runs in a folder, sorted; it is not looked into them."""
    try:
        with os.scandir(results) as entries:
            return sorted(e.name for e in entries if e.is_dir())
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise not_written(results, problem, "look into") from None


def is_run(folder: Path) -> bool:
    """Is it, or was it, the folder of a run? One that lost its `run.json` is not passed over."""
    try:
        with os.scandir(folder) as entries:
            return any(entry.name == RUN_NAME or entry.name in _TRIALS for entry in entries)
    except NotADirectoryError:
        return False
    except OSError:  # not ours to look into: what is called as a run is said to be one
        return _RUN_ID.fullmatch(folder.name) is not None


def find_run(results: Path, run_id: str | None) -> Path:
    """A run's folder by its id or an unambiguous beginning; None: the latest of its own."""
    folders = run_folders(results)
    if run_id is None:
        if not folders:
            raise UsageError(f"no runs in {results}", hint="`harness run` makes one.")
        return next((f for f in reversed(folders) if not read_run(f).beside), folders[-1])
    matching = [f for f in folders if f.name.startswith(run_id)]
    exact = [f for f in matching if f.name == run_id]
    if len(exact or matching) != 1:
        count = "no run" if not matching else f"{len(matching)} runs"
        raise UsageError(
            f"{count} in {results} with the id {run_id!r}", hint="`harness history` lists them."
        )
    return (exact or matching)[0]
