"""The plugin contract: what an adapter implements, and the Runner that it is handed.

An adapter is a module (or object) that the entry-point group `harness.adapters` names. It returns
raw figures; statistics belong to the core. It starts no process itself: everything goes through
the `Runner`, which scrubs the environment, owns the clock and cleans up.

The life of an adapter in one run: `harness_probe` once; `harness_build` once a target;
`harness_run` once a build and case, for the output that later trials are compared with;
`harness_time` once a trial, possibly hundreds of times, in random order among other adapters'
trials. `harness_profile` and `harness_compare` are optional: `None` means that the core's own way
serves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pluggy

from harness.model import (
    Agreement,
    Build,
    Case,
    Command,
    Completed,
    Output,
    Profile,
    ProfilePlan,
    Target,
    Tolerance,
    Toolchain,
    Trial,
    TrialPlan,
)

__all__ = ["PROJECT", "AdapterSpec", "Runner", "hookimpl", "hookspec"]

PROJECT = "harness"
"""The project name of the hook markers."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Runner(Protocol):
    """Executes programs on an adapter's behalf; the only way to the outside that it has."""

    def find(self, program: str) -> Path | None:
        """The real executable behind a name on PATH or a path, or None.

        A shim (a shell script of pyenv and its like) is resolved to the program that it starts.
        """

    def tool(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> Completed:
        """Run a compiler, a probe or a profiler to its end and return what it said.

        `env` is added to the harness's own environment. Raises ToolchainMissing where the program
        cannot be started and TrialFailed where it runs past `timeout_s`. Never a timing.
        """

    def output(self, command: Command) -> Output:
        """Execute a target once, in a fresh scratch folder, and return what it left.

        Raises TrialFailed, with the end of its standard error, where it does not end with 0.
        """

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        """Execute a target once under the launcher's clock and return the raw figures.

        Does not raise for a program that fails: the trial's `status` says what happened.
        """


class AdapterSpec:
    """The hooks. Each is called with keyword arguments; an implementation may leave out any."""

    @hookspec(firstresult=True)
    def harness_probe(self, runner: Runner) -> Toolchain | None:
        """Find the compiler or interpreter.

        Called once before anything is built, and by `harness adapters`. Two calls on the same
        machine give equal values. A target that names another program in its options is probed
        again by the adapter within `harness_build`.

        :param runner: runs `cc --version` and the like
        :returns: the toolchain; required
        :raises ToolchainMissing: nothing suitable is here; the hint says how to get it
        """

    @hookspec(firstresult=True)
    def harness_build(
        self, target: Target, toolchain: Toolchain, workdir: Path, runner: Runner
    ) -> Build | None:
        """Make a target executable, or find it made.

        Called once a target and run. Writes below `workdir` only, in a folder named by the
        build's digest, so that equal inputs are built once; never into the source tree. With
        `target.steady` the work is wrapped in the language's steady driver.

        :param workdir: the adapter's own folder, kept from run to run
        :returns: the build; required
        :raises BuildFailed: with the toolchain's own words
        :raises ConfigError: an option that this adapter does not know
        """

    @hookspec(firstresult=True)
    def harness_run(self, build: Build, case: Case, runner: Runner) -> Output | None:
        """Execute a build once for its output, untimed.

        Called once a build and case, before any trial is timed.

        :returns: the output; required
        :raises TrialFailed: the program did not end well
        """

    @hookspec(firstresult=True)
    def harness_time(
        self, build: Build, case: Case, plan: TrialPlan, runner: Runner
    ) -> Trial | None:
        """Execute one trial: one fresh process, timed by the launcher.

        Called once a trial. Most adapters return `runner.trial(command, plan)`.

        :param plan: cold or steady, timeout in ns, CPUs, padding in bytes
        :returns: the raw figures; required. A failing program is a trial with another status,
            not an exception.
        """

    @hookspec(firstresult=True)
    def harness_profile(
        self, build: Build, case: Case, plan: ProfilePlan, runner: Runner
    ) -> Profile | None:
        """Say where the time goes, with the language's own profiler.

        Called by `harness profile` and between a campaign's iterations; never during a run. Not
        called for phases: the core reads those from ordinary trials.

        :param plan: by function or by line, and the tool where the user named one
        :returns: a profile, or None where only phases are known
        :raises ToolchainMissing: the profiler is not installed; the hint says how to get it
        """

    @hookspec(firstresult=True)
    def harness_compare(
        self, expected: Output, actual: Output, tolerance: Tolerance
    ) -> Agreement | None:
        """Judge one declared output by the adapter's own knowledge.

        Called once a declared output and trial, after the digests differ; both outputs carry
        their `values` and `tolerance.output` names the one in question.

        :returns: the agreement, or None where the core's own comparison serves
        """
