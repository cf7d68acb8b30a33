"""The C adapter: compiles with cc, gcc or clang and runs what comes out."""

from __future__ import annotations

from pathlib import Path

from harness.adapterkit import adopted, timed_in_layout
from harness.hookspecs import Runner, hookimpl
from harness.model import (
    Build,
    Case,
    Command,
    EmptyProgram,
    NamedPath,
    Output,
    Profile,
    ProfilePlan,
    Target,
    Toolchain,
    Trial,
    TrialPlan,
)
from harness_c import build as _build
from harness_c import hotspots as _hotspots
from harness_c.floor import empty_programs
from harness_c.options import Options, paths_of
from harness_c.toolchain import find_compiler, named_compiler


@hookimpl
def harness_probe(runner: Runner, target: Target | None) -> Toolchain:
    """The target's compiler, else the first of cc, gcc and clang."""
    name = Options.of(target).compiler if target else None
    return named_compiler(name, target, runner) if target and name else find_compiler(runner)


@hookimpl
def harness_paths(target: Target) -> tuple[NamedPath, ...]:
    """The options that name paths, and the paths within flags."""
    return paths_of(target)


@hookimpl
def harness_build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """Compile and link, or find the same build made before."""
    program = Options.of(target).program
    if program is not None:
        return adopted(target, toolchain, workdir, program)
    recipe = _build.Recipe.of(target, toolchain, runner)
    return _build.build(recipe, workdir, runner)


@hookimpl
def harness_run(build: Build, case: Case, runner: Runner) -> Output:
    """Execute once for the output."""
    return runner.output(_command(build, case))


@hookimpl
def harness_time(build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
    """Execute one trial, in the layout that its padding draws where there are several."""
    layouts = Options.of(build.target).layouts_of(build.target)
    return timed_in_layout(_command(build, case), layouts, plan, runner)


@hookimpl
def harness_profile(build: Build, case: Case, plan: ProfilePlan, runner: Runner) -> Profile:
    """perf, callgrind or hardware counters, on a build with symbols."""
    return _hotspots.profile(build, case, plan, runner)


@hookimpl
def harness_floor(build: Build, runner: Runner) -> tuple[EmptyProgram, ...]:
    """A `main` that returns, with the same flags and libraries; and one that reads the inputs."""
    return () if Options.of(build.target).program else empty_programs(build, runner)


def _command(build: Build, case: Case) -> Command:
    target = build.target
    words = (str(build.program), *target.arguments(case))
    return Command(words, target.env, target, reads=Options.of(target).library_folders(target))
