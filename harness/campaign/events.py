"""Events: what happened in a campaign, in order, each carrying the digest of the one before; pure.

An event is one line of JSON::

    {"n": 3, "at_ns": 17..., "kind": "thought", "data": {...}, "prev": "9f..", "sha256": "41.."}

`sha256` is taken over the canonical JSON (sorted keys, no spaces, UTF-8) of the line without it, so
that a line which was changed, removed or put elsewhere is found; `prev` is that of the line before,
and 64 zeros in the first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeVar

import msgspec

from harness.errors import DataDamaged
from harness.frozen import dataclass

_Value = TypeVar("_Value")

GENESIS = "0" * 64
"""What the first event carries in place of the digest of the one before."""


class Kind(Enum):
    """What can happen. Those in -ing are intents, written before they are carried out."""

    STARTED = "started"
    PROFILED = "profiled"
    THOUGHT = "thought"
    PLANNED = "planned"
    TRIED = "tried"
    """Variants were raced, and the best one became the candidate."""
    TESTED = "tested"
    BENCHING = "benching"
    """A look begins: it is spent, even where it is interrupted."""
    BENCHED = "benched"
    ABANDONED = "abandoned"
    LOGGED = "logged"
    COMMITTING = "committing"
    COMMITTED = "committed"
    REVERTING = "reverting"
    REVERTED = "reverted"
    TAKEN_BACK = "taken back"
    """Kept iterations were taken back, since the output was wrong with them."""
    DECIDED = "decided"
    SKIPPED = "skipped"
    TRUSTED = "trusted"
    """What decides beside the code has changed, and was taken anew."""
    ACKNOWLEDGED = "acknowledged"
    """A flag was looked into; it stays."""
    FINISHING = "finishing"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    number: int
    """From 1, without gaps."""
    at_ns: int
    """Wall clock, nanoseconds since the epoch (UTC)."""
    kind: Kind
    data: Mapping[str, Any]
    previous: str = GENESIS
    """The digest of the event before."""

    @property
    def digest(self) -> str:
        """SHA-256 over everything in it, the digest of the event before included."""
        return hashlib.sha256(canonical(self._content())).hexdigest()

    @property
    def line(self) -> str:
        """The event as a line of the journal, without the line feed."""
        return canonical({**self._content(), "sha256": self.digest}).decode()

    def _content(self) -> dict[str, Any]:
        return {
            "n": self.number,
            "at_ns": self.at_ns,
            "kind": self.kind.value,
            "data": self.data,
            "prev": self.previous,
        }

    def value(self, key: str, kind: type[_Value]) -> _Value:
        """A part of its data as a value; DataDamaged where it is not one."""
        try:
            return msgspec.convert(self.data[key], kind)
        except (KeyError, msgspec.ValidationError) as problem:
            raise DataDamaged(
                f"event {self.number} ({self.kind.value}): {key}: {problem}",
                hint="`harness verify` names the first event that does not fit.",
            ) from None


def canonical(value: object) -> bytes:
    """JSON with sorted keys, without spaces; the same bytes for the same value."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def builtins(value: object) -> Any:
    """A value as what JSON can say."""
    return msgspec.to_builtins(value)


def next_event(events: Sequence[Event], kind: Kind, data: Mapping[str, Any], at_ns: int) -> Event:
    """The event that follows these ones."""
    previous = events[-1].digest if events else GENESIS
    return Event(len(events) + 1, at_ns, kind, data, previous)


def _parse_line(line: str, before: Event | None, where: str) -> Event:
    """The event that a line says, checked against the one before it.

    Raises DataDamaged naming the event and what does not fit.
    """
    number = before.number + 1 if before else 1
    try:
        data = json.loads(line)
        event = Event(data["n"], data["at_ns"], Kind(data["kind"]), data["data"], data["prev"])
        digest, whole = data["sha256"], (event.digest, event.line)
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise _damaged(
            where, number, f"not an event: {type(problem).__name__}: {problem}"
        ) from None
    if event.number != number:
        raise _damaged(where, number, f"it says that it is event {event.number}")
    if whole != (digest, line):
        raise _damaged(where, number, "its content does not give its digest: it was changed")
    if event.previous != (before.digest if before else GENESIS):
        raise _damaged(where, number, "it does not follow from the event before it")
    return event


def digest_in(line: str) -> str:
    """The digest that a line says it has; empty where it says none."""
    try:
        return str(json.loads(line)["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def parse_journal(text: str, where: str) -> list[Event]:
    """All events of a journal's text, whose last line may be torn and is then left out."""
    events: list[Event] = []
    lines = text.split("\n")
    for line in lines[:-1]:
        events.append(_parse_line(line, events[-1] if events else None, where))
    torn = lines[-1]
    if digest_in(torn[:-1]):
        # A whole line and one character more was not torn: its line feed has been changed.
        raise _damaged(where, len(events) + 1, "its line does not end with a line feed")
    return events


def _damaged(where: str, number: int, what: str) -> DataDamaged:
    return DataDamaged(
        f"{where}: event {number}: {what}",
        hint="Restore the file from git (`git log -- optim`); nobody but the harness writes it.",
    )
