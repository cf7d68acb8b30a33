"""What was measured, when, and where the files are: the stored runs of a folder, listed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import DataUnreadable, ExitCode, UsageError
from harness.frozen import dataclass
from harness.render.tables import layout
from harness.render.units import show_ns
from harness.running.catalogue import HistoryQuery, described_runs
from harness.running.many import IN_PROCESS, hints_of, worst_of

_AGO = re.compile(r"(\d+)\s*(m|h|d|w)")
_AGO_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

NEVER_RAN = "never ran"
"""What is said of one whose turn never came, as of some mixes of `harness try`: it did not fail."""

HEADERS = ["run", "started (UTC)", "task", "case", "target", "wall (median)", "trials", "note"]


@dataclass(frozen=True, slots=True, repr=False)
class HistoryResult:
    """The stored runs that were asked for, oldest first, each with its measurements."""

    results: Path
    """The folder that was looked in."""
    runs: tuple[Mapping[str, Any], ...]
    damaged: tuple[str, ...] = ()
    """What could not be read, in words; everything else is listed."""
    hint: str = ""
    """What to do about what could not be read."""
    exit_code: ExitCode = ExitCode.FINE
    """What `harness history` answers its shell: the worst of what could not be read."""

    @property
    def ok(self) -> bool:
        """Could every stored run be read?"""
        return not self.damaged

    def table(self, style: str = "plain") -> str:
        """One row per measurement, in a style of `--format` or as `html`."""
        listed = [(run, m) for run in self.runs for m in run["measurements"]]
        figures = any(m.get("metrics") for _, m in listed)
        rows = [_row(run, m, figures=figures) for run, m in listed]
        headers = [*HEADERS[:-1], "figures", HEADERS[-1]] if figures else HEADERS
        if len({(m.get("host_id"), m.get("hostname")) for _, m in listed}) > 1:
            # Times of several machines are not to be read down one column.
            headers = [*headers[:2], "machine", *headers[2:]]
            machines = [_machine(m) for _, m in listed]
            rows = [[*r[:2], where, *r[2:]] for r, where in zip(rows, machines, strict=True)]
        unknown = [
            f"{run['run_id']}: columns that this harness does not know: {', '.join(names)}"
            for run in self.runs
            if (names := run["unknown_columns"]) and style == "plain"
        ]
        table = layout(headers, rows, style)
        return "\n\n".join(filter(None, [table, "\n".join(unknown)]))

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness history --json`."""
        return {"runs": list(self.runs), "damaged": list(self.damaged)}

    def __str__(self) -> str:
        return self.table() if self.runs else f"no runs in {self.results}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table("html")


def list_runs(results: Path, wanted: HistoryQuery) -> HistoryResult:
    """The stored runs below a folder that fit; a damaged one is named and stops nothing."""
    runs: list[Mapping[str, Any]] = []
    unreadable: list[DataUnreadable] = []
    for found in described_runs(results, wanted):
        if isinstance(found, DataUnreadable):
            unreadable.append(found)
        else:
            runs.append(found)
    damaged = tuple(problem.message for problem in unreadable)
    return HistoryResult(results, tuple(runs), damaged, hints_of(unreadable), worst_of(unreadable))


def parse_since(since: str | datetime.date | datetime.timedelta | None) -> int:
    """The beginning of the period asked for, in ns since the epoch; a plain date or time is UTC.

    Raises UsageError for what is none.
    """
    if since is None:
        return 0
    try:
        moment = _moment(since)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)  # as the table shows it
        return int(moment.timestamp() * 1e9)
    except OverflowError:
        return 0  # before the calendar begins


def _moment(since: object) -> datetime.datetime:
    """The moment that is meant; OverflowError for one before the calendar begins."""
    if isinstance(since, datetime.datetime):
        return since
    if isinstance(since, datetime.date):
        return datetime.datetime.combine(since, datetime.time())
    if isinstance(since, datetime.timedelta):
        return datetime.datetime.now(datetime.UTC) - since
    try:
        text = since.strip()  # type: ignore[attr-defined]
        if age := _AGO.fullmatch(text):
            return _moment(datetime.timedelta(**{_AGO_UNITS[age[2]]: int(age[1])}))
        return datetime.datetime.fromisoformat(text)
    except (AttributeError, ValueError):
        raise UsageError(
            f"since: want a date such as 2026-01-31 or an age such as 7d, got {since!r}"
        ) from None


def _row(run: Mapping[str, Any], measurement: Mapping[str, Any], *, figures: bool) -> list[str]:
    moment = datetime.datetime.fromtimestamp(run["started_at_ns"] / 1e9, datetime.UTC)
    wall = measurement.get("wall_ns")
    return [
        run["run_id"],
        moment.strftime("%Y-%m-%d %H:%M"),
        measurement["task"],
        measurement["case"],
        measurement["target"],
        show_ns(wall["point"]) if wall else "-",
        str(measurement["trials"]),
        *([_figures(measurement)] if figures else []),
        note_on(run, measurement),
    ]


def _machine(measurement: Mapping[str, Any]) -> str:
    """The machine's name and its kind of CPU."""
    words = (measurement.get("hostname"), measurement.get("cpu_model"))
    return ", ".join(word for word in words if word) or "-"


def _figures(measurement: Mapping[str, Any]) -> str:
    """The named figures of a measurement, the medians of its trials, with their units."""
    each = (
        f"{found['info']['name']} {found['value']['point']:.6g} {found['info']['unit']}".rstrip()
        for found in measurement.get("metrics") or ()
        if found["value"]["point"] is not None
    )
    return ", ".join(each) or "-"


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
    if tool := run.get("imported"):
        failed = f", {failures} trials failed" if failures else ""
        if tool == IN_PROCESS:
            return "in one process"
        return f"imported from {tool}, not interleaved{failed}"
    if failures:
        return f"{failures} trials failed"
    if measurement["trials"]:
        return ""
    return "failed" if measurement.get("failed", True) else NEVER_RAN
