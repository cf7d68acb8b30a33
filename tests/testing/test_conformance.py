"""The suite for adapters finds what it looks for: each of its checks fails for a faulty adapter.

The faulty ones are the example adapter (Perl) with one hook replaced.
"""

from __future__ import annotations

import inspect
import itertools
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import harness_perl
import harness_python.build
from harness.errors import BuildFailed, ConfigError, HarnessError, ToolchainMissing
from harness.hookspecs import hookimpl
from harness.model import (
    Agreement,
    Command,
    HotSpot,
    Mode,
    Profile,
    ProfileBy,
    SteadyPlan,
    TrialPlan,
    TrialStatus,
    digest_of,
)
from harness.plugins import Adapter
from harness.system.process.runner import LocalRunner
from harness.testing import (
    AdapterConformance,
    completed,
    make_case,
)
from harness.testing.fakes import RecordingRunner
from harness.testing.samples import read_sample, shipped_sample
from harness.testing.traces import processes_with
from test_harness_perl import TestPerl as Suite

good = harness_perl


def perl_with(*hooks: Callable[..., Any]) -> SimpleNamespace:
    """The Perl adapter with these hooks in place of its own."""
    names = ("harness_probe", "harness_build", "harness_run", "harness_time")
    own = {name: getattr(good, name) for name in names}
    return SimpleNamespace(**{**own, **{hook.__name__: hook for hook in hooks}})


# -- faulty adapters, by the check that finds them ----------------------------------------------

FAULTY: dict[str, list[Callable[[], SimpleNamespace]]] = {}


def found_by(check: str) -> Callable[[Callable[[], SimpleNamespace]], Callable[..., Any]]:
    def keep(make: Callable[[], SimpleNamespace]) -> Callable[[], SimpleNamespace]:
        FAULTY.setdefault(check, []).append(make)
        return make

    return keep


@found_by("test_probe_is_stable")
def probe_counts() -> SimpleNamespace:
    numbers = itertools.count()

    @hookimpl
    def harness_probe(runner):
        return replace(good.harness_probe(runner), fingerprint=str(next(numbers)))

    return perl_with(harness_probe)


@found_by("test_probe_describes_a_program_that_is_there")
def probe_invents_a_program() -> SimpleNamespace:
    @hookimpl
    def harness_probe(runner):
        return replace(good.harness_probe(runner), program=Path("/no/such/perl"))

    return perl_with(harness_probe)


@found_by("test_a_missing_toolchain_says_how_to_get_it")
def missing_without_a_hint() -> SimpleNamespace:
    @hookimpl
    def harness_probe(runner):
        if runner.find("perl") is None:
            raise ToolchainMissing("no perl")
        return good.harness_probe(runner)

    return perl_with(harness_probe)


@found_by("test_an_equal_build_is_made_once")
def build_forgets() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        return replace(good.harness_build(target, toolchain, workdir, runner), cached=False)

    return perl_with(harness_build)


@found_by("test_a_damaged_cache_is_made_again")
def build_believes_its_memory() -> SimpleNamespace:
    made = {}

    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        script = target.sources[0].read_text()
        if script not in made:
            made[script] = good.harness_build(target, toolchain, workdir, runner)
            (made[script].workdir / "copy.pl").write_text(script)
        return made[script]

    @hookimpl
    def harness_run(build, case, runner):
        copy = str(build.workdir / "copy.pl")
        argv = (str(build.program), copy, *build.target.arguments(case))
        return runner.output(Command(argv, target=build.target))

    return perl_with(harness_build, harness_run)


@found_by("test_a_changed_source_is_another_build")
@found_by("test_another_toolchain_is_another_build")
def digest_of_the_name_alone() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        made = good.harness_build(target, toolchain, workdir, runner)
        return replace(made, digest=digest_of([target.name]))

    return perl_with(harness_build)


@found_by("test_equal_sources_elsewhere_are_the_same_build")
def digest_of_the_path_too() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        made = good.harness_build(target, toolchain, workdir, runner)
        return replace(made, digest=digest_of([made.digest, str(target.root)]))

    return perl_with(harness_build)


@found_by("test_a_build_lives_in_a_folder_of_its_own_below_workdir")
def build_lives_anywhere() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        made = good.harness_build(target, toolchain, workdir, runner)
        return replace(made, workdir=workdir)

    return perl_with(harness_build)


@found_by("test_a_broken_source_gives_the_toolchains_words_every_time")
def build_checks_nothing() -> SimpleNamespace:
    class Agreeable(RecordingRunner):
        def tool(self, argv, **more):
            return completed()

    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        return good.harness_build(target, toolchain, workdir, Agreeable(runner))

    return perl_with(harness_build)


