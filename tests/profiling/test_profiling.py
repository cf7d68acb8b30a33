"""Profiles made and stored: phases from plain trials, failures that leave them, comparisons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataDamaged, ToolchainMissing, TrialFailed, UsageError
from harness.hookspecs import hookimpl
from harness.model import (
    Build,
    Case,
    Command,
    EmptyProgram,
    Frame,
    Phase,
    Profile,
    ProfileBy,
    ProfilePlan,
    ProfileReport,
    Target,
    Task,
    Trial,
    TrialStatus,
)
from harness.plugins import Adapter
from harness.profiling.making import (
    find_report,
    latest_report,
    load_report,
    profile_against,
    profile_at,
    profile_cell,
    stored_reports,
)
from harness.profiling.turns import ProfileRequest
from harness.project.config import load_config
from harness.project.state_folder import PROFILES
from harness.running import Cell, Orchestrator
from harness.running.session import open_session
from harness.testing import FakeRunner, make_build, make_target, make_toolchain, make_trial

STACKS = {
    (Frame("main", "a.c", 1), Frame("step", "a.c", 7)): 90.0,
    (Frame("main", "a.c", 2),): 10.0,
}
PROFILE = Profile("fake", ProfileBy.FUNCTION, "samples", 100.0, stacks=STACKS, wall_ns=3_000_000)


@dataclass
class FakeLanguage:
    """An adapter whose profiler answers as it is told, and remembers what it was asked."""

    answer: Callable[[ProfilePlan], Profile | None] = lambda plan: replace(PROFILE, by=plan.by)
    plans: list[ProfilePlan] = field(default_factory=list)
    empty: tuple[EmptyProgram, ...] = ()

    @hookimpl
    def harness_probe(self) -> Any:
        return make_toolchain()

    @hookimpl
    def harness_build(self, target: Target) -> Build:
        return make_build(target)

    @hookimpl
    def harness_run(self) -> None:
        raise AssertionError("a profile needs no output")

    @hookimpl
    def harness_time(self, build: Build, case: Case, plan: Any, runner: FakeRunner) -> Any:
        return runner.trial(Command((str(build.program),)), plan)

    @hookimpl
    def harness_floor(self) -> tuple[EmptyProgram, ...]:
        return self.empty

    @hookimpl
    def harness_profile(self, plan: ProfilePlan) -> Profile | None:
        self.plans.append(plan)
        return self.answer(plan)


class OneAdapter:
    """Adapters, of which there is one."""

    def __init__(self, plugin: object) -> None:
        self._adapter = Adapter("x", plugin)

    def get(self, name: str) -> Adapter:
        return self._adapter


class Discarding(FakeRunner):
    """A FakeRunner that the core may hand outputs back to."""

    def discard(self, output: Any) -> None:
        """Nothing to remove: the test's folder goes as a whole."""


@dataclass
class Bench:
    """Everything that a profile needs, and the fakes behind it."""

    folder: Path
    language: FakeLanguage
    runner: Discarding
    orchestrator: Orchestrator
    request: ProfileRequest

    def profile(self, **changes: Any) -> ProfileReport:
        return profile_cell(self.orchestrator, self.folder, replace(self.request, **changes))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    language = FakeLanguage()
    runner = Discarding(tmp_path)
    task = Task("sum", (Case("fast"), Case("full")))
    cell = Cell(task, Case("fast"), make_target(tmp_path))
    adapters: Any = OneAdapter(language)
    orchestrator = Orchestrator(adapters, runner, tmp_path / "builds")  # type: ignore[arg-type]
    return Bench(tmp_path / PROFILES, language, runner, orchestrator, ProfileRequest(cell))


def test_phases_come_from_plain_trials_with_their_interval(bench: Bench) -> None:
    bench.runner.trials = [
        make_trial(1000, phases=(Phase("force", 4, total),))
        for total in (700, 800, 900, 800, 800, 800)
    ]
    force, rest = bench.profile().phases.spots
    assert (force.phase, force.total_share, force.low, force.high) == ("force", 0.8, 0.7, 0.9)
    assert rest.total_share == pytest.approx(0.2)


