"""Runners for tests: one without a machine, and two that stand before a real one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from harness.errors import ToolchainMissing
from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model import Command, Completed, Host, Jail, Output, Target, Trial, TrialPlan
from harness.system.jail.grounds import Grounds
from harness.system.launcher.launching import LauncherFacts
from harness.testing.makers import make_host, make_output, make_trial


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of `Runner.tool`, as it was asked for."""

    argv: tuple[str, ...]
    cwd: Path | None
    env: Mapping[str, str]
    timeout_s: float


Answer: TypeAlias = Completed | Callable[[ToolCall], Completed]


class FakeRunner:
    """A Runner without a machine, complete with what the core asks of one.

    It finds the programs that it was told of, answers tools by script, and lets every target print
    `stdout`. What it was asked stands in `tool_calls`, `commands`, `plans` and `discarded`.
    """

    def __init__(self, folder: Path, programs: Iterable[str] = ()) -> None:
        """`folder`: where outputs go. `programs`: names on PATH (in /usr/bin), or full paths."""
        self.folder = folder
        self.stdout = ""
        self.trials: list[Trial] = []
        """Handed out one after the other; then every trial is a good one of 1 ms."""
        self.tool_calls: list[ToolCall] = []
        self.commands: list[Command] = []
        self.plans: list[TrialPlan] = []
        self.discarded: list[Path] = []
        """The folders of outputs that were given back."""
        self.cpus: tuple[int, ...] = ()
        self.jail = Jail.NONE
        self.grounds = Grounds()
        self.closed = False
        self._programs = {name: Path("/usr/bin", name) for name in programs}
        self._answers: list[tuple[str, Answer]] = []

    def on(self, word: str, answer: Answer) -> None:
        """Answer tool calls that have this word among their arguments; the last one said wins."""
        self._answers.insert(0, (word, answer))

    def find(self, program: str) -> Path | None:
        if "/" in program:
            path = Path(program)
            return path if path in self._programs.values() else None
        return self._programs.get(program)

    def tool(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> Completed:
        call = ToolCall(tuple(argv), cwd, dict(env or {}), timeout_s)
        self.tool_calls.append(call)
        for word, answer in self._answers:
            if word in call.argv:
                done = answer if isinstance(answer, Completed) else answer(call)
                return replace(done, argv=call.argv)
        raise AssertionError(f"FakeRunner: no answer is scripted for {' '.join(argv)!r}")

    def command(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float
    ) -> Completed:
        return self.tool(argv, cwd=cwd, env=env, timeout_s=timeout_s)

    @contextlib.contextmanager
    def on_behalf_of(self, target: Target) -> Iterator[None]:
        yield

    def output(self, command: Command) -> Output:
        self.commands.append(command)
        return self._output()

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        self.commands.append(command)
        self.plans.append(plan)
        trial = self.trials.pop(0) if self.trials else make_trial(pad_bytes=plan.pad_bytes)
        if trial.ok and trial.output is None:
            trial = replace(trial, output=self._output())
        return trial

    def discard(self, output: Output) -> None:
        self.discarded.append(output.stdout.parent)

    def host(self) -> Host:
        return make_host()

    def launcher_facts(self) -> LauncherFacts:
        return LauncherFacts("shipped", "0" * 64)

    def disturbances(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self.closed = True

    def _output(self) -> Output:
        return make_output(self.folder / f"output-{len(self.commands)}", self.stdout)


class RecordingRunner:
    """Hands everything on to a real Runner, and remembers what was executed."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.commands: list[Command] = []
        self.plans: list[TrialPlan] = []
        self.trials: list[Trial] = []
        self.tool_calls: list[ToolCall] = []

    def find(self, program: str) -> Path | None:
        return self._runner.find(program)

    def tool(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> Completed:
        self.tool_calls.append(ToolCall(tuple(argv), cwd, dict(env or {}), timeout_s))
        return self._runner.tool(argv, cwd=cwd, env=env, timeout_s=timeout_s)

    def output(self, command: Command) -> Output:
        self.commands.append(command)
        return self._runner.output(command)

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        self.commands.append(command)
        self.plans.append(plan)
        self.trials.append(self._runner.trial(command, plan))
        return self.trials[-1]


class EmptyMachine:
    """A Runner on a machine that has no program at all."""

    def find(self, program: str) -> Path | None:
        return None

    def tool(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> Completed:
        raise ToolchainMissing(f"{argv[0]}: no such program", hint="There is none here.")

    def output(self, command: Command) -> Output:
        raise ToolchainMissing(f"{command.argv[0]}: no such program", hint="There is none here.")

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        raise ToolchainMissing(f"{command.argv[0]}: no such program", hint="There is none here.")