@found_by("test_an_unknown_option_is_refused")
def any_option_goes() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        return good.harness_build(replace(target, options={}), toolchain, workdir, runner)

    return perl_with(harness_build)


@found_by("test_an_unknown_option_is_refused")
def nothing_is_suggested() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        if set(target.options) - {"flags"}:
            raise ConfigError(f"unknown: {', '.join(target.options)}")
        return good.harness_build(target, toolchain, workdir, runner)

    return perl_with(harness_build)


@found_by("test_a_run_gives_the_output_of_its_case")
def case_is_ignored() -> SimpleNamespace:
    @hookimpl
    def harness_run(build, runner):
        return good.harness_run(build, make_case(n=10), runner)

    return perl_with(harness_run)


@found_by("test_two_runs_give_the_same_bytes")
def output_depends_on_the_time() -> SimpleNamespace:
    @hookimpl
    def harness_run(build, runner):
        argv = (str(build.program), "-MTime::HiRes=time", "-e", "print time")
        return runner.output(Command(argv, target=build.target))

    return perl_with(harness_run)


@found_by("test_a_wrong_output_is_caught")
def everything_agrees() -> SimpleNamespace:
    @hookimpl
    def harness_compare(tolerance):
        return Agreement(ok=True, summary="fine")

    return perl_with(harness_compare)


@found_by("test_a_failing_program_raises_when_run_and_reports_when_timed")
def failure_is_raised_when_timed() -> SimpleNamespace:
    @hookimpl
    def harness_time(build, case, plan, runner):
        trial = good.harness_time(build, case, plan, runner)
        if not trial.ok:
            raise RuntimeError(trial.message)
        return trial

    return perl_with(harness_time)


@found_by("test_a_failing_program_raises_when_run_and_reports_when_timed")
def failure_is_hidden() -> SimpleNamespace:
    @hookimpl
    def harness_time(build, case, plan, runner):
        trial = good.harness_time(build, case, plan, runner)
        return replace(trial, status=TrialStatus.OK)

    return perl_with(harness_time)


@found_by("test_a_trial_is_timed_by_the_parent")
def clock_of_its_own() -> SimpleNamespace:
    @hookimpl
    def harness_time(build, case, plan, runner):
        return replace(good.harness_time(build, case, plan, runner), wall_ns=1)

    return perl_with(harness_time)


@found_by("test_a_trial_is_timed_by_the_parent")
def plan_of_its_own() -> SimpleNamespace:
    @hookimpl
    def harness_time(build, case, runner):
        return good.harness_time(build, case, TrialPlan(), runner)

    return perl_with(harness_time)


@found_by("test_a_trial_is_timed_by_the_parent")
def best_of_two() -> SimpleNamespace:
    @hookimpl
    def harness_time(build, case, plan, runner):
        trials = [good.harness_time(build, case, plan, runner) for _ in range(2)]
        return min(trials, key=lambda trial: trial.wall_ns)

    return perl_with(harness_time)


@found_by("test_a_target_s_limits_and_environment_hold")
def target_is_forgotten() -> SimpleNamespace:
    @hookimpl
    def harness_run(build, case, runner):
        return good.harness_run(replace(build, target=replace(build.target, env={})), case, runner)

    return perl_with(harness_run)


@found_by("test_a_timeout_leaves_no_process")
def process_of_its_own() -> SimpleNamespace:
    @hookimpl
    def harness_time(build, case, plan, runner):
        argv = [str(build.program), "-e", "sleep 90"]
        os.posix_spawn(argv[0], argv, dict(build.target.env))
        return good.harness_time(build, case, plan, runner)

    return perl_with(harness_time)


@found_by("test_steady_mode_gives_samples_or_is_refused")
def steady_is_promised() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        return good.harness_build(replace(target, steady=False), toolchain, workdir, runner)

    return perl_with(harness_build)


@found_by("test_nothing_is_written_outside_workdir")
def source_tree_is_littered() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        target.root.joinpath("sum.cache").write_text("")
        return good.harness_build(target, toolchain, workdir, runner)

    return perl_with(harness_build)


@found_by("test_nothing_is_written_outside_workdir")
def home_is_littered() -> SimpleNamespace:
    @hookimpl
    def harness_probe(runner):
        Path("~/.perl-cache").expanduser().write_text("")
        return good.harness_probe(runner)

    return perl_with(harness_probe)


@found_by("test_paths_may_hold_spaces_and_any_letter")
def words_are_split() -> SimpleNamespace:
    @hookimpl
    def harness_run(build, case, runner):
        line = " ".join([str(build.program), *map(str, build.target.sources), "10"])
        return runner.output(Command(("/bin/sh", "-c", line), target=build.target))

    return perl_with(harness_run)


