"""Who is told what goes on, and what is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from harness.frozen import dataclass
from harness.model import TrialRecord


class Listener(Protocol):
    """Told what goes on; the CLI shows it to people."""

    def step(self, what: str) -> None:
        """A build, a check or a block begins."""

    def measuring(self) -> None:
        """Trials are timed from now on: nothing of the listener may run but in its calls."""

    def trial(self, record: TrialRecord) -> None:
        """A trial was stored."""

    def remark(self, words: str) -> None:
        """Something that people should know at once, not at the end."""

    def detail(self, words: str) -> None:
        """What only those want to know who ask for it: a build's commands and what they say."""


class Quiet:
    """A Listener that says nothing."""

    def step(self, what: str) -> None:
        """Ignore it."""

    def measuring(self) -> None:
        """Ignore it."""

    def trial(self, record: TrialRecord) -> None:
        """Ignore it."""

    def remark(self, words: str) -> None:
        """Ignore it."""

    def detail(self, words: str) -> None:
        """Ignore it."""


@dataclass(frozen=True, slots=True)
class StepBegun:
    """A build, a check or a block begins."""

    what: str


@dataclass(frozen=True, slots=True)
class TimingBegun:
    """Trials are timed from now on: a thread that runs meanwhile would disturb them."""


@dataclass(frozen=True, slots=True)
class TrialStored:
    """A trial has ended and is stored."""

    record: TrialRecord


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that people should know at once, not at the end."""

    words: str


ProgressEvent: TypeAlias = StepBegun | TimingBegun | TrialStored | Remark

Progress: TypeAlias = Callable[[ProgressEvent], object]
"""Called with each event, in the thread that measures; what it raises ends the run."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A Listener that tells a callable."""

    progress: Progress

    def step(self, what: str) -> None:
        self.progress(StepBegun(what))

    def measuring(self) -> None:
        self.progress(TimingBegun())

    def trial(self, record: TrialRecord) -> None:
        self.progress(TrialStored(record))

    def remark(self, words: str) -> None:
        self.progress(Remark(words))

    def detail(self, words: str) -> None:
        """Not told: a program has the builds' own facts."""


@dataclass(frozen=True, slots=True)
class Told:
    """A callable that tells a Listener each event: the inverse of `Telling`."""

    listener: Listener

    def __call__(self, event: ProgressEvent) -> None:
        match event:
            case StepBegun(what):
                self.listener.step(what)
            case TimingBegun():
                self.listener.measuring()
            case TrialStored(record):
                self.listener.trial(record)
            case Remark(words):
                self.listener.remark(words)


def listener_of(progress: Progress) -> Listener:
    """A Listener that tells a callable; the one that is behind it already, where there is one."""
    return progress.listener if isinstance(progress, Told) else Telling(progress)
