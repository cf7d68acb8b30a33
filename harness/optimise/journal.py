"""`events.jsonl` on disk: appended, never changed, safe when the machine goes down.

Each event is one line, flushed to the disk before `append` returns. A last line without its line
feed was torn by a crash: it never counted, and the next append removes it. A second copy lies in
`.harness/` on the machine that wrote it (git does not know it), so that lines which a `git reset`
or `git checkout` took away from the first are found missing. Who only reads sees them in the copy
and changes nothing; the next one who holds the campaign's lock puts them back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.campaign.events import (
    GENESIS,
    Event,
    Kind,
    digest_in,
    next_event,
    parse_journal,
)
from harness.errors import DataDamaged
from harness.system.store.files import (
    open_to_append,
    read_kept,
    storage_errors,
    sync_folder,
    write_atomically,
)

JOURNAL_NAME = "events.jsonl"


class Journal:
    """The events of one campaign.

    `path` is the journal itself, `copy` the machine's own second one. One writer at a time: whoever
    appends holds the campaign's lock.
    """

    def __init__(
        self,
        path: Path,
        copy: Path | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.path = path
        self.copy = copy
        self._clock = clock
        self.missing = 0
        """How many events the last `read` found in the copy alone."""

    def exists(self) -> bool:
        """Has anything been written yet?"""
        return self.path.is_file()

    def read(self) -> list[Event]:
        """All whole events of the journal; DataDamaged names the first one that does not fit.

        Where journal and copy tell different stories, that is damage as well. Nothing is written.
        """
        return self._both()[0]

    def read_all(self) -> list[Event]:
        """The same with the events that only the copy still has. Nothing is written."""
        return max(self._both(), key=len)

    def recover(self) -> list[Event]:
        """Put back what the journal or its copy lacks; all events. The caller holds the lock."""
        events, seen = self._both()
        with storage_errors(self.path.parent):
            for event in seen[len(events) :]:
                _append(self.path, event)
            if self.copy is not None and self.copy.exists():
                for event in events[len(seen) :]:
                    _append(self.copy, event)
        return max(events, seen, key=len)

    def _both(self) -> tuple[list[Event], list[Event]]:
        """What the journal and its copy have.

        The copy is read first: a writer beside us appends to it last, so what the journal lacks
        was taken away from it.
        """
        seen = read_events(self.copy) if self.copy is not None else []
        events = read_events(self.path)
        common = min(len(events), len(seen))
        if events[:common] != seen[:common]:
            first = next(n for n in range(common) if events[n] != seen[n])
            raise DataDamaged(
                f"{self.path}: event {first + 1}: not the one that this machine wrote"
                f" ({self.copy})",
                hint="Restore the file from git; if another machine went on with the campaign,"
                f" remove {self.copy}.",
            )
        self.missing = max(0, len(seen) - len(events))
        return events, seen

    def draft(self, events: Sequence[Event], kind: Kind, data: Mapping[str, Any]) -> Event:
        """The event that would follow `events`, of this moment; nothing is written."""
        at_ns = max(self._clock(), events[-1].at_ns if events else 0)
        return next_event(events, kind, data, at_ns)

    def append(self, event: Event) -> None:
        """Write the next event; it is on the disk when this returns.

        Raises DataDamaged where the journal does not end with the event before it.
        """
        with storage_errors(self.path.parent):
            _append(self.path, event)
            if self.copy is not None and (event.number == 1 or self.copy.exists()):
                _append(self.copy, event)
            elif self.copy is not None:
                # A clone goes on with what another machine began: its copy begins whole.
                self.copy.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self.copy, read_kept(self.path))


def read_events(path: Path) -> list[Event]:
    """The whole events of a journal; none where there is no file."""
    try:
        text = read_kept(path).decode("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return parse_journal(text, str(path))


def _append(path: Path, event: Event) -> None:
    """Add an event's line and flush it, folder entry included; a torn last line is cut off first.

    The line before it must be that of the event before it: whatever went on beside the caller, no
    event is doubled and none is left out.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = open_to_append(path)
    try:
        content = os.pread(handle, os.fstat(handle).st_size, 0)
        whole = content.rfind(b"\n") + 1
        _demand_follows(path, content[:whole], event)
        os.ftruncate(handle, whole)
        _write_all(handle, event.line.encode("utf-8") + b"\n", whole)
        os.fsync(handle)
    finally:
        os.close(handle)
    if whole == 0:
        sync_folder(path.parent)


def _demand_follows(path: Path, content: bytes, event: Event) -> None:
    last = content[:-1].rpartition(b"\n")[2].decode("utf-8", errors="replace")
    before = GENESIS if not last else digest_in(last)
    if before != event.previous:
        raise DataDamaged(
            f"{path}: does not end with the event before event {event.number}: it was changed"
            " meanwhile",
            hint="Nothing was written. Run the command again: it reads the journal anew.",
        )


def _write_all(handle: int, content: bytes, offset: int) -> None:
    """Write every byte; the kernel may take fewer at a time, on a disk that is nearly full."""
    while content:
        written = os.pwrite(handle, content, offset)
        content, offset = content[written:], offset + written