@found_by("test_a_profile_is_whole_where_there_is_one")
def profile_is_upside_down() -> SimpleNamespace:
    @hookimpl
    def harness_profile():
        spots = tuple(HotSpot(share, share, share, function=f"f{share}") for share in (0.2, 0.8))
        return Profile("x", ProfileBy.FUNCTION, "samples", 1.0, spots)

    return perl_with(harness_profile)


# -- faulty adapters with a steady driver: the Python one, its driver or a hook replaced ----------


class PythonSuite(AdapterConformance):
    """What the checks of steady mode need; not collected."""

    adapter = "python"
    suffix = ".py"
    steady = True
    program = """\
import sys

if __name__ == "__main__":
    print(sum(range(1, int(sys.argv[1]) + 1)))
"""
    reading = """\
import sys

if __name__ == "__main__":
    print(sum(map(int, sys.stdin)))
"""
    marked = """\
import sys
from harness_phases import phase

if __name__ == "__main__":
    with phase("sum"):
        total = sum(range(1, int(sys.argv[1]) + 1))
    print(total)
"""


PythonSuite.threaded = read_sample(shipped_sample("python"))["threaded"]


def python_with(change: Callable[[Command, Path], Command]) -> SimpleNamespace:
    """The Python adapter, whose trials execute a changed command."""

    @hookimpl
    def harness_time(build, case, plan, runner):
        return runner.trial(change(harness_python.build.command(build, case), build.workdir), plan)

    names = ("harness_probe", "harness_build", "harness_run")
    own = {name: getattr(harness_python, name) for name in names}
    return SimpleNamespace(**own, harness_time=harness_time, suite=PythonSuite)


def driven_with(old: str, new: str) -> SimpleNamespace:
    """The Python adapter with one line of its steady driver replaced."""
    text = harness_python.build.DRIVER.read_text()
    assert old in text

    def change(command: Command, folder: Path) -> Command:
        driver = folder / "driver.py"
        driver.write_text(text.replace(old, new))
        ours = str(harness_python.build.DRIVER)
        return replace(command, argv=tuple(str(driver) if w == ours else w for w in command.argv))

    return python_with(change)


BATCH = "for _ in range(1 << word):"


@found_by("test_twice_the_batch_takes_about_twice_the_time")
def batch_is_ignored() -> SimpleNamespace:
    return driven_with(BATCH, "for _ in range(1):")


@found_by("test_twice_the_batch_takes_about_twice_the_time")
def batch_is_its_logarithm() -> SimpleNamespace:
    return driven_with(BATCH, "for _ in range(word + 1):")


@found_by("test_twice_the_batch_takes_about_twice_the_time")
def batch_is_its_square_root() -> SimpleNamespace:
    return driven_with(BATCH, "for _ in range(1 << word // 2):")


@found_by("test_steady_work_reads_standard_input_from_its_beginning")
def standard_input_is_not_rewound() -> SimpleNamespace:
    return driven_with("sys.stdin.seek(0)", "pass")


@found_by("test_phases_are_reported_where_there_is_a_marker")
def marker_is_not_handed_over() -> SimpleNamespace:
    def without_path(command: Command, folder: Path) -> Command:
        return replace(command, env={**command.env, "PYTHONPATH": ""})

    return python_with(without_path)


@found_by("test_phases_of_several_threads_are_summed")
@found_by("test_phases_are_reported_where_there_is_a_marker")
def phases_go_nowhere() -> SimpleNamespace:
    def nowhere(command: Command, folder: Path) -> Command:
        return replace(command, env={**command.env, "HARNESS_PHASES": "/dev/null"})

    return python_with(nowhere)


@found_by("test_every_source_counts_for_a_build")
def first_source_alone_counts() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        first = replace(target, sources=target.sources[:1])
        return replace(good.harness_build(first, toolchain, workdir, runner), target=target)

    return perl_with(harness_build)


@found_by("test_every_option_counts_for_a_build")
def options_do_not_count() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        bare = replace(target, options={})
        return replace(good.harness_build(bare, toolchain, workdir, runner), target=target)

    return perl_with(harness_build)


# -- faulty builds, and faulty profiles ----------------------------------------------------------


@found_by("test_two_builds_at_once_make_one")
def builds_share_a_scratch_file() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        scratch = workdir / "now.pl"
        workdir.mkdir(exist_ok=True)
        scratch.write_bytes(target.sources[0].read_bytes())
        build = good.harness_build(target, toolchain, workdir, runner)
        scratch.unlink()
        return build

    return perl_with(harness_build)


@found_by("test_a_stopped_build_leaves_nothing_half")
def half_of_a_build_is_believed() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        build = good.harness_build(target, toolchain, workdir / "checked", runner)
        made = workdir / f"{build.digest}.pl"
        cached = made.is_file()
        if not cached:
            runner.tool(["/bin/cp", str(target.sources[0]), str(made)])
        return replace(build, cached=cached)

    return perl_with(harness_build)


