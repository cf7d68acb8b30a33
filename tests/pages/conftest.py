"""Stored runs that were never run: trials of a made-up speed, judged by the real analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.analysis import Question, compare_cells, summarise_cell
from harness.analysis.blocks import blocks_of
from harness.model import (
    Host,
    Measurement,
    Mode,
    Phase,
    Run,
    Trial,
    TrialRecord,
    TrialStatus,
)
from harness.model.jsonable import jsonable
from harness.running.reports import BlockCount, Report, to_summary
from harness.system.store.runs import RunWriter

HOST = Host("h1", "Some CPU", 2, 2**33, "6.1", "Debian", None, None, None, "kvm", 0.5, "box")


@dataclass(frozen=True)
class Asked:
    """A run to be made up."""

    speeds: Mapping[str, float] = field(default_factory=lambda: {"old": 2e6, "new": 1e6})
    """Wall time in ns by target; the first one is the reference."""
    cases: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"fast": {"n": 1000}})
    blocks: int = 30
    finish: bool = True
    task: str = "sum"
    host: Host = HOST
    started_at_ns: int = 1_790_000_000_000_000_000
    commit: Mapping[str, Any] | None = None
    disturbed: frozenset[int] = frozenset({3, 4})


MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Store a run below the test's `results`, and give its folder."""

    def make(name: str, **asked: Any) -> Path:
        return write_run(tmp_path / "results" / name, Asked(**asked))

    return make


def write_run(folder: Path, asked: Asked) -> Path:
    cells = [[asked.task, case, target] for case in asked.cases for target in asked.speeds]
    plan = {
        "host": jsonable(asked.host),
        "started_at_ns": asked.started_at_ns,
        "command": ["run", "--task", asked.task],
        "seed": 1,
        "cells": cells,
        "params": [[asked.task, case, params] for case, params in asked.cases.items()],
        "commit": asked.commit,
        "origin": {"kind": "configured"},
    }
    by_case = {case: trials(folder.name, asked, case) for case in asked.cases}
    with RunWriter(folder, plan, asked.host.id) as writer:
        for records in by_case.values():
            for record in records:
                writer.append(record)
        if asked.finish:
            numbers = frozenset((asked.task, c, b) for c in asked.cases for b in asked.disturbed)
            writer.finish(to_summary(report_of(folder, asked, by_case)), numbers)
    return folder


def trials(run: str, asked: Asked, case: str) -> list[TrialRecord]:
    rng = np.random.default_rng(len(run) + len(case))
    scale = float(asked.cases[case].get("n", 1000)) / 1000
    found = []
    for block in range(asked.blocks):
        for at, (target, ns) in enumerate(asked.speeds.items()):
            wall = int(ns * scale * np.exp(0.02 * rng.standard_normal()))
            phases = (Phase("read", 1, wall // 5), Phase("work", 3, wall // 2))
            trial = Trial(
                TrialStatus.OK,
                wall,
                user_ns=wall,
                max_rss_bytes=10**6,
                phases=phases,
                pad_bytes=block,
            )
            place = (run, asked.task, case, target, "c", "C", f"digest of {target}", Mode.COLD)
            moment = asked.started_at_ns + block * 10**9 + at
            found.append(TrialRecord(*place, block, at, False, moment, trial=trial, output_ok=True))
    return found


def report_of(folder: Path, asked: Asked, by_case: Mapping[str, Sequence[TrialRecord]]) -> Report:
    measurements, comparisons, counts = [], [], []
    reference, *others = asked.speeds
    for case, records in by_case.items():
        blocks = blocks_of(records)
        for target in asked.speeds if asked.blocks else ():
            own = [r for r in records if r.target == target]
            facts = summarise_cell(own, Mode.COLD, 0.95)
            place = (asked.task, case, target, "c", "C", Mode.COLD)
            measurements.append(Measurement(*place, **facts, toolchain="cc 12"))
        if others and blocks:
            comparisons += compare_cells(reference, others, blocks, Question(), "the budget ended")
        counts.append(BlockCount(asked.task, case, len(blocks), len(asked.disturbed), "enough"))
    run = Run(
        folder.name,
        asked.started_at_ns,
        (),
        1,
        asked.host,
        tuple(measurements),
        tuple(comparisons),
        finished=True,
    )
    return Report(run, folder, {}, tuple(counts))
