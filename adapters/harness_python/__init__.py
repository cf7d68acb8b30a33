"""The Python adapter: runs files and modules with an interpreter of the user's choice."""

from __future__ import annotations

from pathlib import Path

from harness.hookspecs import Runner, hookimpl
from harness.model import Build, Case, Output, Target, Toolchain, Trial, TrialPlan
from harness_python import build as _build
from harness_python.interpreter import find_interpreter, named_interpreter
from harness_python.options import Options


@hookimpl
def harness_probe(runner: Runner) -> Toolchain:
    """`python3` on PATH, else the interpreter that runs the harness."""
    return find_interpreter(runner)


@hookimpl
def harness_build(target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
    """Check the syntax with the target's interpreter and fill its bytecode cache."""
    name = Options.of(target).python
    if name is not None:
        toolchain = named_interpreter(name, target, runner)
    return _build.build(target, toolchain, workdir, runner)


@hookimpl
def harness_run(build: Build, case: Case, runner: Runner) -> Output:
    """Execute once for the output."""
    return runner.output(_build.command(build, case))


@hookimpl
def harness_time(build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
    """Execute one trial."""
    return runner.trial(_build.command(build, case), plan)
