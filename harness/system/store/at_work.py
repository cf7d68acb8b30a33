"""One process at a time is at work in a run, and a mark tells of it if it is killed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from harness.errors import NotAllowed
from harness.system.store.flock import take_lock, try_lock

_MAKING = ".making"
"""Beside the runs: marks of those that a process is at work in, and folders not yet runs."""
_AT_WORK = ".at-work"


def hold_run(folder: Path) -> contextlib.ExitStack:
    """Keep other processes from writing a run until the answer is closed, or this process ends."""
    with contextlib.ExitStack() as held:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        held.callback(os.close, handle)
        try:
            free = take_lock(handle)
        except OSError:  # a file system without locks
            free = True
        if not free:
            raise _is_measured(folder.name)
        return held.pop_all()


def _is_measured(name: str) -> NotAllowed:
    return NotAllowed(
        f"{name} is being measured by another process",
        hint="Wait until it ends; `harness history` says whether it has.",
    )


def is_being_written(folder: Path) -> bool:
    """Is a process at work on this run now?"""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_lock(handle, shared=True)
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(handle)


def staging(folder: Path) -> Path:
    """Where the folder of a run is made, before it is renamed."""
    return folder.parent / _MAKING / folder.name


@contextlib.contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Keep a locked mark that a process is at work in a run; a kill leaves it to be found."""
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
        taken = take_lock(handle)
        if taken and os.path.samestat(os.fstat(handle), mark.stat()):
            return handle
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    if not taken:
        raise _is_measured(mark.name.removesuffix(_AT_WORK))
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
