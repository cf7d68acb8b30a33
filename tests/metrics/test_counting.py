"""The plugins that count processes, on this machine: a program is executed and counted."""

from __future__ import annotations

import shutil

import pytest

import harness.metrics.instructions as instructions
from harness.metrics import python_memory
from harness.metrics.of_processes import io, tree_memory
from harness.model import Command
from harness.system.process.opening import open_runner
from harness.testing import make_build, make_target, make_toolchain

HUGE = 1 << 22


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    place = tmp_path_factory.mktemp("runner")
    made = open_runner(place / "scratch", place / "cache")
    yield made
    made.close()


@pytest.fixture
def build(tmp_path):
    return make_build(make_target(tmp_path))


def command(build, words):
    return Command(("sh", "-c", words), target=build.target)


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
def test_instructions_are_counted_by_valgrind_where_perf_may_not(
    runner, build, tmp_path, monkeypatch
):
    monkeypatch.setattr(instructions, "_offered", [None])
    asked = command(build, "i=0; while [ $i -lt 500 ]; do i=$((i + 1)); done")
    few = command(build, ":")
    counts = []
    for n, each in enumerate((few, asked)):
        folder = tmp_path / str(n)
        folder.mkdir()
        counts.append(instructions.harness_beside(build, each, folder, runner)["instructions"])
    assert counts[1] > counts[0] + 10_000 > 10_000


def test_perfs_lines_are_read_and_a_counter_that_is_not_offered_is_none():
    read = instructions._read_perf
    assert read("# started\n\n123456,,instructions:u,9,100.00,,\n") == 123456
    assert read("<not supported>,,instructions:u,0,100.00,,\n") is None


def test_memory_of_the_tree_is_at_least_that_of_its_largest_process(runner, build):
    held = tree_memory.harness_beside(build, command(build, ":"), runner)["tree_memory"]
    assert held >= 100_000


def test_bytes_that_a_trial_moves_are_counted(runner, build):
    def moved(words):
        steps = io.harness_time()
        next(steps)
        trial = runner.trial(command(build, words), plan())
        with pytest.raises(StopIteration) as end:
            steps.send(trial)
        return end.value.value.metrics["io"]

    runner.trial(command(build, ":"), plan())  # the launcher is there from now on
    assert moved(f"head -c {HUGE} /dev/zero > file") >= HUGE
    assert moved(":") < HUGE


def plan():
    from harness.model import TrialPlan

    return TrialPlan()


def test_what_python_allocates_is_its_peak(runner, build, tmp_path):
    from dataclasses import replace

    own = replace(build, toolchain=replace(make_toolchain(), language="Python"))
    asked = Command(("python3", "-c", f"x = bytearray({HUGE}); del x"), target=build.target)
    peak = python_memory.harness_beside(own, asked, tmp_path, runner)["python_memory"]
    assert HUGE <= peak < 4 * HUGE
    other = replace(own, toolchain=replace(own.toolchain, language="C"))
    assert python_memory.harness_beside(other, asked, tmp_path, runner) is None
