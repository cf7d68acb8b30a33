"""A stored run as the values that it was written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.analysis.blocks import blocks_of
from harness.analysis.schedule import Block
from harness.model import Host, Run, TrialRecord
from harness.running.reports import Report, of_plain, of_summary
from harness.running.settings import Settings, of_plan
from harness.system.store.described import Described
from harness.system.store.run_file import StoredRun, read_run
from harness.system.store.runs import making_sense, stored_records


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A run as it was measured: every table, comparison and report can be made from it again."""

    report: Report
    settings: Settings
    plan: Mapping[str, Any]
    """What `run.json` says that the run was to find out, settings and host among it."""
    trials: tuple[TrialRecord, ...] = ()
    """All of them, warm-up included, in the order in which they were made."""
    described: Described = field(default_factory=Described)
    """The metrics and builds that the trials name."""

    def blocks(self, task: str, case: str) -> list[Block]:
        """The blocks of one task on one case."""
        own = (t for t in self.trials if (t.task, t.case) == (task, case))
        return blocks_of(own)


def read_back(folder: Path) -> ReadBack:
    """A stored run with its trials; DataDamaged where it is not what was written.

    A run that was not finished has no measurements, comparisons and counts in its report.
    """
    stored = read_run(folder)
    trials = tuple(record for _, record in stored_records(stored))
    with making_sense(folder):
        return ReadBack(
            report_of(stored), of_plan(stored.plan), stored.plan, trials, stored.described
        )


def report_of(stored: StoredRun) -> Report:
    """What a stored run found, without a look at its trials; ValueError for nonsense."""
    if stored.finished:
        return _where_it_is(of_summary(stored.summary, stored.folder))
    plan = stored.plan
    run = Run(
        id=stored.id,
        started_at_ns=plan["started_at_ns"],
        command=tuple(plan["command"]),
        seed=plan["seed"],
        host=of_plain(plan["host"], Host),
    )
    return Report(run, stored.folder, {})


def _where_it_is(report: Report) -> Report:
    """The report with the Parquet file's place now: a folder of results may have been moved."""
    stored = report.run.parquet
    if stored is None or Path(stored).exists():
        return report
    moved = report.folder / Path(stored).name
    return replace(report, run=replace(report.run, parquet=str(moved)))
