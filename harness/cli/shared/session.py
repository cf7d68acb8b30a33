"""What measuring commands share: options, configuration, progress on a terminal."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from harness.model import TrialRecord
from harness.project.config import CONFIG_NAME
from harness.project.state_folder import STATE_FOLDER
from harness.running import Listener, Quiet
from harness.running.listening import Progress

if TYPE_CHECKING:
    from harness.running.keywords import Place

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


def said(**options: Any) -> dict[str, Any]:
    """Those of the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def named_place(options: Mapping[str, Any], told: Progress | None = None) -> Place:
    """What `config_option` and `results_option` say, and whom progress is told."""
    place = said(config=options["config_path"], results=options.get("results"), progress=told)
    return cast("Place", place)


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
