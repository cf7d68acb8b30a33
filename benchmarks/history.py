"""What reading many stored runs costs, by columns and by rows.

    python benchmarks/history.py [runs] [trials]

Stores that many runs of that many trials (100 and 1000 if left out), one in ten of them unfinished,
each of ten targets that change from run to run; then asks for two columns, for everything, for one
target, and for the history of one target. The peer reads every row of every run as Python values,
as the harness did before.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.model import Estimate, Host, Measurement, Mode, Run, Trial, TrialRecord, TrialStatus
from harness.model.jsonable import jsonable
from harness.running.catalogue import HistoryQuery, count_trials
from harness.running.history import list_runs
from harness.running.loading import load_frame
from harness.running.reports import Report, to_summary
from harness.system.store.run_file import read_run, run_folders
from harness.system.store.runs import RunWriter, check_run, stored_rows

TARGETS = 10
HOST = Host("h", "cpu", 2, 1, "k", "s", None, None, None, None, 0.5, "box")


def store(results: Path, number: int, trials: int) -> None:
    """One run of ten targets; every tenth is left unfinished."""
    names = [f"target-{(number + n) % (3 * TARGETS)}" for n in range(TARGETS)]
    cells = [["sum", "fast", name] for name in names]
    plan = {
        "host": jsonable(HOST),
        "started_at_ns": number,
        "command": [],
        "seed": 1,
        "cells": cells,
    }
    with RunWriter(results / f"r{number:06d}", plan, "h") as writer:
        for at in range(trials):
            trial = Trial(TrialStatus.OK, 10**6 + at, user_ns=at, metrics={"joules": at / 7})
            place = (writer.folder.name, "sum", "fast", names[at % TARGETS], "c", "C", "d" * 64)
            writer.append(
                TrialRecord(*place, Mode.COLD, at // TARGETS, 0, False, number, trial=trial)
            )
        if number % 10:
            wall = Estimate("median", 1e6, 1e6, 2e6, 0.95)
            measured = tuple(
                Measurement("sum", "fast", n, "c", "C", Mode.COLD, trials, 0, wall, wall, 9, True)
                for n in names
            )
            run = Run(writer.folder.name, number, (), 1, HOST, measured, finished=True)
            writer.finish(to_summary(Report(run, writer.folder, {})), frozenset())


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def by_rows(results: Path, target: str | None, names: list[str] | None) -> object:
    """All rows as Python values, then those that are wanted."""
    import pandas as pd

    rows = [row for folder in run_folders(results) for row in stored_rows(read_run(folder))]
    frame = pd.DataFrame([row for row in rows if target in (None, row["target"])])
    return frame if names is None else frame[names]


def history_by_rows(results: Path, target: str) -> object:
    """The history as it was made before: each run whole, then those that are wanted."""
    found = []
    for folder in run_folders(results):
        run = read_run(folder)
        if run.finished:
            check_run(run)
            found += [m for m in run.summary["measurements"] if m["target"] == target]
        else:
            rows = list(stored_rows(run))
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            found += [m for m in count_trials(columns, ()) if m["target"] == target]
    return found


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    trials = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        for number in range(runs):
            store(results, number, trials)
        load_frame(results, columns=["block"])  # imports pandas and pyarrow, for both sides
        wanted = HistoryQuery(target="target-3")
        print(f"{runs} runs of {trials} trials")
        for what, ours, theirs in (
            (
                "load, two columns",
                lambda: load_frame(results, columns=["target", "wall_ns"]),
                lambda: by_rows(results, None, ["target", "wall_ns"]),
            ),
            (
                "load, all columns",
                lambda: load_frame(results),
                lambda: by_rows(results, None, None),
            ),
            (
                "load, one target",
                lambda: load_frame(results, target="target-3"),
                lambda: by_rows(results, "target-3", None),
            ),
            (
                "history --target",
                lambda: list_runs(results, wanted),
                lambda: history_by_rows(results, "target-3"),
            ),
        ):
            new, old = seconds(ours), seconds(theirs)
            print(f"{what}: {new:.3f} s by columns, {old:.3f} s by rows, ratio {old / new:.1f}x")


if __name__ == "__main__":
    main()
