"""Corrupts one kept file at a time, in every way that we know, and reads it as commands do."""

from __future__ import annotations

import contextlib
import hashlib
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.campaign.events import Event, Kind
from harness.campaign.values import BenchOutcome
from harness.errors import DataDamaged, DataUnreadable
from harness.model import Mode, Phase, Sample, Trial, TrialRecord, TrialStatus
from harness.optimise.journal import JOURNAL_NAME, Journal, read_events
from harness.optimise.records import Records
from harness.system.store.run_file import read_run
from harness.system.store.runs import RunWriter, stored_rows
from harness.system.store.seal import SEAL_NAME, read_seal, verify_seal

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "optim" / "nbody-c"


def flip(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) * 8)
    return _with(content, at // 8, bytes([content[at // 8] ^ 1 << at % 8]))


def overwrite(content: bytes, chance: random.Random) -> bytes:
    return _with(content, chance.randrange(len(content)), chance.randbytes(chance.randint(1, 64)))


def zero(content: bytes, chance: random.Random) -> bytes:
    return _with(content, chance.randrange(len(content)), b"\0" * chance.randint(1, 64))


def delete(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[at + chance.randint(1, 64) :]


def insert(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.randbytes(chance.randint(1, 64)) + content[at:]


def double(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    end = at + chance.randint(1, 400)
    return content[:end] + content[at:end] + content[end:]


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _with(content: bytes, at: int, put: bytes) -> bytes:
    return (content[:at] + put + content[at + len(put) :])[: len(content)]


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(flip, flip, flip, overwrite, zero, delete, insert, double, cut),
)


@dataclass
class Kept:
    """A file, and how commands read it: a value that says all that they take from it."""

    path: Path
    read: Callable[[], Any]
    torn: Callable[[Any, Any], bool] = lambda was, now: False
    """Is `now` what a kill could have left of `was`? Asked where the end of the file is missing."""


@dataclass
class Found:
    """What became of the corruptions."""

    by_file: dict[str, Counter[str]] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)


def corrupt(files: list[Kept], count: int, seed: int) -> Found:
    """Corrupt so many times; each is found, or changes nothing that anybody reads."""
    chance, found = random.Random(seed), Found()
    wanted = [(kept, kept.path.read_bytes(), kept.read()) for kept in files]
    for number in range(count):
        kept, content, was = wanted[number % len(wanted)]
        way = chance.choice(WAYS)
        changed = way(content, chance)
        if changed == content:
            continue
        kept.path.write_bytes(changed)
        tally = found.by_file.setdefault(kept.path.name, Counter())
        try:
            now = kept.read()
        except DataUnreadable:
            tally["named"] += 1
        else:
            if now == was:
                tally["says the same"] += 1
            elif kept.torn(was, now) and (content.startswith(changed) or way is delete):
                tally["as after a kill"] += 1
            else:
                found.silent.append(f"{kept.path.name}: {way.__name__}, number {number}")
        finally:
            kept.path.write_bytes(content)
    return found


def is_beginning(was: Any, now: Any) -> bool:
    """The first trials and no other; the frame after them has no end, as one that was torn."""
    return bool(now[0] == was[0] and now[1] == was[1][: len(now[1])])


@contextlib.contextmanager
def kept_files(folder: Path) -> Iterator[list[Kept]]:
    """A whole run, one that was killed, and the records of a finished campaign."""
    whole, killed = _runs(folder / "results")
    optim = folder / "optim"
    shutil.copytree(RECORDED, optim)
    files = [
        Kept(path, _reader(run), is_beginning if path.name == "trials.stream" else Kept.torn)
        for run in (whole, killed)
        for path in sorted(run.iterdir())
    ]
    expected = read_seal(optim).root
    events = read_events(optim / JOURNAL_NAME)
    sealed = [optim / entry.path for entry in read_seal(optim).entries]
    files += [
        Kept(path, lambda: verify_seal(optim, expected)) for path in (optim / SEAL_NAME, *sealed)
    ]
    copy = folder / "copy.jsonl"
    shutil.copyfile(optim / JOURNAL_NAME, copy)
    journal = Journal(optim / JOURNAL_NAME, copy)
    files += [Kept(journal.path, journal.read_all), Kept(copy, journal.read_all)]
    files.append(Kept(journal.path, lambda: _clone(optim)))
    files += [Kept(path, lambda: _logs(optim, events)) for path in sorted(optim.glob("*.md"))]
    files += [
        Kept(path, lambda: _trials(optim, events)) for path in sorted((optim / "runs").iterdir())
    ]
    yield files


def _reader(run: Path) -> Callable[[], Any]:
    return lambda: (read_run(run), list(stored_rows(read_run(run))))


def _clone(optim: Path) -> list[Event]:
    """The journal where there is no copy, as `verify` looks at it and at the logs beside it."""
    events = read_events(optim / JOURNAL_NAME)
    _logs(optim, events)
    return events


def _logs(optim: Path, events: list[Event]) -> str:
    """As `verify` looks at the rendered files."""
    edited = Records(optim, optim / "edited").edited(events)
    if edited:
        raise DataDamaged(str(edited[0]))
    return "".join(path.read_text() for path in sorted(optim.glob("*.md")))


def _trials(optim: Path, events: list[Event]) -> list[str]:
    """As `verify` looks at the kept trials: by the digests in the journal."""
    read = []
    for event in events:
        if event.kind in (Kind.BENCHED, Kind.FINISHING):
            key = "outcome" if event.kind is Kind.BENCHED else "result"
            if event.data.get(key) is None:
                continue
            outcome = event.value(key, BenchOutcome)
            for result in filter(None, (outcome.fast, outcome.full)):
                content = (optim / result.run).read_bytes() if result.run else b""
                if result.run and hashlib.sha256(content).hexdigest() != result.sha256:
                    raise DataDamaged(result.run)
                read.append(result.sha256)
    return read


def _runs(results: Path) -> tuple[Path, Path]:
    """A finished run and a killed one."""
    for name, finish in (("whole", True), ("killed", False)):
        with RunWriter(results / name, {"seed": 1, "cells": [["sum", "fast", "a"]]}, "h") as writer:
            for block in range(12):
                writer.append(a_trial(block))
            if finish:
                writer.finish({"measurements": [], "x": 1.5}, frozenset())
    return results / "whole", results / "killed"


def a_trial(block: int) -> TrialRecord:
    """One of many, with something in every column."""
    trial = Trial(
        TrialStatus.OK,
        wall_ns=1_000_000 + block,
        user_ns=700,
        max_rss_bytes=4096,
        exit_code=0,
        phases=(Phase("a", 1, 400),),
        samples=(Sample(0, 4, 900, 890), Sample(1, 4, 910, 880)),
    )
    names = ("r", "sum", "fast", "a", "c", "C", "d" * 64)
    return TrialRecord(
        *names, Mode.COLD, block, 0, warmup=False, started_at_ns=5, trial=trial, output_ok=True
    )


def report(found: Found) -> str:
    """A line per kind of file."""
    return "\n".join(f"{name}: {dict(tally)}" for name, tally in sorted(found.by_file.items()))
