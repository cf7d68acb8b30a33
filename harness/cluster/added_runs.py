"""Runs that only add to another one, such as steady times to a table: kept beside its attempt."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from harness.cluster.folder import AttemptFile, ClusterFolder, those_that_count, unique
from harness.model import Measurement
from harness.running.reading_back import checked_report
from harness.running.reports import CellKey
from harness.system.store.files import storage_errors
from harness.system.store.run_file import StoredRun, read_run, run_folders


def main_and_beside(runs: Iterable[StoredRun]) -> tuple[StoredRun, list[StoredRun]] | None:
    """The latest finished run that is one of its own, and those that add to it; None: no such."""
    finished = [run for run in runs if run.finished]
    own = next((run for run in finished if not run.beside), None)
    if own is None:
        return None
    return own, [run for run in finished if run.beside == own.id]


def carry_run(folder: Path, shared: Path) -> None:
    """Copy a stored run to another folder, where it appears by a rename; one there is left."""
    if (shared / folder.name).exists():
        return
    with storage_errors(shared):
        shared.mkdir(parents=True, exist_ok=True)
        made = shared / f".{folder.name}.{unique()}.gathered"
        shutil.copytree(folder, made)
        made.rename(shared / folder.name)


def place_beside(attempt: AttemptFile) -> Path:
    """Where an attempt keeps the runs that add to its own."""
    return attempt.path.with_suffix(".beside")


def bring_beside(folder: ClusterFolder, counted: Iterable[AttemptFile]) -> None:
    """Put what the attempts that count have beside their runs among the stored runs."""
    for attempt in counted:
        for run in run_folders(place_beside(attempt)):
            carry_run(run, folder.results)


def steady_of(folder: ClusterFolder) -> dict[CellKey, Measurement]:
    """What was measured beside the run, by task, case and target; without what failed there."""
    found: dict[CellKey, Measurement] = {}
    for attempt in those_that_count(folder.attempts()).values():
        for each in run_folders(place_beside(attempt)):
            report = checked_report(read_run(each))
            for m in report.run.measurements:
                if m.key not in report.failures and m.wall_ns is not None:
                    found[m.key] = m
    return found
