"""`harness history`: what was measured, when, and where the files are."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from harness.cli.shared.base import Answer, command
from harness.cli.shared.options import format_option
from harness.cli.shared.session import DAMAGED_HINT, config_option, results_option
from harness.errors import DataDamaged, ExitCode, UsageError
from harness.render.tables import layout
from harness.render.units import show_ns
from harness.running.selecting import RESUMABLE
from harness.running.session import find_results
from harness.system.store.at_work import is_being_written
from harness.system.store.run_file import StoredRun, read_run, run_folders
from harness.system.store.runs import check_run, making_sense, stored_rows

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
    runs, damaged = [], []
    for folder in run_folders(results):
        try:
            run = describe_run(folder)
        except DataDamaged as problem:
            damaged.append(problem.message)
            continue
        wanted = [m for m in run["measurements"] if fits(m, task, target)]
        if wanted and run["started_at_ns"] >= earliest_ns:
            runs.append({**run, "measurements": wanted})
    found_none = " that fit" if any((task, target, since)) else ""
    return Answer(
        result={"runs": runs, "damaged": damaged},
        text=history_table(runs, style) if runs else f"no runs{found_none} in {results}",
        exit_code=ExitCode.DAMAGED if damaged else ExitCode.FINE,
        error="; ".join(damaged) or None,
        hint=DAMAGED_HINT if damaged else None,
    )


def describe_run(folder: Path) -> dict[str, Any]:
    """A run's summary; of an unfinished one, the trials counted. DataDamaged where broken."""
    run = read_run(folder)
    with making_sense(folder):
        return _described(run)


def _described(run: StoredRun) -> dict[str, Any]:
    if run.finished:
        check_run(run)
        measurements = [shown(m) for m in run.summary.get("measurements", ())]
    else:
        measurements = list(count_trials(stored_rows(run), run.plan.get("cells", ())))
    started_at_ns = run.summary.get("started_at_ns") or run.plan.get("started_at_ns") or 0
    return {
        "run_id": run.id,
        "started_at_ns": int(started_at_ns),
        "finished": run.finished,
        "resumable": run.plan.get("origin", {}).get("kind") in RESUMABLE,
        "running": not run.finished and is_being_written(run.folder),
        "folder": str(run.folder),
        "host": run.plan.get("host"),
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


def count_trials(
    rows: Iterable[Mapping[str, Any]], cells: Iterable[Sequence[str]]
) -> Iterable[dict[str, Any]]:
    """The measurements of a run that was cut off: names and counts, without estimates.

    `cells` are the (task, case, target) of its plan, which may have no trial yet.
    """
    counts: dict[tuple[str, ...], int] = {tuple(cell): 0 for cell in cells}
    for row in rows:
        if not row["warmup"] and row["status"] == "ok":
            key = (row["task"], row["case"], row["target"])
            counts[key] = counts.get(key, 0) + 1
    for (task, case, target), trials in counts.items():
        yield {"task": task, "case": case, "target": target, "trials": trials, "wall_ns": None}


def fits(measurement: Mapping[str, Any], task: str | None, target: str | None) -> bool:
    """Is the measurement of that task and target?"""
    return task in (None, measurement["task"]) and target in (None, measurement["target"])


def parse_since(since: str | None) -> int:
    """The beginning of the period asked for, in ns since the epoch (UTC)."""
    if since is None:
        return 0
    now = datetime.datetime.now(datetime.UTC)
    age = _AGO.fullmatch(since.strip())
    if age:
        moment = now - datetime.timedelta(**{_AGO_UNITS[age[2]]: int(age[1])})
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


def history_table(runs: Iterable[Mapping[str, Any]], style: str) -> str:
    """A row a measurement."""
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
    return layout(headers, rows, style)
