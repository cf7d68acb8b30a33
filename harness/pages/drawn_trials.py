"""The trials of a stored run as the few columns that a page draws of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import compress
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
    steady = Mode.STEADY.value in columns["mode"]
    times = _steady_times(run) if steady else columns["wall_ns"]
    keys = zip(columns["task"], columns["case"], columns["target"], strict=True)
    timed = [not w and b >= 0 for w, b in zip(columns["warmup"], columns["block"], strict=True)]
    facts = TrialFacts(
        hosts=list(dict.fromkeys(compress(columns["host_id"], timed))),
        draws=set(compress(columns["draw"], timed)) - {""},
        timed=sum(timed),
    )
    _tell_disturbed(facts, columns, timed)
    names = ("status", "output_ok", "block", "pad_bytes")
    for key, status, ok, block, pad, time in compress(
        zip(keys, *(columns[name] for name in names), times, strict=True), timed
    ):
        facts.failed += status != "ok"
        if status != "ok":
            continue
        facts.unchecked += ok is None
        if time is not None:
            series = facts.series.setdefault(key, Series())
            series.blocks.append(block)
            series.times_ns.append(float(time))
            series.layouts.add(pad)
    return facts


def _tell_disturbed(
    facts: TrialFacts, columns: Mapping[str, Sequence[Any]], timed: Sequence[bool]
) -> None:
    names = ("task", "case", "block", "disturbed")
    rows = compress(zip(*(columns[name] for name in names), strict=True), timed)
    for task, case, block, disturbed in rows:
        if disturbed:
            facts.disturbed.setdefault((task, case), set()).add(block)


def _steady_times(run: StoredRun) -> list[float | None]:
    """Of every trial the time of one execution of the work, once it was steady."""
    figures = (figures_of(record) for _, record in stored_records(run))
    return [None if found is None else found.wall_ns for found in figures]
