"""A long run needs little memory: nothing is kept of a trial but its numbers."""

import random
import tracemalloc
from pathlib import Path

import pytest

from harness.hookspecs import hookimpl
from harness.model import Build, Case, Output, Target, Toolchain, Trial
from harness.plugins import Adapter
from harness.running import Cell, Orchestrator, Settings
from harness.running.experiment import Experiment, perform
from harness.testing import (
    FakeRunner,
    make_build,
    make_output,
    make_target,
    make_task,
    make_toolchain,
    make_trial,
)


class Instant:
    """An adapter whose trials are over before they begin."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rng = random.Random(1)

    @hookimpl
    def harness_probe(self) -> Toolchain:
        return make_toolchain()

    @hookimpl
    def harness_build(self, target: Target) -> Build:
        return make_build(target)

    @hookimpl
    def harness_run(self, build: Build) -> Output:
        return make_output(self._folder / build.target.name, "42")

    @hookimpl
    def harness_time(self) -> Trial:
        return make_trial(1_000_000 + self._rng.randrange(10_000))


class Instantly:
    """Adapters, of which there is one."""

    def __init__(self, folder: Path) -> None:
        self._adapter = Adapter("x", Instant(folder))

    def get(self, name: str) -> Adapter:
        return self._adapter

    def left_out(self) -> dict[str, str]:
        return {}


def peak_of(folder: Path, trials: int) -> int:
    """The most memory that Python holds while so many trials of two targets are run to the end."""
    task, case = make_task(reference="a"), Case("fast")
    cells = tuple(Cell(task, case, make_target(folder, name=name)) for name in "ab")
    experiment = Experiment(cells, Settings(trials=trials // 2, warmup=0, seed=1))
    orchestrator = Orchestrator(Instantly(folder), FakeRunner(folder), folder / "builds")
    tracemalloc.start()
    try:
        report = perform(orchestrator, folder / "results", experiment)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [m.trials for m in report.run.measurements] == [trials // 2] * 2
    assert report.run.comparisons[0].blocks == trials // 2
    return peak


def test_a_run_of_many_trials_needs_little_more_memory_than_one_of_few(tmp_path: Path):
    peak_of(tmp_path / "first", 40)  # imports, caches
    few, many = (peak_of(tmp_path / str(trials), trials) for trials in (400, 4000))
    assert (many - few) / 3600 < 2500


@pytest.mark.soak
def test_a_run_of_two_hundred_thousand_trials_keeps_its_memory(tmp_path: Path):
    peak_of(tmp_path / "first", 40)
    few, many = (peak_of(tmp_path / str(trials), trials) for trials in (20_000, 200_000))
    assert (many - few) / 180_000 < 600
    assert many < 150 * 2**20
