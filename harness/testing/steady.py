"""The part of the suite that is about repeated work: drivers, samples, input, phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from harness.errors import ConfigError
from harness.model import Mode, Sample, SteadyPlan, Target, Toolchain, Trial, TrialPlan, TrialStatus
from harness.plugins import Adapter
from harness.testing.fakes import RecordingRunner
from harness.testing.sums import TEN, printed

NO_DRIVER = "this adapter has no steady driver"
SCALES_NS = 2_000_000
"""A sample that long is made of many executions of the suite's small programs."""


def how_it_grows(samples: Sequence[Sample]) -> str:
    """What is wrong with a trial whose work is some thousand times shorter than a sample."""
    timed = max(sample.wall_ns for sample in samples if not sample.calibration)
    if timed < SCALES_NS:
        return f"samples of {timed} ns, want at least {SCALES_NS} ns"
    by_batch: dict[int, list[int]] = {}
    for sample in samples[1:]:  # the first call may be a compiler at work
        by_batch.setdefault(sample.batch, []).append(sample.cpu_ns)
    largest = max(by_batch)
    if largest < 8:
        return ""  # slow work is timed alone
    times = min(by_batch[largest]) / max(1, *by_batch[largest // 8])
    return "" if 5 < times < 13 else f"eight times the batch took {times:.1f} times the CPU time"


def how_often(trial: Trial) -> str:
    """What is wrong with a trial whose marked work counts its own executions.

    Where a compiler works beside a program, time says nothing of how often it was executed: what
    was long enough at first is shorter in the end, or gone.
    """
    asked = sum(sample.batch for sample in trial.samples)
    counted = sum(phase.calls for phase in trial.phases)
    return "" if counted >= asked else f"{asked} executions were asked for, {counted} took place"


class SteadyChecks:
    """Checks of `AdapterConformance`, which says what the attributes are."""

    steady: ClassVar[bool]
    gets_faster: ClassVar[bool]
    program: ClassVar[str]
    reading: ClassVar[str | None]
    marked: ClassVar[str | None]
    threaded: ClassVar[str | None]

    @classmethod
    def make_target(cls, folder: Path, source: str, **changes: Any) -> Target:
        """A target made of one source."""
        raise NotImplementedError

    def test_steady_mode_gives_samples_or_is_refused(
        self, hooks: Adapter, toolchain: Toolchain, workdir: Path, runner: RecordingRunner,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        target = self.make_target(tmp_path / "source", self.program, steady=True)
        if not self.steady:
            with pytest.raises(ConfigError):
                hooks.build(target, toolchain, workdir, runner)
            return
        plain = hooks.build(replace(target, steady=False), toolchain, workdir, runner)
        build = hooks.build(target, toolchain, workdir, runner)
        assert build.digest != plain.digest
        few = SteadyPlan(samples=3, min_sample_ns=100_000, budget_ns=1_000_000_000)
        trial = hooks.time(build, TEN, TrialPlan(Mode.STEADY, steady=few), runner)
        assert trial.status is TrialStatus.OK, trial.message
        assert any(not sample.calibration for sample in trial.samples)
        assert all(sample.wall_ns > 0 for sample in trial.samples)
        assert trial.ready_ns is not None
        assert trial.output is not None
        assert printed(trial.output) == "55\n", "however many samples: the output of one run"

    def test_twice_the_batch_takes_about_twice_the_time(
        self, hooks: Adapter, toolchain: Toolchain, workdir: Path, runner: RecordingRunner,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        """One of three trials must show it: a machine may be disturbed, a driver is not."""
        if not self.steady:
            pytest.skip(NO_DRIVER)
        counts = self.gets_faster
        if counts and not self.marked:
            pytest.skip("a compiler works while it runs, and there is no marker that counts")
        target = self.make_target(
            tmp_path / "source", (self.marked or "") if counts else self.program, steady=True
        )
        build = hooks.build(target, toolchain, workdir, runner)
        plan = SteadyPlan(samples=3, min_sample_ns=SCALES_NS, budget_ns=10_000_000_000)
        said = []
        for _ in range(3):
            trial = hooks.time(build, TEN, TrialPlan(Mode.STEADY, steady=plan), runner)
            assert trial.status is TrialStatus.OK, trial.message
            said.append(how_often(trial) if counts else how_it_grows(trial.samples))
            if not said[-1]:
                return
        hint = "" if counts else "; where a compiler works beside a program, say `gets_faster`"
        pytest.fail(f"{'; '.join(said)}: 0 to 40 asks for 2^k executions{hint}")

    def test_steady_work_reads_standard_input_from_its_beginning(
        self, hooks: Adapter, toolchain: Toolchain, workdir: Path, runner: RecordingRunner,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        if not self.steady:
            pytest.skip(NO_DRIVER)
        assert self.reading is not None, "a steady driver rewinds standard input: fill in `reading`"
        numbers = tmp_path / "numbers.txt"
        numbers.write_text("".join(f"{n}\n" for n in range(1, 11)), encoding="utf-8")
        changes = {"args": (), "stdin": numbers, "steady": True}
        target = self.make_target(tmp_path / "source", self.reading, **changes)
        build = hooks.build(target, toolchain, workdir, runner)
        few = SteadyPlan(samples=2, min_sample_ns=100_000, budget_ns=1_000_000_000)
        trial = hooks.time(build, TEN, TrialPlan(Mode.STEADY, steady=few), runner)
        assert trial.status is TrialStatus.OK, trial.message
        assert trial.output is not None
        assert printed(trial.output) == "55\n", "every execution reads from the beginning"

    def test_phases_are_reported_where_there_is_a_marker(
        self, hooks: Adapter, toolchain: Toolchain, workdir: Path, runner: RecordingRunner,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        if not self.marked:
            assert self.marked == "" or not self.steady, (
                "fill in `marked`, or say by the empty string that there is no marker"
            )
            pytest.skip("this language has no phase marker")
        target = self.make_target(tmp_path / "source", self.marked)
        for steady in (False, True)[: 1 + self.steady]:
            build = hooks.build(replace(target, steady=steady), toolchain, workdir, runner)
            few = SteadyPlan(samples=2, min_sample_ns=100_000, budget_ns=1_000_000_000)
            plan = TrialPlan(Mode.STEADY if steady else Mode.COLD, steady=few)
            trial = hooks.time(build, TEN, plan, runner)
            assert trial.status is TrialStatus.OK, trial.message
            phases = {phase.path: phase.calls for phase in trial.phases}
            assert phases.keys() == {"sum"}, "the marker is handed to the target"
            timed = sum(sample.batch for sample in trial.samples)
            assert phases["sum"] >= max(1, timed), "once per execution"

    def test_phases_of_several_threads_are_summed(
        self, hooks: Adapter, toolchain: Toolchain, workdir: Path, runner: RecordingRunner,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        if self.threaded is None:
            pytest.skip("the sample has no program `threaded`")
        target = self.make_target(tmp_path / "source", self.threaded)
        build = hooks.build(target, toolchain, workdir, runner)
        trial = hooks.time(build, TEN, TrialPlan(), runner)
        assert trial.status is TrialStatus.OK, trial.message
        assert trial.output is not None
        assert printed(trial.output) == "55\n"
        phases = {phase.path: phase.calls for phase in trial.phases}
        assert phases == {"sum": 2}, "two threads, one call each: neither is lost, none is nested"
