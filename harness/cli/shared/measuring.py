"""What measuring commands share: options, configuration, progress on a terminal."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from harness.cli.shared.base import SERVED
from harness.cli.shared.common_options import make_settings, said_of_programs
from harness.cli.shared.wording import in_flags
from harness.errors import UsageError
from harness.frozen import dataclass
from harness.model import TrialRecord
from harness.project.config import CONFIG_NAME
from harness.project.state_folder import STATE_FOLDER
from harness.running import Listener, Quiet
from harness.running.listening import Progress

if TYPE_CHECKING:
    from harness.running.keywords import Place

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
run_executor_option = click.option(
    "--executor",
    metavar="NAME",
    help="Where to run: an installed executor's name.  [default: local, this machine]",
)


def said(**options: Any) -> dict[str, Any]:
    """Those of the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def named_place(options: Mapping[str, Any], told: Progress | None = None) -> Place:
    """What `config_option` and `results_option` say, and whom progress is told."""
    place = said(config=options["config_path"], results=options.get("results"), progress=told)
    return cast("Place", place)


def what_is_run(options: Mapping[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
    """What is run and how, for the API: of `run`, `compare` and their sweeps."""
    chosen = {name: options.get(name) for name in ("adapter", "task", "tag", "case", "executor")}
    return {
        "settings": make_settings(options),
        "arguments": arguments,
        **said(**chosen),
        **said_of_programs(options),
    }


_LEVEL = "harness.told"


def _level_of(context: click.Context, option: click.Parameter, given: bool) -> None:
    if not given:
        return
    if _LEVEL in context.meta:
        raise UsageError("--quiet says nothing and --verbose everything: not both")
    context.meta[_LEVEL] = option.name


def told_options(function: Any) -> Any:
    """--quiet and --verbose, which `progress` obeys, as options of a command."""
    for flag, words in (
        ("--verbose", "Say each step on standard error, and what builds run and warn of."),
        ("--quiet", "Say nothing on standard error but errors."),
    ):
        function = click.option(
            flag, is_flag=True, expose_value=False, callback=_level_of, help=words
        )(function)
    return function


def _level() -> str:
    """What was asked for of `told_options`; empty where nothing was."""
    context = click.get_current_context(silent=True)
    return str(context.meta.get(_LEVEL, "")) if context is not None else ""


_FIRST_LINE_S, _NEXT_LINE_S = 5.0, 10.0
"""When progress is said where no terminal shows it."""
_REDRAW_S, _VERBOSE_EVERY_S = 0.5, 2.0
_CLEARED = "\r\x1b[2K"
"""A terminal's line, emptied."""


@dataclass(slots=True)
class Terminal:
    """A Listener that shows what goes on in one line of a terminal, with a spinner at first.

    The spinner is drawn by a thread. Once trials are timed nothing is drawn but between blocks.
    """

    status: Any
    write: Callable[[str], None]
    failed: int = 0
    what: str = field(default="")
    spinning: bool = True
    shown_s: float = field(default=-_REDRAW_S)

    def step(self, what: str) -> None:
        self.what = what
        self._show()

    def measuring(self) -> None:
        self.end()

    def trial(self, record: TrialRecord) -> None:
        self.failed += not record.trial.ok

    def remark(self, words: str) -> None:
        self.write(f"{'' if self.spinning else _CLEARED}harness: {in_flags(words)}\n")

    def detail(self, words: str) -> None:
        """Not shown."""

    def end(self) -> None:
        """Stop the spinner; the line is empty."""
        if self.spinning:
            self.spinning = False
            self.status.stop()
        else:
            self.write(_CLEARED)

    def _show(self) -> None:
        now_s = time.monotonic()
        if not self.spinning and now_s - self.shown_s < _REDRAW_S:
            return
        self.shown_s = now_s
        line = f"{self.what}; {self.failed} trials failed" if self.failed else self.what
        if self.spinning:
            self.status.update(line)
        else:
            # A line that wraps cannot be emptied again.
            width = shutil.get_terminal_size().columns - 1
            self.write(f"{_CLEARED}{line[:width]}")


@dataclass(slots=True)
class Lines:
    """A Listener that writes a line now and then to where no terminal is.

    A thread writes them until trials are timed; from then on they are written between blocks.
    """

    write: Callable[[str], None]
    began_s: float
    what: str = "starting"
    trials: int = 0
    due_s: float = field(init=False)
    over: threading.Event = field(default_factory=threading.Event)
    """Set once the thread is to end."""
    thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.due_s = self.began_s + _FIRST_LINE_S

    def start(self) -> None:
        """Begin to write."""
        self.thread = threading.Thread(target=self._speak, daemon=True)
        self.thread.start()

    def step(self, what: str) -> None:
        self.what = what
        now_s = time.monotonic()
        if self.thread is None and now_s >= self.due_s:
            self.say(now_s)

    def measuring(self) -> None:
        self.end()

    def trial(self, record: TrialRecord) -> None:
        self.trials += 1

    def remark(self, words: str) -> None:
        self.write(f"harness: {in_flags(words)}")

    def detail(self, words: str) -> None:
        """Not said."""

    def say(self, now_s: float) -> None:
        """One line on what goes on."""
        self.due_s = now_s + _NEXT_LINE_S
        self.write(
            f"harness: {now_s - self.began_s:.0f} s: {self.what} ({self.trials} trials so far)"
        )

    def end(self) -> None:
        """End the thread."""
        self.over.set()
        if self.thread is not None:
            self.thread.join()
            self.thread = None

    def _speak(self) -> None:
        while not self.over.wait(max(0.0, self.due_s - time.monotonic())):
            self.say(time.monotonic())


@dataclass(slots=True)
class Everything:
    """A Listener that writes a line for each step, however short, and what builds say."""

    write: Callable[[str], None]
    said_s: float = -_VERBOSE_EVERY_S
    blocks: bool = False
    """Have trials begun? Of blocks a line now and then is enough."""

    def step(self, what: str) -> None:
        now_s = time.monotonic()
        if not self.blocks or now_s - self.said_s >= _VERBOSE_EVERY_S:
            self.said_s = now_s
            self.write(f"harness: {what}")

    def measuring(self) -> None:
        self.blocks = True

    def trial(self, record: TrialRecord) -> None:
        if not record.trial.ok:
            self.write(f"harness: {record.target}: {record.trial.status.value}")

    def remark(self, words: str) -> None:
        self.write(f"harness: {in_flags(words)}")

    def detail(self, words: str) -> None:
        self.write("\n".join(f"  {line}" for line in words.splitlines()))


@contextlib.contextmanager
def progress(*, wanted: bool = True) -> Iterator[Listener]:
    """A listener that shows on standard error what goes on: a live line, or a line now and then."""
    if not wanted or _level() == "quiet":
        yield Quiet()
        return
    if _level() == "verbose" or SERVED.is_set():
        yield Everything(lambda line: click.echo(line, err=True))
        return
    if not sys.stderr.isatty():
        lines = Lines(lambda line: click.echo(line, err=True), time.monotonic())
        lines.start()  # short commands say nothing
        try:
            yield lines
        finally:
            lines.end()
        return
    from rich.console import Console

    with Console(stderr=True).status("starting", refresh_per_second=2) as status:
        terminal = Terminal(status, lambda text: click.echo(text, nl=False, err=True))
        try:
            yield terminal
        finally:
            terminal.end()
