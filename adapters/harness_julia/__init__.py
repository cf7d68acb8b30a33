"""The Julia adapter: runs files with a Julia that has been shown to work."""

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
    moved_into,
)
from harness_julia import build as _build
from harness_julia import hotspots as _hotspots
from harness_julia.floor import empty_programs
from harness_julia.options import Options
from harness_julia.toolchain import find_julia, named_julia


@hookimpl
def harness_probe(runner: Runner, target: Target | None) -> Toolchain:
    """The target's Julia, else `julia` on PATH, else the one that the installer put in place."""
    name = Options.of(target).program if target else None
    if target and name:
        return named_julia(name, target, runner)
    return find_julia(runner, _home(target) if target else None)


def _home(target: Target) -> Path:
    """The folder of harness.toml in the user's own tree, where a Julia may be installed."""
    return moved_into(target.root, *reversed(target.private_copy or (target.root, target.root)))


@hookimpl
def harness_paths(target: Target) -> tuple[NamedPath, ...]:
    """The options that `Options` declares as paths, and the project's manifests, often ignored."""
    return (*declared_paths(Options, target), *_build.manifests(target))


@hookimpl
def harness_build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """Check the syntax and compile the markers."""
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
    """Julia's own sampling profiler, or allocations by line."""
    return _hotspots.profile(build, case, plan, runner)


@hookimpl
def harness_floor(build: Build) -> tuple[EmptyProgram, ...]:
    """An empty file, with the same flags; then with the same packages, and the inputs read."""
    return empty_programs(build)
