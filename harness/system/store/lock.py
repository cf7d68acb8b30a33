"""One at a time: a lock that names its holder and is gone when its holder is.

The kernel's `flock` is held on a small file, so that a process that is killed, or a machine that
goes down, leaves no stale lock behind: whoever comes next takes it over. What the file says is for
people; whether it is held, only the kernel says. The file itself stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import DataDamaged, NotAllowed
from harness.frozen import dataclass
from harness.system.store.files import read_kept, storage_errors
from harness.system.store.flock import take_lock, try_lock


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as the lock's file says."""

    pid: int
    host: str
    command: str
    since: str
    """Time in UTC, as `2026-01-31T17:59:59Z`."""

    @classmethod
    def this_process(cls) -> Holder:
        """The process that asks."""
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return cls(os.getpid(), platform.node(), shlex.join(sys.argv), since)

    def __str__(self) -> str:
        return f"`{self.command}` (process {self.pid} on {self.host}, since {self.since})"


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock of that file, whose folder is made where it is missing.

    Raises NotAllowed naming the holder where another process, or another part of this one, has it.
    """
    file = _taken(path)
    try:
        with storage_errors(path.parent):
            os.ftruncate(file, 0)
            os.pwrite(file, json.dumps(asdict(Holder.this_process())).encode(), 0)
        yield
        os.ftruncate(file, 0)
    finally:
        os.close(file)


def is_held(path: Path) -> bool:
    """Does a process hold the lock of that file now? A missing file is not held."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_lock(file, shared=True)
    finally:
        os.close(file)


def holder_of(path: Path) -> Holder | None:
    """Who wrote himself into the lock's file last; None where it says nothing."""
    try:
        return Holder(**json.loads(read_kept(path)))
    except (DataDamaged, OSError, ValueError, TypeError):
        return None


def _open(path: Path) -> int:
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _taken(path: Path) -> int:
    """The lock's file, locked; NotAllowed naming the holder where another has it."""
    while True:
        file = _open(path)
        try:
            _demand(path, file)
            # Who cleared away after a killed process may have removed the file meanwhile.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file), path.stat()):
                    return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _demand(path: Path, file: int) -> None:
    if not take_lock(file):
        raise NotAllowed(
            f"another harness is at work here: {holder_of(path) or 'its lock says no more'}",
            hint=f"Wait until it ends; the lock is {path}, and ends with its process.",
        )
