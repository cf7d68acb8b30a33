"""One process at a time is at work in a run, and word of it is left for when it is killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from harness.errors import NotAllowed

_MAKING = ".making"
"""Beside the runs: marks of those that a process is at work in, and folders not yet runs."""
_AT_WORK = ".at-work"


def hold_run(folder: Path) -> contextlib.ExitStack:
    """Keep other processes from writing a run until the answer is closed, or this process ends."""
    with contextlib.ExitStack() as held:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        held.callback(os.close, handle)
        try:
            _lock(handle, fcntl.LOCK_EX)
        except BlockingIOError:
            raise _is_measured(folder.name) from None
        except OSError:  # a file system without locks
            pass
        return held.pop_all()


def _is_measured(name: str) -> NotAllowed:
    return NotAllowed(
        f"{name} is being measured by another process",
        hint="Wait until it ends; `harness history` says whether it has.",
    )


_TRIES, _PAUSE_S = 10, 0.01


def _lock(handle: int, kind: int) -> None:
    """Lock; whoever only asks whether it is held has it for a moment, so we wait as long."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(handle, kind | fcntl.LOCK_NB)
        time.sleep(_PAUSE_S)
    return fcntl.flock(handle, kind | fcntl.LOCK_NB)


def is_being_written(folder: Path) -> bool:
    """Is a process at work on this run now?"""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared: whoever asks does not look like a writer to others who ask.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(handle)
    return False


def staging(folder: Path) -> Path:
    """Where the folder of a run is made, before it is renamed."""
    return folder.parent / _MAKING / folder.name


@contextlib.contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Leave word, locked, that a process is at work in a run; a kill leaves it to be found."""
    mark = folder.parent / _MAKING / f"{folder.name}{_AT_WORK}"
    handle = -1
    while handle < 0:
        mark.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            handle = _claim(mark)
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)
        os.close(handle)
        with contextlib.suppress(OSError):  # others are at work
            mark.parent.rmdir()


def _claim(mark: Path) -> int:
    """A mark's file with its lock; FileNotFoundError where it was removed meanwhile."""
    handle = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _lock(handle, fcntl.LOCK_EX)
        if os.path.samestat(os.fstat(handle), mark.stat()):
            return handle
    except BlockingIOError:
        os.close(handle)
        raise _is_measured(mark.name.removesuffix(_AT_WORK)) from None
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    raise FileNotFoundError(mark)


def killed(results: Path) -> Iterator[Path]:
    """The runs in which a process was killed, each held until the next one is asked for.

    Whoever asks clears them: each is named once.
    """
    for mark in (results / _MAKING).glob(f"*{_AT_WORK}"):
        with contextlib.suppress(NotAllowed, FileNotFoundError):
            handle = _claim(mark)
            try:
                yield results / mark.name.removesuffix(_AT_WORK)
                mark.unlink()
            finally:
                os.close(handle)
