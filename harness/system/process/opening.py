"""The runner that the core works with, and who opens it.

Everything above `harness.system` knows a runner by the protocol `CoreRunner` alone. `open_runner`
opens the one that runs programs on this machine, or another one where `runners_from` says so: a
test's, or that of a program which embeds the harness.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol, TypeAlias

from harness.hookspecs import Runner
from harness.model import Completed, Host, Jail, Output, Target
from harness.system.jail.grounds import Grounds
from harness.system.launcher.launching import LauncherFacts
from harness.system.process.runner import LocalRunner


class CoreRunner(Runner, Protocol):
    """A `Runner` with what the core alone may do: clean up, pin outputs, describe the machine."""

    cpus: tuple[int, ...]
    """Where `output` pins targets: outputs may depend on how many CPUs there are."""
    jail: Jail
    """How all that it executes is confined."""
    grounds: Grounds
    """What no jailed program may see."""

    def command(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout_s: float
    ) -> Completed:
        """Run a command of the user's, as `tool` runs one of a toolchain's.

        What it does to this very process is found out, a stop by a signal above all.
        """

    def on_behalf_of(self, target: Target) -> AbstractContextManager[None]:
        """Have tools and commands be called for a target, in the jail that is asked for.

        They read its sources, toolchain and system, and write to their own working folder alone.
        """

    def discard(self, output: Output) -> None:
        """Delete what a trial left; its folder may serve another one from now on."""

    def host(self) -> Host:
        """The machine that the trials run on."""

    def launcher_facts(self) -> LauncherFacts:
        """What starts and times the trials there, by content."""

    def disturbances(self) -> tuple[str, ...]:
        """What holds for every trial on that machine and that no figure shows, in words."""

    def close(self) -> None:
        """Remove all that is left in the runner's scratch."""


RunnerFactory: TypeAlias = Callable[[Path, Path], CoreRunner]
"""Makes a runner of a scratch folder and a cache for the compiled launcher."""

# A context variable, so that threads and nested calls each have their own answer.
_factory: ContextVar[RunnerFactory] = ContextVar("runner_factory", default=LocalRunner)


def open_runner(scratch: Path, cache: Path) -> CoreRunner:
    """A runner for one session; its opener closes it."""
    return _factory.get()(scratch, cache)


@contextlib.contextmanager
def runners_from(factory: RunnerFactory) -> Iterator[None]:
    """Let `factory` make every runner that is opened within the context."""
    token = _factory.set(factory)
    try:
        yield
    finally:
        _factory.reset(token)