def _empty(*adds: str) -> tuple[EmptyProgram, ...]:
    return tuple(EmptyProgram(word, Command((f"/empty/{word}",))) for word in adds)


def test_the_floor_is_measured_in_turn_with_the_program(bench: Bench) -> None:
    bench.language.empty = _empty("start-up", "imports")
    turns = [make_trial(690), make_trial(120), make_trial(540)]
    bench.runner.trials = turns * 6
    report = bench.profile()
    assert report.floor is not None
    assert [(part.name, part.wall_ns) for part in report.floor.parts] == [
        ("start-up", 120),
        ("imports", 420),
    ]
    assert report.floor.bound == pytest.approx(690 / 540)
    assert report.spots is not None
    assert {"(start-up)", "(imports)"} <= {spot.function for spot in report.spots.spots}
    assert all(s.bound <= 1.28 for s in report.spots.spots if not s.function.startswith("("))


@pytest.mark.parametrize(
    ("whole", "empty", "told"),
    [
        ((690, 700, 680, 690, 695, 685), (660, 670, 650, 660, 665, 655), True),
        ((690, 750, 640, 660, 720, 690), (660, 670, 650, 660, 665, 655), False),
        ((690, 700, 680, 690, 695, 685), (660, 4000, 650, 660, 665, 655), True),
        ((600, 600, 600, 600, 600, 600), (660, 660, 660, 660, 660, 660), False),
    ],
)
def test_a_floor_is_told_where_it_is_below_the_whole_by_more_than_noise(
    bench: Bench, whole: tuple[int, ...], empty: tuple[int, ...], *, told: bool
) -> None:
    bench.language.empty = _empty("start-up")
    pairs = zip(whole, empty, strict=True)
    bench.runner.trials = [make_trial(ns) for pair in pairs for ns in pair]
    report = bench.profile()
    assert report.floor is not None
    assert (report.floor.told, report.floor.limit is not None) == (told, told)
    assert report.spots is not None
    assert ("(start-up)" in {spot.function for spot in report.spots.spots}) is told


def test_an_empty_program_that_does_not_end_well_is_left_out_and_said(bench: Bench) -> None:
    bench.language.empty = _empty("start-up", "imports")
    broken = replace(make_trial(5), status=TrialStatus.FAILED, message="exit code 1")
    program, start = make_trial(690), make_trial(120)
    rest = [turn for _ in range(4) for turn in (program, start)]
    bench.runner.trials = [program, start, start, program, start, broken, *rest]
    report = bench.profile()
    assert report.floor is not None
    assert [part.name for part in report.floor.parts] == ["start-up"]
    assert any("imports: exit code 1" in warning for warning in report.warnings)


def test_by_phase_no_profiler_runs(bench: Bench) -> None:
    assert bench.profile(by=ProfileBy.PHASE).spots is None
    assert bench.language.plans == []


def test_functions_are_counted_from_the_adapter_s_stacks(bench: Bench) -> None:
    spots = bench.profile().spots
    assert spots is not None
    assert [(s.function, s.self_share) for s in spots.spots] == [("step", 0.9), ("main", 0.1)]


@pytest.mark.parametrize(
    ("profiled", "busy_ns", "slowdown", "measure"),
    [
        ({"cpu_ns": 1_500_000}, 500_000, 3.0, "CPU time"),
        ({"cpu_ns": 1_500_000}, 10_000, 3.0, "wall time"),  # it waits
        ({}, 500_000, 3.0, "wall time"),
        ({"slowdown": 1.5}, 500_000, 1.5, "CPU time"),
        ({"wall_ns": 0}, 500_000, None, ""),
    ],
)
def test_the_overhead_is_the_profiled_run_over_the_plain_one(
    bench: Bench, profiled: Any, busy_ns: int, slowdown: float | None, measure: str
) -> None:
    bench.runner.trials = [make_trial(1_000_000, user_ns=busy_ns) for _ in range(6)]
    bench.language.answer = lambda plan: replace(PROFILE, **profiled)
    report = bench.profile()
    assert report.slowdown == (pytest.approx(slowdown) if slowdown else None)
    assert report.slowdown_of == measure


