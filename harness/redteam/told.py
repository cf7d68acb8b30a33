"""The words of the suite: kinds, results, projects, what commands said and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import Any

from harness.frozen import dataclass


class TechniqueKind(Enum):
    """By what a program seems faster."""

    KNOWN = "known inputs"
    REPLAY = "replay"
    READING = "reading the answer"
    CLOCK = "the clock"
    OTHER = "the other side"
    TREE = "the tree"
    JUDGE = "the judge"
    COMBINED = "combinations"
    HONEST = "honest"


class Result(Enum):
    """What came of a technique."""

    BLOCKED = "blocked"
    """A command refused it, called it wrong, or saw no gain."""
    FLAGGED = "flagged"
    """It was kept, and the log says for ever what is to be looked at."""
    SILENT = "silent"
    """It was kept without a word."""
    NOT_APPLICABLE = "not applicable"
    """It cannot be tried here; the words say why."""
    KEPT = "kept"
    """An honest change, kept without a flag."""
    NO_GAIN = "no gain"
    """An honest change that was right, and not seen to be faster."""
    BROKEN = "broken"
    """It could not do what it is to do, so it says nothing: its program was not built, or a
    command had a bug."""
    ACCUSED = "accused"
    """An honest change that was refused, called wrong or flagged."""


BAD = (Result.SILENT, Result.ACCUSED, Result.BROKEN)
"""What makes the suite fail."""


class Stage(Enum):
    """When a technique does something; the commands of the campaign come in between."""

    START = "before the campaign starts"
    CHANGE = "where the code is to be changed"
    TESTED = "after the test"
    MEASURED = "after the measurement"
    LOGGED = "after the log"


class NotHereError(Exception):
    """The technique cannot be tried on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class TinyProject:
    """A tiny project that computes something in 5-50 ms."""

    name: str
    language: str
    files: Mapping[str, str]
    """By path; `harness.toml` is one of them, and `@TOKEN@` stands for a name like no other."""
    full_case: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What one command answered."""

    words: tuple[str, ...]
    code: int
    answer: Mapping[str, Any] = field(default_factory=dict)
    """The envelope of `--json`; empty where the command printed none."""
    stderr: str = ""

    @property
    def command(self) -> str:
        """Its name, without options."""
        return " ".join(self.words[: 2 if self.words[0] == "campaign" else 1])

    @property
    def result(self) -> Mapping[str, Any]:
        """What it found."""
        found: Mapping[str, Any] = self.answer.get("result") or {}
        return found


@dataclass(frozen=True, slots=True)
class Played:
    """How a technique went: every command since its first act, and what the log says in the end."""

    said: Sequence[Said]
    new_lines: Sequence[str]
    """Of the rendered logs, since the campaign waited for a change."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One row of the table."""

    technique: str
    kind: str
    language: str
    result: Result
    said_by: str
    """The command, or where it stands."""
    words: str
    """What it said."""
    wall_s: float = 0.0
