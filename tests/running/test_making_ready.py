"""Cells made ready two at once: who may, and what is said of those that fail beside another."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import TrialFailed
from harness.running import Cell, Failed, Ready
from harness.running.making_ready import made_ready
from harness.testing import FakeRunner, make_build, make_output, make_target, make_task

ENOUGH_S = 30
PLAIN = SimpleNamespace(compares=lambda: False)
"""An adapter that leaves it to the core to compare outputs."""


class Maker:
    """Makes cells ready; those that are `waiting` for each other only come through together."""

    def __init__(self, folder: Path, waiting: int = 0) -> None:
        output = make_output(folder / "output")
        self.output = replace(output, values={"stdout": "1"})
        self.wrong = replace(output, values={"stdout": "2"})
        self.waiting = threading.Barrier(waiting) if waiting else None
        self.made: list[tuple[str, FakeRunner]] = []
        self.alone: FakeRunner | None = None
        """Where cells called `port` can run; None: anywhere."""

    def __call__(self, cell: Cell, runner: FakeRunner) -> Ready | Failed:
        self.made.append((cell.target.name, runner))
        build = make_build(cell.target)
        if cell.target.name == "port" and self.alone is not None:
            if runner is not self.alone or len(self.made) < 4:
                return Failed(cell, TrialFailed("the port is taken"), build)
        elif self.waiting is not None and cell.target.name != "first":
            self.waiting.wait(ENOUGH_S)
        wrong = cell.target.name == "file" and len(self.made) < 4
        return Ready(cell, PLAIN, build, self.wrong if wrong else self.output)


def cells_of(*names: str, **target: object) -> list[Cell]:
    task, root = make_task(), Path("/project")
    return [Cell(task, task.cases[0], make_target(root, name=name, **target)) for name in names]


@pytest.fixture
def runners(tmp_path: Path) -> tuple[FakeRunner, FakeRunner]:
    return FakeRunner(tmp_path / "own"), FakeRunner(tmp_path / "beside")


def test_two_run_at_once_after_the_first_each_by_a_runner_of_its_own(tmp_path, runners):
    make = Maker(tmp_path, waiting=2)
    made = made_ready(cells_of("first", "a", "b"), make, runners)
    assert [m.cell.target.name for m in made] == ["first", "a", "b"]
    assert make.made[0] == ("first", runners[0])
    assert {id(runner) for _, runner in make.made[1:]} == {id(runner) for runner in runners}


def test_what_fails_beside_another_is_tried_again_alone(tmp_path, runners):
    make = Maker(tmp_path)
    make.alone = runners[0]
    made = made_ready(cells_of("first", "port", "b"), make, runners)
    assert all(isinstance(m, Ready) for m in made)
    assert make.made[-1] == ("port", runners[0])


def test_what_is_wrong_beside_another_is_tried_again_alone(tmp_path, runners):
    make = Maker(tmp_path)
    made = made_ready(cells_of("first", "file", "b"), make, runners)
    assert all(isinstance(m, Ready) and m.right for m in made)
    assert make.made[-1] == ("file", runners[0])
    assert runners[0].discarded


@pytest.mark.parametrize("what", ["setup", "build", "prepare", "conclude"])
def test_beside_commands_of_the_users_nothing_runs(tmp_path, runners, what):
    make = Maker(tmp_path)
    made_ready(cells_of("first", "a", "b", **{what: (("true",),)}), make, runners)
    assert [runner for _, runner in make.made] == [runners[0]] * 3


def test_with_one_runner_each_waits_for_the_one_before(tmp_path, runners):
    make = Maker(tmp_path)
    made = made_ready(cells_of("first", "a", "b"), make, runners[:1])
    assert make.made == [(m.cell.target.name, runners[0]) for m in made]
