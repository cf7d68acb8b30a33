"""Who is told what goes on."""

from __future__ import annotations

from typing import Protocol

from harness.model import TrialRecord


class Listener(Protocol):
    """Told what goes on; the CLI shows it to people."""

    def step(self, what: str) -> None:
        """A build, a check or a block begins."""

    def trial(self, record: TrialRecord) -> None:
        """A trial was stored."""

    def remark(self, words: str) -> None:
        """Something that people should know at once, not at the end."""


class Quiet:
    """A Listener that says nothing."""

    def step(self, what: str) -> None:
        """Ignore it."""

    def trial(self, record: TrialRecord) -> None:
        """Ignore it."""

    def remark(self, words: str) -> None:
        """Ignore it."""
