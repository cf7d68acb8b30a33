"""The Python adapter: runs files and modules with an interpreter of the user's choice."""

from __future__ import annotations

from pathlib import Path

from harness.hookspecs import Runner, hookimpl
from harness.model import (
    Build,
    Case,
    EmptyProgram,
    NamedPath,
    Output,
    Profile,
    ProfilePlan,
    Target,
    Toolchain,
    Trial,
    TrialPlan,
    declared_paths,
)
from harness_python import build as _build
from harness_python import hotspots as _hotspots
from harness_python.floor import empty_programs
from harness_python.interpreter import find_interpreter, named_interpreter
from harness_python.options import Options


@hookimpl
def harness_probe(runner: Runner, target: Target | None) -> Toolchain:
    """The target's interpreter, else `python3` on PATH, else the one that runs the harness."""
    name = Options.of(target).python if target else None
    return named_interpreter(name, target, runner) if target and name else find_interpreter(runner)


@hookimpl
def harness_paths(target: Target) -> tuple[NamedPath, ...]:
    """The options that `Options` declares as paths."""
    return declared_paths(Options, target)


@hookimpl
def harness_build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """Check the syntax with the target's interpreter and fill its bytecode cache."""
    return _build.build(target, toolchain, workdir, runner)


@hookimpl
def harness_run(build: Build, case: Case, runner: Runner) -> Output:
    """Execute once for the output."""
    return runner.output(_build.command(build, case))


@hookimpl
def harness_time(build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
    """Execute one trial."""
    return runner.trial(_build.command(build, case), plan)


@hookimpl
def harness_profile(build: Build, case: Case, plan: ProfilePlan, runner: Runner) -> Profile:
    """cProfile, pyinstrument or line_profiler, on the target's own interpreter."""
    return _hotspots.profile(build, case, plan, runner)


@hookimpl
def harness_floor(build: Build) -> tuple[EmptyProgram, ...]:
    """`-c ""` with the same flags; then with the same imports, and the inputs read."""
    return empty_programs(build)
