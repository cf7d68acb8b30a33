"""The trials of a stored run as the few columns that a page draws of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from harness.analysis.blocks import figures_of
from harness.frozen import dataclass
from harness.model import Mode
from harness.running.reports import CellKey
from harness.system.store.columns import lists_of
from harness.system.store.run_file import StoredRun
from harness.system.store.runs import stored_records


@dataclass(slots=True)
class Series:
    """The timed trials of one target on one case that ended well, in the order of their blocks."""

    blocks: list[int] = field(default_factory=list)
    times_ns: list[float] = field(default_factory=list)
    """Wall times; in steady mode those of one execution of the work."""
    layouts: set[int] = field(default_factory=set)
    """How far the stack was moved: a different layout for each."""


@dataclass(slots=True)
class TrialFacts:
    """What of all trials of a run is drawn or counted."""

    series: dict[CellKey, Series] = field(default_factory=dict)
    disturbed: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    """The disturbed blocks of each task and case."""
    hosts: list[str] = field(default_factory=list)
    draws: set[str] = field(default_factory=set)
    timed: int = 0
    failed: int = 0
    unchecked: int = 0
    """Trials whose output was held against nothing."""

    def of_work(self, task: str, case: str) -> Mapping[str, Series]:
        """The series of a task and case that have trials, by target."""
        return {
            key[2]: series
            for key, series in self.series.items()
            if key[:2] == (task, case) and series.times_ns
        }


_NAMES = (
    *("host_id", "task", "case", "target", "mode", "block", "warmup", "status", "disturbed"),
    *("output_ok", "draw", "pad_bytes", "wall_ns"),
)


def trial_facts(run: StoredRun) -> TrialFacts:
    """Read the trials of a run, finished or not; DataDamaged where they cannot be read."""
    columns = lists_of(run, _NAMES)
    facts = TrialFacts()
    steady = Mode.STEADY.value in columns["mode"]
    times = _steady_times(run) if steady else columns["wall_ns"]
    for row in _rows(columns, times):
        _take_in(facts, row)
    return facts


def _rows(columns: Mapping[str, Sequence[Any]], times: Sequence[float | None]) -> Iterator[Any]:
    names = [name for name in _NAMES if name != "wall_ns"]
    for *cells, time in zip(*(columns[name] for name in names), times, strict=True):
        row = dict(zip(names, cells, strict=True))
        if not row["warmup"] and row["block"] >= 0:
            yield {**row, "time_ns": time}


def _take_in(facts: TrialFacts, row: Mapping[str, Any]) -> None:
    facts.timed += 1
    if row["host_id"] not in facts.hosts:
        facts.hosts.append(row["host_id"])
    if row["draw"]:
        facts.draws.add(row["draw"])
    key = (row["task"], row["case"], row["target"])
    series = facts.series.setdefault(key, Series())
    if row["disturbed"]:
        facts.disturbed.setdefault(key[:2], set()).add(row["block"])
    if row["status"] != "ok":
        facts.failed += 1
        return
    facts.unchecked += row["output_ok"] is None
    if row["time_ns"] is not None:
        series.blocks.append(row["block"])
        series.times_ns.append(float(row["time_ns"]))
        series.layouts.add(row["pad_bytes"])


def _steady_times(run: StoredRun) -> list[float | None]:
    """Of every trial the time of one execution of the work, once it was steady."""
    figures = (figures_of(record) for _, record in stored_records(run))
    return [None if found is None else found.wall_ns for found in figures]
