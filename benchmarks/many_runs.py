"""Stored runs by the thousand, as the harness stores them, made by columns.

    python benchmarks/many_runs.py FOLDER [runs] [trials]

Each run has ten targets that ran in blocks on one case. A hundred runs after one another are of the
same ten targets, `target-0` to `target-9`; the next hundred are of the next ten. What a trial took
is drawn from a heavy-tailed law, seeded by the run's number.
"""

from __future__ import annotations

import datetime
import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.model import Estimate, Host, Measurement, Mode, Run
from harness.model.jsonable import jsonable
from harness.running.reports import Report, to_summary
from harness.system.store.described import Described
from harness.system.store.files import facts_of
from harness.system.store.parquet import GROUP_ROWS
from harness.system.store.plain_parquet import write_plain
from harness.system.store.rows import COLUMNS, SCHEMA_METADATA
from harness.system.store.run_file import RUN_NAME, encode_run
from harness.system.store.runs import PARQUET_NAME

TARGETS = 10
ALIKE = 100
"""So many runs after one another have the same targets."""
HOST = Host("h", "a CPU", 2, 2**34, "a kernel", "a system", None, None, None, None, 0.5, "box")
BEGAN_NS = 1_767_225_600_000_000_000
BETWEEN_NS = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """One run to make."""

    number: int
    trials: int

    @property
    def started_at_ns(self) -> int:
        return BEGAN_NS + self.number * BETWEEN_NS

    @property
    def id(self) -> str:
        moment = datetime.datetime.fromtimestamp(self.started_at_ns // 10**9, datetime.UTC)
        return f"{moment:%Y%m%d-%H%M%S}-{self.number:08x}"

    @property
    def targets(self) -> list[str]:
        first = self.number // ALIKE * TARGETS
        return [f"target-{first + n}" for n in range(TARGETS)]


def digest_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def columns_of(run: Made) -> dict[str, Any]:
    """The trials of a run, a column each, in the order in which they were made."""
    draw = np.random.default_rng(run.number)
    n = run.trials
    block = np.arange(n) // TARGETS
    # Each block has the targets in an order of its own.
    order = np.argsort(draw.random((-(-n // TARGETS), TARGETS)), axis=1).ravel()[:n]
    names = np.array(run.targets)[order]
    wall = (1e6 * (1 + 0.02 * order) * (1 + 0.01 * draw.standard_t(3, n) ** 2)).astype(np.int64)
    user = (wall * draw.uniform(0.7, 0.8, n)).astype(np.int64)
    found = {
        "run_id": run.id,
        "host_id": HOST.id,
        "task": "sum",
        "case": "fast",
        "target": names,
        "adapter": "c",
        "language": "C",
        "build_digest": np.array([digest_of(name) for name in run.targets])[order],
        "mode": "cold",
        "block": block.astype(np.int32),
        "position": (np.arange(n) % TARGETS).astype(np.int32),
        "started_at_ns": run.started_at_ns + np.cumsum(wall + 50_000),
        "status": "ok",
        "exit_code": np.zeros(n, np.int32),
        "output_ok": np.ones(n, bool),
        "output_digest": np.array([digest_of(name) for name in run.targets])[order],
        "wall_ns": wall,
        "user_ns": user,
        "sys_ns": wall - user - 20_000,
        "max_rss_bytes": 4096 * draw.integers(300, 320, n),
        "voluntary_switches": draw.integers(0, 3, n),
        "involuntary_switches": draw.integers(0, 2, n),
        "minor_faults": draw.integers(80, 100, n),
        "pressure_ns": draw.integers(0, 3, n) * 1000,
        "pad_bytes": draw.integers(0, 4096, n).astype(np.int32),
    }
    return {**{c.name: c.default for c in COLUMNS}, **found}


def groups_of(cells: Mapping[str, Any], count: int) -> Iterator[dict[str, list[Any]]]:
    """The columns as they are handed to what writes them, a part of the trials at a time."""
    for at in range(0, count, GROUP_ROWS):
        n = min(GROUP_ROWS, count - at)
        yield {
            name: cell[at : at + n].tolist() if isinstance(cell, np.ndarray) else [cell] * n
            for name, cell in cells.items()
        }


def summary_of(run: Made, cells: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What the run found, as `run.json` has it."""
    names, times = cells["target"], cells["wall_ns"]
    measured = []
    for name in run.targets:
        own = np.sort(times[names == name])
        wall = Estimate("median", float(np.median(own)), float(own[0]), float(own[-1]), 0.95)
        measured.append(
            Measurement(
                "sum", "fast", name, "c", "C", Mode.COLD, len(own), 0, wall, wall, 2**20, True
            )
        )
    made = Run(run.id, run.started_at_ns, (), 1, HOST, tuple(measured), finished=True)
    return to_summary(Report(made, folder, {}))


def store(results: Path, run: Made) -> Path:
    """One finished run, as `RunWriter` leaves it, but for what it flushes to the disk."""
    folder = results / run.id
    folder.mkdir(parents=True)
    cells = columns_of(run)
    metadata = {**SCHEMA_METADATA, **Described().metadata}
    with (folder / PARQUET_NAME).open("w+b") as file:
        write_plain(file, groups_of(cells, run.trials), metadata)
        file.flush()
        facts = facts_of(file)
    content = {
        "plan": {
            "host": jsonable(HOST),
            "started_at_ns": run.started_at_ns,
            "command": [],
            "seed": 1,
            "cells": [["sum", "fast", name] for name in run.targets],
            "given": [["sum", "fast", name, digest_of("given")] for name in run.targets],
        },
        "finished": True,
        "summary": summary_of(run, cells, folder),
        "parquet": {"bytes": facts.bytes, "sha256": facts.sha256},
        **Described().to_json(),
    }
    (folder / RUN_NAME).write_bytes(encode_run(content))
    return folder


def make_runs(results: Path, runs: int, trials: int) -> None:
    """That many runs of that many trials each."""
    for number in range(runs):
        store(results, Made(number, trials))


if __name__ == "__main__":
    make_runs(
        Path(sys.argv[1]),
        int(sys.argv[2]) if len(sys.argv) > 2 else 1000,
        int(sys.argv[3]) if len(sys.argv) > 3 else 10_000,
    )
