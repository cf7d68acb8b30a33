"""`events.jsonl` on disk: appended, never changed, safe when the machine goes down.

Each event is one line, flushed to the disk before `append` returns. A last line without its line
feed was torn by a crash: it never counted, and the next append removes it. A second copy lies in
`.harness/` on the machine that wrote it (git does not know it), so that lines which a `git reset`
or `git checkout` took away from the first are found missing and put back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.campaign.events import Event, Kind, next_event, parse_journal
from harness.edge.store import storage_errors, write_atomically
from harness.errors import DataDamaged

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
        self.restored = 0
        """How many events the last `read` put back from the copy."""

    def exists(self) -> bool:
        """Has anything been written yet?"""
        return self.path.is_file()

    def read(self, *, restore: bool = False) -> list[Event]:
        """All whole events; DataDamaged names the first one that does not fit.

        With `restore`, events that only the copy still has are put back. Where the two tell
        different stories, that is damage.
        """
        events = read_events(self.path)
        if self.copy is None:
            return events
        seen = read_events(self.copy)
        common = min(len(events), len(seen))
        if events[:common] != seen[:common]:
            first = next(n for n in range(common) if events[n] != seen[n])
            raise DataDamaged(
                f"{self.path}: event {first + 1}: not the one that this machine wrote"
                f" ({self.copy})",
                hint="Restore the file from git; if another machine went on with the campaign,"
                f" remove {self.copy}.",
            )
        if restore:
            self.restored = max(0, len(seen) - len(events))
            for event in seen[len(events) :]:
                _append(self.path, event.line)
            for event in events[len(seen) :]:
                _append(self.copy, event.line)
            return max(events, seen, key=len)
        return events

    def draft(self, events: Sequence[Event], kind: Kind, data: Mapping[str, Any]) -> Event:
        """The event that would follow `events`, of this moment; nothing is written."""
        at_ns = max(self._clock(), events[-1].at_ns if events else 0)
        return next_event(events, kind, data, at_ns)

    def append(self, event: Event) -> None:
        """Write the next event; it is on the disk when this returns."""
        with storage_errors(self.path.parent):
            _append(self.path, event.line)
            if self.copy is not None and (event.number == 1 or self.copy.exists()):
                _append(self.copy, event.line)
            elif self.copy is not None:
                # A clone goes on with what another machine began: its copy begins whole.
                self.copy.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self.copy, self.path.read_bytes())


def read_events(path: Path) -> list[Event]:
    """The whole events of a journal; none where there is no file."""
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return parse_journal(text, str(path))


def _append(path: Path, line: str) -> None:
    """Add a line and flush it, folder entry included; a torn line at the end is cut off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        content = os.pread(handle, os.fstat(handle).st_size, 0)
        whole = content.rfind(b"\n") + 1
        os.ftruncate(handle, whole)
        os.pwrite(handle, line.encode("utf-8") + b"\n", whole)
        os.fsync(handle)
    finally:
        os.close(handle)
    if fresh:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