def test_the_profiler_is_told_how_long_a_plain_run_takes(bench: Bench) -> None:
    bench.runner.trials = [make_trial(2_000_000) for _ in range(6)]
    bench.profile(tool="fake")
    (plan,) = bench.language.plans
    assert (plan.tool, plan.plain_wall_ns) == ("fake", 2_000_000)
    assert plan.folder is not None
    assert plan.folder.is_dir()


def test_so_many_plain_trials_are_made_as_are_asked_for(bench: Bench) -> None:
    bench.runner.trials = [make_trial(10**9) for _ in range(3)]
    bench.profile(trials=3)
    assert len(bench.runner.commands) == 3


MS = 10**6


@pytest.mark.parametrize(
    ("whole_ms", "empty_ms", "more", "why"),
    [
        ((700, 690), (130, 133), {}, "two pairs of long runs say all"),
        ((100, 101, 99, 100), (30, 31, 30, 29), {}, "short ones go on for half a second"),
        ((700, 900, 650, 700, 720, 690), (130,) * 6, {}, "the program's trials lie apart"),
        ((700, 690, 700, 690, 695, 700), (680, 670, 690, 680, 670, 675), {}, "next to no work"),
        ((700,) * 6, (130,) * 6, {"phases": (Phase("force", 1, MS),)}, "phases want intervals"),
        ((15_000, 15_100), (130, 133), {}, "no further one is begun after 20 s"),
    ],
)
def test_plain_trials_end_where_more_of_them_would_tell_nothing(
    bench: Bench, whole_ms: tuple[int, ...], empty_ms: tuple[int, ...], more: Any, why: str
) -> None:
    bench.language.empty = _empty("start-up")
    pairs = [*zip(whole_ms, empty_ms, strict=True)]
    bench.runner.trials = [
        turn
        for whole, empty in (*pairs, *[pairs[-1]] * 6)
        for turn in (make_trial(whole * MS, **more), make_trial(empty * MS))
    ]
    bench.profile()
    assert len(bench.runner.commands) == 2 * len(pairs), why


