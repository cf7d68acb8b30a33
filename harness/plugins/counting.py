"""What plugins count in executions of their own, apart from the trials that are timed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.errors import HarnessError, TrialFailed
from harness.hookspecs import Runner
from harness.model import Build, Case, Command, Completed, Output, Trial, TrialPlan

Figures = Mapping[str, float]

ENOUGH = 2
"""As many counts that agree to the last digit hold for all later trials."""


class _Told(Exception):
    """The command that an adapter executes for its output."""

    def __init__(self, command: Command) -> None:
        super().__init__("the command is known")
        self.command = command


class _Asking:
    """A runner that executes no target, and tells what it was asked to execute."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def find(self, program: str) -> Path | None:
        return self._runner.find(program)

    def tool(
        self,
        argv: list[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> Completed:
        return self._runner.tool(argv, cwd=cwd, env=env, timeout_s=timeout_s)

    def output(self, command: Command) -> Output:
        raise _Told(command)

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        raise _Told(command)


def executed_by(run: Callable[..., object], build: Build, case: Case, runner: Runner) -> Command:
    """What an adapter's `harness_run` executes; TrialFailed where it executes nothing."""
    try:
        run(build=build, case=case, runner=_Asking(runner))
    except _Told as told:
        return told.command
    raise TrialFailed(f"{build.target.name}: its adapter executes no command that could be counted")


class CountsBeside:
    """The counts of builds on cases, and when they are known well enough."""

    def __init__(self, count: Callable[..., list[Figures]], tell: Callable[[str], None]) -> None:
        """`count` calls the hooks; `tell` says what went wrong, once for each reason."""
        self._count, self._tell = count, tell
        self._known: dict[tuple[str, str], list[Figures]] = {}
        self._told: set[str] = set()

    def figures(
        self, run: Callable[..., object], build: Build, case: Case, runner: Runner
    ) -> Figures:
        """The figures of one trial more of a build on a case."""
        key = build.digest, repr((case.name, sorted(case.values().items())))
        known = self._known.setdefault(key, [])
        if len(known) == ENOUGH and all(each == known[0] for each in known):
            return known[0]
        found: dict[str, float] = {}
        try:
            command = executed_by(run, build, case, runner)
            with tempfile.TemporaryDirectory(prefix="harness-beside-") as folder:
                arguments = {"build": build, "case": case, "command": command}
                for figures in self._count(**arguments, folder=Path(folder), runner=runner):
                    found.update(figures)
        except HarnessError as problem:
            # What cannot be counted costs its figure; the trial was timed all the same.
            if problem.message not in self._told:
                self._told.add(problem.message)
                self._tell(problem.message)
        if len(known) < ENOUGH:
            known.append(found)
        return found