@found_by("test_a_compiler_may_print_ten_megabytes")
def warnings_are_failures() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        said = runner.tool(["/usr/bin/perl", "-c", str(target.sources[0])])
        if len(said.stderr) > 1000:
            raise BuildFailed(said.stderr)
        return good.harness_build(target, toolchain, workdir, runner)

    return perl_with(harness_build)


@found_by("test_a_program_of_the_user_s_own_build_is_executed_as_it_is")
def own_program_is_not_digested() -> SimpleNamespace:
    @hookimpl
    def harness_build(target, toolchain, workdir, runner):
        options = dict(target.options)
        own = options.pop("program", None)
        build = good.harness_build(replace(target, options=options), toolchain, workdir, runner)
        return replace(build, program=target.root / own) if own else build

    return perl_with(harness_build)


@found_by("test_a_profile_names_lines_that_are_there")
def profile_points_past_the_end() -> SimpleNamespace:
    @hookimpl
    def harness_profile(build):
        source = str(build.target.sources[0])
        spots = (HotSpot(1.0, 1.0, 1.0, function="f", file=source, line=900),)
        return Profile("x", ProfileBy.LINE, "samples", 1.0, spots)

    return perl_with(harness_profile)


# -- the checks run without pytest's fixtures ---------------------------------------------------

CHECKS = [name for name in dir(AdapterConformance) if name.startswith("test_")]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunner]:
    folder = tmp_path_factory.mktemp("runner")
    runner = LocalRunner(folder / "scratch", folder / "cache")
    yield runner
    runner.close()


def prepared(name: str, plugin: object, given: dict[str, Any]) -> Callable[[], None]:
    """One check of the suite on an adapter, given what pytest's fixtures would give it."""
    suite, runner = getattr(plugin, "suite", Suite)(), given["runner"]
    hooks = Adapter(suite.adapter, plugin)
    values = {**given, "hooks": hooks, "workdir": given["tmp_path"] / "shared builds"}
    check = getattr(suite, name)
    wanted = inspect.signature(check).parameters.keys()
    if wanted & {"toolchain", "build"}:
        values["toolchain"] = hooks.probe(runner)
    if "build" in wanted:
        target = suite.make_target(given["tmp_path"] / "shared source", suite.program)
        values["build"] = hooks.build(target, values["toolchain"], values["workdir"], runner)
    return lambda: check(**{key: values[key] for key in wanted})


@pytest.fixture
def given(local, tmp_path, monkeypatch) -> Iterator[dict[str, Any]]:
    yield {"runner": RecordingRunner(local), "tmp_path": tmp_path, "monkeypatch": monkeypatch}
    for pid in processes_with(f"HARNESS_CONFORMANCE={tmp_path}"):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


FINDINGS = (AssertionError, pytest.fail.Exception, HarnessError)


@pytest.mark.parametrize(
    ("check", "make"),
    [
        pytest.param(check, make, id=f"{make.__name__}-{check}")
        for check, makes in FAULTY.items()
        for make in makes
    ],
)
def test_a_faulty_adapter_is_found(check, make, given):
    run = prepared(check, make(), given)
    with pytest.raises(FINDINGS):
        run()


@pytest.mark.parametrize("check", CHECKS)
def test_a_good_adapter_passes_every_check(check, given):
    run = prepared(check, perl_with(), given)
    if re.search("batch|reads_standard|phases|profile|own_build", check):
        with pytest.raises(pytest.skip.Exception):  # Perl's has none of these
            run()
    else:
        run()


@pytest.mark.parametrize("check", [c for c in CHECKS if re.search("batch|steady|phases", c)])
def test_a_good_steady_driver_passes_the_checks_of_its_kind(check, given):
    prepared(check, python_with(lambda command, folder: command), given)()


def test_a_real_run_refuses_a_driver_that_ignores_the_batch(given):
    """Not the suite alone: the trial itself is no trial."""
    hooks = Adapter("python", batch_is_ignored())
    target = PythonSuite.make_target(given["tmp_path"], PythonSuite.program, steady=True)
    toolchain = hooks.probe(given["runner"], target)
    build = hooks.build(target, toolchain, given["tmp_path"] / "builds", given["runner"])
    plan = SteadyPlan(samples=3, min_sample_ns=10_000_000, budget_ns=3_000_000_000)
    trial = hooks.time(build, make_case(n=10), TrialPlan(Mode.STEADY, steady=plan), given["runner"])
    assert trial.status is TrialStatus.FAILED
    assert "does not execute its work as often as it is asked to" in trial.message


def test_every_check_has_an_adapter_that_fails_it():
    assert sorted(FAULTY) == CHECKS