def test_on_a_crowded_machine_the_cpu_time_says_whether_trials_are_clear(bench: Bench) -> None:
    def crowded(wall: int) -> Trial:
        return make_trial(wall * MS, user_ns=600 * MS, pressure_ns=wall * MS // 2)

    bench.runner.trials = [crowded(wall) for wall in (1500, 2500, 1500, 2500, 1500, 2500)]
    bench.profile()
    assert len(bench.runner.commands) == 2


def test_the_profiler_is_told_how_long_an_empty_program_takes(bench: Bench) -> None:
    bench.language.empty = _empty("start-up", "imports")
    bench.runner.trials = [make_trial(690), make_trial(120, user_ns=70), make_trial(540)] * 6
    bench.profile()
    assert [plan.start_up_cpu_ns for plan in bench.language.plans] == [
        make_trial(120, user_ns=70).cpu_ns
    ]


def test_nothing_goes_into_the_store_of_trials(bench: Bench) -> None:
    bench.profile()
    assert not [*bench.folder.parent.rglob("*.parquet"), *bench.folder.parent.rglob("*.stream")]


def test_a_program_that_fails_without_a_profiler_is_an_error(bench: Bench) -> None:
    bench.runner.trials = [make_trial(status=TrialStatus.FAILED, exit_code=3, message="exit 3")]
    with pytest.raises(TrialFailed, match=r"sum-x.*fast.*exit 3"):
        bench.profile()


def fails(error: Exception) -> Callable[[ProfilePlan], Profile | None]:
    def answer(plan: ProfilePlan) -> Profile | None:
        raise error

    return answer


def test_a_profiler_that_crashes_leaves_the_phases_and_the_reason(bench: Bench) -> None:
    bench.runner.trials = [make_trial(1000, phases=(Phase("a", 1, 500),)) for _ in range(6)]
    bench.language.answer = fails(TrialFailed("crashed (signal 11)", hint="another libunwind"))
    report = bench.profile()
    assert report.failure is not None
    assert (report.failure.message, report.failure.exit_code) == ("crashed (signal 11)", 5)
    assert report.phases.spots[0].phase == "a"
    assert load_report(bench.folder / report.id).failure == report.failure


def test_no_profiler_at_all_leaves_the_phases(bench: Bench) -> None:
    bench.language.answer = fails(ToolchainMissing("none", hint="apt-get"))
    assert bench.profile().failure is not None


def test_a_profiler_that_was_named_must_be_there(bench: Bench) -> None:
    bench.language.answer = fails(ToolchainMissing("no perf", hint="apt-get"))
    with pytest.raises(ToolchainMissing, match="no perf"):
        bench.profile(tool="perf")


def test_an_adapter_without_profiler_says_so(bench: Bench) -> None:
    bench.language.answer = lambda plan: None
    failure = bench.profile().failure
    assert failure is not None
    assert "has no profiler" in failure.message


def test_a_function_that_was_not_seen_is_refused(bench: Bench) -> None:
    with pytest.raises(UsageError, match="no function like 'absent'"):
        bench.profile(by=ProfileBy.LINE, function="absent")


def test_a_request_that_is_refused_costs_one_trial_and_leaves_nothing(bench: Bench) -> None:
    bench.language.answer = fails(UsageError("no such tool"))
    with pytest.raises(UsageError, match="no such tool"):
        bench.profile(tool="gprof")
    assert len(bench.runner.commands) == 1
    assert not [*bench.folder.iterdir()]


def test_every_export_is_written_and_named(bench: Bench) -> None:
    report = bench.profile()
    assert set(report.exports) == {"flame graph", "speedscope", "collapsed stacks", "report"}
    for path in report.exports.values():
        assert Path(path).stat().st_size > 0
        assert Path(path).parent == bench.folder / report.id


def test_a_stored_report_is_found_by_its_beginning(bench: Bench) -> None:
    report = bench.profile()
    found = find_report(bench.folder, report.id[:-1])
    assert found is not None
    assert found.id == report.id
    assert find_report(bench.folder, "nothing-like-it") is None


def test_an_ambiguous_beginning_is_refused(bench: Bench) -> None:
    bench.profile()
    bench.profile()
    with pytest.raises(UsageError, match="several profiles begin with '2'"):
        find_report(bench.folder, "2")


def test_a_damaged_report_is_named_and_the_others_are_still_listed(bench: Bench) -> None:
    good, bad = bench.profile(), bench.profile()
    (bench.folder / bad.id / "profile.json").write_text("{")
    with pytest.raises(DataDamaged, match=bad.id):
        load_report(bench.folder / bad.id)
    assert [report.id for report in stored_reports(bench.folder)] == [good.id]


def test_the_latest_report_answers_the_same_request(bench: Bench) -> None:
    bench.profile(by=ProfileBy.LINE)
    functions = bench.profile()
    found = latest_report(bench.folder, bench.request)
    assert found is not None
    assert found.id == functions.id
    assert latest_report(bench.folder, replace(bench.request, tool="other")) is None


CONFIG = """\
[tasks.sum.cases.fast]
[targets.sum]
task = "sum"
adapter = "python"
sources = ["sum.py"]
"""


def test_a_revision_is_profiled_once_and_found_again(project: Any) -> None:
    project.write("harness.toml", CONFIG)
    project.write("sum.py", "def before(): return sum(range(10))\nprint(before())\n")
    old = project.commit()
    project.write("sum.py", "def after(): return 45\nprint(after())\n")
    config = load_config(project.path / "harness.toml")
    task = config.task("sum")
    request = ProfileRequest(
        Cell(task, task.case(), config.target("sum")), tool="cProfile", trials=2
    )
    with open_session(config) as session:
        first = profile_at(session, request, "HEAD")
        again = profile_against(session, request, old[:10])
        with pytest.raises(UsageError, match="neither a stored profile nor a revision"):
            profile_against(session, request, "no-such-thing")
    assert first.spots is not None
    assert "before" in {spot.function for spot in first.spots.spots}
    assert (first.revision, again.id) == (old, first.id)
