"""What goes on, told with the part of a command that it belongs to, and which of how many it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from pathlib import Path

from harness.frozen import dataclass
from harness.model import Target, TrialRecord
from harness.running.listening import Listener, Quiet

_ABOUT: ContextVar[str] = ContextVar("what a thread is about", default="")


@dataclass(slots=True)
class TellingSteps:
    """A Listener that tells another one, and says of each step what it is a part of."""

    listener: Listener
    _part: str = field(default="", init=False)
    _built: set[tuple[Path, str, str]] = field(default_factory=set, init=False)

    @property
    def heard(self) -> bool:
        """Does anybody listen? What takes time to be put into words is not asked for otherwise."""
        return type(self.listener) is not Quiet

    @contextmanager
    def part(self, words: str) -> Iterator[None]:
        """The steps inside belong to this part of a command, such as `confirming a`."""
        before, self._part = self._part, words
        try:
            yield
        finally:
            self._part = before

    @contextmanager
    def about(self, name: str, number: int, of: int) -> Iterator[None]:
        """What this thread does inside is about one of so many, which `named` says."""
        token = _ABOUT.set(f"{name} ({number} of {of})" if of > 1 else name)
        try:
            yield
        finally:
            _ABOUT.reset(token)

    def named(self, name: str) -> str:
        """What a step is about, as this thread knows it; else the name given."""
        return _ABOUT.get() or name

    def building(self, target: Target) -> None:
        """A build begins; of one that was made before nothing is told, since it is there."""
        key = target.root, target.name, repr(sorted(target.options.items()))
        if key not in self._built:
            self._built.add(key)
            self.step(f"building {self.named(target.name)}")

    def step(self, what: str) -> None:
        self.listener.step(f"{self._part}: {what}" if self._part else what)

    def measuring(self) -> None:
        self.listener.measuring()

    def trial(self, record: TrialRecord) -> None:
        self.listener.trial(record)

    def remark(self, words: str) -> None:
        self.listener.remark(words)

    def detail(self, words: str) -> None:
        self.listener.detail(words)
