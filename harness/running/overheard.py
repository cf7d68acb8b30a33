"""A runner whose tools are listened to: what builds are made by, and what they warn of."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model import Command, Completed, Output, Trial, TrialPlan
from harness.running.listening import Listener
from harness.system.process.telling import telling_words


@dataclass(frozen=True, slots=True)
class Overheard:
    """A Runner that tells a listener each command of a toolchain and what it said, and else is
    the one that it is made of."""

    runner: Runner
    listener: Listener

    def find(self, program: str) -> Path | None:
        """See `Runner.find`."""
        return self.runner.find(program)

    def tool(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> Completed:
        """See `Runner.tool`."""
        self.listener.detail(f"$ {shlex.join(map(str, argv))}")
        done = self.runner.tool(argv, cwd=cwd, env=env, timeout_s=timeout_s)
        if words := telling_words(done.stderr).strip():
            self.listener.detail(words)
        return done

    def output(self, command: Command) -> Output:
        """See `Runner.output`."""
        return self.runner.output(command)

    def trial(self, command: Command, plan: TrialPlan) -> Trial:
        """See `Runner.trial`."""
        return self.runner.trial(command, plan)
