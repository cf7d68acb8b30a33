"""Runs as `harness compare` makes them, in a session that stays open."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import Target
from harness.running import Cell, Settings
from harness.running.experiment import Experiment, perform
from harness.running.reports import Report
from harness.running.session import Session


def run_of(session: Session, targets: Sequence[Target | str], settings: Settings) -> Report:
    """One run of targets, by name or as they are, each on its task's default case."""
    config = session.config
    cells = []
    for named in targets:
        target = config.target(named) if isinstance(named, str) else named
        task = config.task(target.task)
        cells.append(Cell(task, config.case(task, None), target))
    experiment = Experiment(tuple(cells), settings)
    return perform(session.orchestrator, session.results, experiment)
