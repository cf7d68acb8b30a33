"""What measuring commands share: options, configuration, progress on a terminal."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from harness.errors import ConfigError, UsageError
from harness.model import Case, Target, Task, TrialRecord, WorkingFolder
from harness.project.config import CONFIG_NAME, Config, find_config, load_config
from harness.project.state_folder import STATE_FOLDER, results_of
from harness.running import Cell, Listener, Quiet
from harness.running.session import Session, open_session

__all__ = [
    "DAMAGED_HINT",
    "RESUMABLE",
    "Session",
    "Terminal",
    "ad_hoc_cell",
    "config_option",
    "find_results",
    "host_summary",
    "open_session",
    "progress",
    "read_config",
    "results_of",
    "results_option",
]

RESUMABLE = ("ad hoc", "configured")
"""The origins of runs that `harness run --resume` can make again."""

DAMAGED_HINT = "Move the damaged run's folder away, or restore it from a copy."

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help=f"The configuration; otherwise {CONFIG_NAME} is looked for upward from here.",
)
results_option = click.option(
    "--results",
    type=click.Path(path_type=Path),
    help=f"The folder of stored runs; otherwise {STATE_FOLDER}/results beside the configuration.",
)


def read_config(path: Path | None, *, required: bool = True) -> Config:
    """The configuration named, or the nearest one upward; ConfigError where there is none.

    With `required=False` a missing one is an empty configuration rooted in the current folder.
    """
    found = path or find_config(Path.cwd())
    if found is not None:
        return load_config(found)
    if required:
        raise ConfigError(
            f"no {CONFIG_NAME} in {Path.cwd()} or any folder above it",
            hint="Write one (see README.md), name one with --config, or measure a single program:"
            " `harness run --adapter command -- ./program its args`.",
        )
    return Config(root=Path.cwd())


def find_results(config_path: Path | None, results: Path | None) -> Path:
    """The folder of stored runs: the one named, else the configuration's."""
    return results or results_of(read_config(config_path, required=False).root)


def ad_hoc_cell(
    adapter: str,
    source: str | None,
    arguments: Sequence[str],
    root: Path,
    *,
    stdin: Path | None = None,
) -> Cell:
    """A single file or program as a task, case and target of its own."""
    argv = tuple(argument.replace("{", "{{").replace("}", "}}") for argument in arguments)
    if source is None and not argv:
        raise UsageError(
            "nothing to run",
            hint=f"Name a source file, or a program after `--`:"
            f" `harness run --adapter {adapter} -- ./program its args`.",
        )
    sources: tuple[Path, ...] = ()
    if source is not None:
        if not (root / source).exists():
            raise UsageError(f"source not found: {source}", hint=f"Looked in {root}.")
        sources = (root / source,)
    if stdin is not None and not (root / stdin).is_file():
        raise UsageError(f"--input: no such file: {stdin}", hint=f"Looked in {root}.")
    name = Path(source if source is not None else arguments[0]).name or "program"
    target = Target(
        name=name,
        task=name,
        adapter=adapter,
        root=root,
        sources=sources,
        args=argv,
        stdin=root / stdin if stdin is not None else None,
        working_folder=WorkingFolder.ROOT,
    )
    return Cell(Task(name, (Case("default"),)), Case("default"), target)


_FIRST_LINE_S, _NEXT_LINE_S = 5.0, 20.0
"""When progress is said where no terminal shows it."""


@dataclass(slots=True)
class Terminal:
    """A Listener that shows a spinner with what goes on; on a terminal only."""

    status: Any
    trials: int = 0
    failed: int = 0
    what: str = field(default="")

    def step(self, what: str) -> None:
        self.what = what
        self._show()

    def trial(self, record: TrialRecord) -> None:
        self.trials += 1
        self.failed += not record.trial.ok
        self._show()

    def remark(self, words: str) -> None:
        click.echo(f"harness: {words}", err=True)

    def _show(self) -> None:
        failed = f", {self.failed} failed" if self.failed else ""
        self.status.update(f"{self.what} ({self.trials} trials{failed})")


@dataclass(slots=True)
class Lines:
    """A Listener that writes a line now and then to where no terminal is."""

    write: Callable[[str], None]
    began_s: float
    what: str = "starting"
    trials: int = 0

    def step(self, what: str) -> None:
        self.what = what

    def trial(self, record: TrialRecord) -> None:
        self.trials += 1

    def remark(self, words: str) -> None:
        self.write(f"harness: {words}")

    def say(self, now_s: float) -> None:
        """One line on what goes on."""
        self.write(f"harness: {now_s - self.began_s:.0f} s: {self.what} ({self.trials} trials)")


@contextlib.contextmanager
def _lines() -> Iterator[Listener]:
    """Lines on standard error, the first one after some seconds: short commands say nothing."""
    listener = Lines(lambda line: click.echo(line, err=True), time.monotonic())
    done = threading.Event()

    def speak() -> None:
        wait_s = _FIRST_LINE_S
        while not done.wait(wait_s):
            listener.say(time.monotonic())
            wait_s = _NEXT_LINE_S

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        done.set()
        thread.join()


@contextlib.contextmanager
def progress(*, wanted: bool = True) -> Iterator[Listener]:
    """A listener that shows on standard error what goes on: a live line, or a line now and then."""
    if not wanted:
        yield Quiet()
        return
    if not sys.stderr.isatty():
        with _lines() as lines:
            yield lines
        return
    from rich.console import Console

    with Console(stderr=True).status("starting", refresh_per_second=2) as status:
        yield Terminal(status)


def host_summary(host: Mapping[str, Any]) -> str:
    """One line on the machine."""
    virtual = f", virtualised ({host['virtualised']})" if host.get("virtualised") else ""
    return f"{host['cpu']}, {host['cores']} cores, kernel {host['kernel']}{virtual}"
