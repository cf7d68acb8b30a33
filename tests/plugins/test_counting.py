"""What is counted apart from timing: when, how often, and what a failure costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.errors import TrialFailed
from harness.hookspecs import hookimpl
from harness.model import Better, Command, MetricInfo, Mode, Trial, TrialPlan
from harness.plugins import Adapter, CrossCutting, Problem
from harness.testing import FakeRunner, make_build, make_case, make_target
from tests.metrics.test_sensors import Language


class Executing(Language):
    """An adapter that executes a command for its output."""

    @hookimpl
    def harness_run(self, build: Any, runner: Any) -> Any:
        return runner.output(Command(("program", "7"), target=build.target))


class Counter:
    """A plugin that counts by a function of how often it was called."""

    def __init__(self, of: Callable[[int], float]) -> None:
        self.of = of
        self.commands: list[Command] = []

    @hookimpl
    def harness_metrics(self) -> list[MetricInfo]:
        return [MetricInfo("count", better=Better.LOWER, deterministic=True)]

    @hookimpl
    def harness_beside(self, command: Command, folder: Any) -> dict[str, float]:
        assert not list(folder.iterdir())
        self.commands.append(command)
        return {"count": self.of(len(self.commands))}


@pytest.fixture
def trials(tmp_path):
    def make(
        counter: object, count: int, mode: Mode = Mode.COLD, during=lambda: None
    ) -> tuple[list[Trial], list[str]]:
        told: list[Problem] = []
        others = CrossCutting({"counter": counter}, report=told.append)
        adapter = Adapter("x", Executing(during), others)
        build, runner = make_build(make_target(tmp_path)), FakeRunner(tmp_path / "fake")
        plan = TrialPlan(mode=mode)
        made = [adapter.time(build, make_case(), plan, runner) for _ in range(count)]
        return made, [problem.message for problem in told]

    return make


def figures(made: list[Trial]) -> list[float | None]:
    return [trial.metrics.get("count") for trial in made]


def test_two_counts_that_agree_hold_for_all_later_trials(trials):
    counter = Counter(lambda nth: 1000.0)
    made, _ = trials(counter, 5)
    assert figures(made) == [1000.0] * 5
    assert [command.argv for command in counter.commands] == [("program", "7")] * 2


def test_counts_that_differ_are_made_with_every_trial(trials):
    made, _ = trials(Counter(float), 4)
    assert figures(made) == [1.0, 2.0, 3.0, 4.0]


def test_what_cannot_be_counted_costs_its_figure_and_is_told_once(trials):
    def fail(nth: int) -> float:
        raise TrialFailed("there is no counter")

    made, told = trials(Counter(fail), 3)
    assert figures(made) == [None] * 3
    assert all(trial.ok for trial in made)
    assert told == ["figures: plugin 'counter': there is no counter"]


def test_an_adapter_that_executes_nothing_is_told_of(tmp_path):
    told: list[Problem] = []
    others = CrossCutting({"counter": Counter(float)}, report=told.append)
    adapter = Adapter("x", Language(), others)
    build, runner = make_build(make_target(tmp_path)), FakeRunner(tmp_path / "fake")
    trial = adapter.time(build, make_case(), TrialPlan(), runner)
    assert trial.metrics == {}
    assert "executes no command" in told[0].message


def test_steady_work_is_not_counted(trials):
    made, told = trials(Counter(float), 2, Mode.STEADY)
    assert figures(made) == [None, None]
    assert told == []
