"""Has an experiment's shards run by an executor, and gathers what the stored runs found."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import DataUnreadable, PluginFailed
from harness.model.shards import Shard
from harness.plugins import Executor
from harness.running.cells import Cell, GroupKey
from harness.running.experiment import Experiment, perform
from harness.running.reading_back import checked_report
from harness.running.reports import Report
from harness.running.session import Session
from harness.running.settings import to_words
from harness.system.store.run_file import read_run, run_folders

LOCAL = "local"
"""The executor that serves where none is named."""


def execute(
    session: Session,
    experiment: Experiment,
    executor: Executor | str = LOCAL,
    folder: Path | None = None,
) -> Report:
    """Run an experiment where the executor says; one report of all its stored runs.

    `executor`: itself or its name; UsageError where none has that name. `folder`: of an
    interrupted run that is gone on with. After Ctrl-C the report has what finished shards stored;
    KeyboardInterrupt passes through where there is none.
    """
    executor = Executor.find(executor) if isinstance(executor, str) else executor
    made: dict[Path, Report] = {}

    raised: list[BaseException] = []

    def here() -> Path:
        try:
            report = perform(session.orchestrator, session.results, experiment, folder)
        except (Exception, SystemExit) as problem:
            raised.append(problem)
            raise
        made[report.folder] = report
        return report.folder

    shards = shards_of(session, experiment)
    # `here` says what it has made, and listing thousands of runs takes time.
    local = executor.name == LOCAL
    before = frozenset(() if local else run_folders(session.results))
    try:
        folders = executor.execute(shards, session.results, here, session.runner)
    except KeyboardInterrupt:
        finished = [] if local else _finished(session, shards, before)
        if not finished:
            raise
        return replace(merged(finished), interrupted=True)
    except PluginFailed:
        # What the run itself raised, such as the error of a progress callback, is no plugin's bug.
        if raised:
            raise raised[0] from None
        raise
    return merged([made.get(each) or checked_report(read_run(each)) for each in folders])


def shards_of(session: Session, experiment: Experiment) -> tuple[Shard, ...]:
    """The experiment's cells by task and case, in their order."""
    groups: dict[GroupKey, list[Cell]] = {}
    for cell in experiment.cells:
        groups.setdefault(cell.group_key, []).append(cell)
    return tuple(
        Shard(
            task,
            case,
            tuple(cell.name for cell in cells),
            _command(session, experiment, cells),
            session.config.root,
        )
        for (task, case), cells in groups.items()
    )


def _command(session: Session, experiment: Experiment, cells: Sequence[Cell]) -> tuple[str, ...]:
    if session.config.path is None or experiment.origin.get("kind") != "configured":
        return ()
    names = [cell.target.name for cell in cells]
    places = ["--config", str(session.config.path), "--results", str(session.results)]
    which = ["--task", cells[0].task.name, "--case", cells[0].case.name]
    asked = to_words(experiment.settings)
    return (sys.executable, "-m", "harness", "run", *names, *which, *places, *asked, "--json")


def _finished(session: Session, shards: Sequence[Shard], before: Collection[Path]) -> list[Report]:
    """The reports of the shards that were run to their end since `before` was listed."""
    wanted = {(s.task, s.case, frozenset(s.targets)) for s in shards}
    found = []
    for folder in run_folders(session.results):
        if folder in before:
            continue
        with contextlib.suppress(DataUnreadable):
            report = checked_report(read_run(folder))
            ran = report.run.measurements
            cells = {(m.task, m.case) for m in ran}
            targets = frozenset(m.target for m in ran)
            if report.run.finished and {(*cell, targets) for cell in cells} <= wanted and ran:
                found.append(report)
    return found


def merged(reports: Sequence[Report]) -> Report:
    """What several runs found, as one report; the first one's identity, host and place."""
    first, *others = reports
    if not others:
        return first
    runs = [report.run for report in reports]
    run = replace(
        first.run,
        measurements=tuple(m for r in runs for m in r.measurements),
        comparisons=tuple(c for r in runs for c in r.comparisons),
        rankings=tuple(ranking for r in runs for ranking in r.rankings),
        rankings_by_tag=tuple(ranking for r in runs for ranking in r.rankings_by_tag),
        finished=all(r.finished for r in runs),
        warnings=tuple(dict.fromkeys(w for r in runs for w in r.warnings)),
    )
    return Report(
        run=run,
        folder=first.folder,
        failures={key: f for report in reports for key, f in report.failures.items()},
        counts=tuple(c for report in reports for c in report.counts),
        groups=tuple(g for report in reports for g in report.groups),
        interrupted=any(report.interrupted for report in reports),
        lacking={name: why for report in reports for name, why in report.lacking.items()},
    )
