"""The rule that ends a race of cells that are ready: what their first runs tell of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.analysis import GainSearch, RaceRules
from harness.model import Mode
from harness.running import Cell, Ready
from harness.running.ending import EndsBy, ending_rule
from harness.running.settings import Settings
from harness.testing import make_build, make_output, make_target, make_task

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("mode", "share", "later"),
    [
        (Mode.COLD, 1.0, {"null"}),
        (Mode.COLD, 0.1, set()),  # short runs are repeated, and tell little
        (Mode.STEADY, 1.0, set()),  # in which the first run is none of those that are timed
    ],
)
def test_only_long_first_runs_of_whole_programs_tell_who_is_asked_later(
    tmp_path, mode, share, later
):
    took = {"p": SECOND, "quick": SECOND // 3, "null": SECOND}
    task, members = make_task(), []
    for name, first_ns in took.items():
        cell = Cell(task, task.cases[0], make_target(Path("/project"), name=name))
        build, output = make_build(cell.target), make_output(tmp_path / name)
        members.append(Ready(cell, None, build, output, first_ns=round(first_ns * share)))
    race = RaceRules("p", finding=GainSearch())
    rule = ending_rule(EndsBy(Settings(mode=mode), race=race), members)
    assert set(rule.left) == later
