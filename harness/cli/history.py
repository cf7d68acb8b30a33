"""`harness history`: what was measured, when, and where the files are."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import format_option
from harness.cli.shared.measuring import DAMAGED_HINT, config_option, results_option
from harness.errors import DataDamaged, ExitCode, UsageError
from harness.render.tables import layout
from harness.render.units import show_ns
from harness.running.selecting import RESUMABLE
from harness.running.session import find_results
from harness.system.store.at_work import is_being_written
from harness.system.store.columns import lists_of, unknown_columns
from harness.system.store.run_file import StoredRun, read_run, run_folders
from harness.system.store.runs import check_run, making_sense

_AGO = re.compile(r"(\d+)\s*(m|h|d|w)")
_AGO_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@command(epilog="Example: harness history --task nbody --since 7d")
@click.option("--task", help="Only measurements of this task.")
@click.option("--target", help="Only measurements of this target.")
@click.option("--since", help="A UTC date such as 2026-01-31, or an age such as 30m, 12h, 7d, 2w.")
@format_option
@config_option
@results_option
def history_command(
    task: str | None,
    target: str | None,
    since: str | None,
    style: str,
    config_path: Path | None,
    results: Path | None,
) -> Answer:
    """List stored runs and their measurements, oldest first.

    A damaged file is named and makes the exit code 6; all others are still listed.
    """
    results = find_results(config_path, results)
    earliest_ns = parse_since(since)
    runs, damaged, hints = [], [], []
    for folder in run_folders(results):
        try:
            run = describe_run(folder, HistoryQuery(task, target, earliest_ns))
        except DataDamaged as problem:
            damaged.append(problem.message)
            hints.append(problem.hint or DAMAGED_HINT)
            continue
        if run is not None:
            runs.append(run)
    found_none = " that fit" if any((task, target, since)) else ""
    return Answer(
        result={"runs": runs, "damaged": damaged},
        text=history_table(runs, style) if runs else f"no runs{found_none} in {results}",
        exit_code=ExitCode.DAMAGED if damaged else ExitCode.FINE,
        error="; ".join(damaged) or None,
        hint=" ".join(dict.fromkeys(hints)) or None,
    )


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which measurements are asked for; None: all."""

    task: str | None = None
    target: str | None = None
    earliest_ns: int = 0

    def fits(self, task: str, target: str) -> bool:
        return self.task in (None, task) and self.target in (None, target)


def describe_run(folder: Path, wanted: HistoryQuery) -> dict[str, Any] | None:
    """A run's summary; of an unfinished one, the trials counted; None where it has nothing wanted.

    Trials are looked at only where something is wanted. DataDamaged where it is broken.
    """
    run = read_run(folder)
    with making_sense(folder):
        started_at_ns = int(run.summary.get("started_at_ns") or run.plan.get("started_at_ns") or 0)
        if started_at_ns < wanted.earliest_ns:
            return None
        measurements = list(_measurements(run, wanted))
        return _described(run, started_at_ns, measurements) if measurements else None


def _measurements(run: StoredRun, wanted: HistoryQuery) -> Iterator[Mapping[str, Any]]:
    if run.finished:
        found = [shown(m) for m in run.summary.get("measurements", ())]
        fitting = [m for m in found if wanted.fits(m["task"], m["target"])]
        if fitting or not found:
            check_run(run)
        yield from fitting
        return
    cells = [cell for cell in run.plan.get("cells", ()) if wanted.fits(cell[0], cell[2])]
    if cells or "cells" not in run.plan:
        for counted in count_trials(lists_of(run, COUNTED), cells):
            if wanted.fits(counted["task"], counted["target"]):
                yield counted


def _described(
    run: StoredRun, started_at_ns: int, measurements: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "started_at_ns": started_at_ns,
        "finished": run.finished,
        "resumable": run.plan.get("origin", {}).get("kind") in RESUMABLE,
        "running": not run.finished and is_being_written(run.folder),
        "folder": str(run.folder),
        "host": run.plan.get("host"),
        "unknown_columns": list(unknown_columns(run)),
        "measurements": measurements,
    }


def shown(measurement: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored measurement that has what the table shows of it; else LookupError or TypeError."""
    for key in ("task", "case", "target", "trials"):
        _ = measurement[key]
    wall = measurement.get("wall_ns")
    if wall is not None:
        show_ns(wall["point"])
    return measurement


COUNTED = ("task", "case", "target", "warmup", "status")
"""The columns of the trials that `count_trials` reads."""


def count_trials(
    columns: Mapping[str, Sequence[Any]], cells: Iterable[Sequence[str]]
) -> Iterator[dict[str, Any]]:
    """The measurements of a run that was cut off: names and counts, without estimates.

    `cells` are the (task, case, target) of its plan, which may have no trial yet.
    """
    counts = Counter({tuple(cell): 0 for cell in cells})
    for *cell, warmup, status in zip(*(columns[name] for name in COUNTED), strict=True):
        if not warmup and status == "ok":
            counts[tuple(cell)] += 1
    for (task, case, target), trials in counts.items():
        yield {"task": task, "case": case, "target": target, "trials": trials, "wall_ns": None}


def parse_since(since: str | None) -> int:
    """The beginning of the period asked for, in ns since the epoch (UTC)."""
    if since is None:
        return 0
    now = datetime.datetime.now(datetime.UTC)
    age = _AGO.fullmatch(since.strip())
    if age:
        try:
            moment = now - datetime.timedelta(**{_AGO_UNITS[age[2]]: int(age[1])})
        except (
            OverflowError,
            ValueError,
        ):
            return 0  # before the calendar begins
        return int(moment.timestamp() * 1e9)
    try:
        moment = datetime.datetime.fromisoformat(since)
    except ValueError:
        raise UsageError(
            f"--since: want a date such as 2026-01-31 or an age such as 7d, got {since!r}"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)  # as the table shows it
    return int(moment.timestamp() * 1e9)


def note_on(run: Mapping[str, Any], measurement: Mapping[str, Any]) -> str:
    """What is to be known of a row: that its run is not at its end, or what went wrong."""
    if run["running"]:
        return "running"
    if not run["finished"]:
        again = f": harness run --resume {run['run_id']}" if run["resumable"] else ""
        return f"unfinished{again}"
    if measurement.get("output_ok") is False:
        return "wrong output"
    failures = measurement.get("failures")
    return f"{failures} trials failed" if failures else "" if measurement["trials"] else "failed"


def history_table(runs: Sequence[Mapping[str, Any]], style: str) -> str:
    """The stored runs as a table with one row per measurement."""
    rows = []
    for run in runs:
        moment = datetime.datetime.fromtimestamp(run["started_at_ns"] / 1e9, datetime.UTC)
        for m in run["measurements"]:
            wall = m.get("wall_ns")
            rows.append(
                [
                    run["run_id"],
                    moment.strftime("%Y-%m-%d %H:%M"),
                    m["task"],
                    m["case"],
                    m["target"],
                    show_ns(wall["point"]) if wall else "-",
                    str(m["trials"]),
                    note_on(run, m),
                ]
            )
    headers = ["run", "started (UTC)", "task", "case", "target", "wall (median)", "trials", "note"]
    unknown = [
        f"{run['run_id']}: columns that this harness does not know: {', '.join(names)}"
        for run in runs
        if (names := run["unknown_columns"]) and style == "plain"
    ]
    return "\n\n".join(filter(None, [layout(headers, rows, style), "\n".join(unknown)]))
