"""A stored run's report as the value that it was written from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.model import Host, Run
from harness.running.of_commit import stored_commit
from harness.running.reports import Report, of_plain, of_summary
from harness.system.store.run_file import StoredRun
from harness.system.store.runs import check_run, making_sense


def checked_report(stored: StoredRun) -> Report:
    """What a stored run found; DataDamaged where its trials are gone or something makes no sense.

    Trials of a whole run are held against their digest and not read.
    """
    check_run(stored)
    with making_sense(stored.folder):
        return report_of(stored)


def report_of(stored: StoredRun) -> Report:
    """What a stored run found, without a look at its trials; ValueError for nonsense.

    A run that was not finished has no measurements, comparisons and counts.
    """
    if stored.finished:
        return _where_it_is(of_summary(stored.summary, stored.folder))
    plan = stored.plan
    run = Run(
        id=stored.id,
        started_at_ns=plan["started_at_ns"],
        command=tuple(plan["command"]),
        seed=plan["seed"],
        host=of_plain(plan["host"], Host),
        commit=stored_commit(plan),
    )
    return Report(run, stored.folder, {})


def _where_it_is(report: Report) -> Report:
    """The report with the Parquet file's place now: a folder of results may have been moved."""
    stored = report.run.parquet
    if stored is None or Path(stored).exists():
        return report
    moved = report.folder / Path(stored).name
    return replace(report, run=replace(report.run, parquet=str(moved)))
