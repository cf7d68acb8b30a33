"""Folders that a program has left, walked and removed however deep, large or closed they are.

Nothing here trusts a name: folders are opened without following links, only ordinary files are
read, and nothing recurses. A tree may be deeper than a path can be long.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import field
from functools import cache
from itertools import count, islice
from pathlib import Path

from harness.frozen import dataclass
from harness.system.process.stuck import clear_flags, detach_mounts, mounts_below

MOST_FILES = 100_000
MOST_DEPTH = 100
"""What is read of a tree; one beyond that is refused in words, and removed all the same."""

_CHUNK_BYTES = 1 << 18
_BATCH = 10_000


class LeftTooMuchError(Exception):
    """A program left more than is read of it; says how much, and what the limit is."""


@dataclass(slots=True)
class Budget:
    """What reading may take: bytes are refused before they are read, and the time is kept."""

    most_bytes: int
    seconds: float
    left_bytes: int = field(init=False)
    _ends: float = field(init=False)

    def __post_init__(self) -> None:
        self.left_bytes = self.most_bytes
        self._ends = time.monotonic() + self.seconds

    def take(self, size: int) -> None:
        """Account for bytes that are to be read."""
        self.left_bytes -= size
        if self.left_bytes < 0:
            raise LeftTooMuchError(
                f"it left more than the {self.most_bytes:,} bytes that are read of one trial"
            )

    def check_time(self) -> None:
        if time.monotonic() > self._ends:
            raise LeftTooMuchError(
                f"reading what it left took longer than {self.seconds:g} s, its timeout"
            )


def files_below(folder: Path, most: int | None = None) -> Iterator[str]:
    """Paths, relative to the folder, of everything in it that is no folder; links not followed.

    With `most`, raises LeftTooMuchError for more files and folders than that, and for more than
    MOST_DEPTH levels.
    """
    waiting = [("", str(folder), 0)]
    entries = 0
    while waiting:
        prefix, path, depth = waiting.pop()
        if most is not None and depth > MOST_DEPTH:
            raise LeftTooMuchError(f"it left folders nested deeper than {MOST_DEPTH} levels")
        with os.scandir(path) as found:
            for entry in found:
                entries += 1
                if most is not None and entries > most:
                    raise LeftTooMuchError(f"it left more than {most:,} files and folders")
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{prefix}{entry.name}/", entry.path, depth + 1))
                else:
                    yield prefix + entry.name


def tree_digest(file: int, budget: Budget | None = None) -> bytes:
    """SHA-256 of what an open file holds from where it stands; within the budget."""
    total = hashlib.sha256()
    while data := os.read(file, _CHUNK_BYTES):
        total.update(data)
        if budget is not None:
            budget.check_time()
    return total.digest()


def file_digest(path: Path, budget: Budget | None = None) -> bytes:
    """SHA-256 of an ordinary file's content; OSError for anything else, without waiting for it."""
    file = open_ordinary(path)
    try:
        return tree_digest(file, budget)
    finally:
        os.close(file)


def open_ordinary(path: Path) -> int:
    """Open a file for reading; OSError where it is a link, a pipe, a device or a folder."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "is no ordinary file", str(path))
    return file


# ---- removing --------------------------------------------------------------------------------


def remove_tree(folder: Path) -> None:
    """Delete a folder with all that is in it, at any depth and mode.

    What a program mounted there is taken away, not emptied, and files that it made immutable are
    made ordinary. What cannot go even so, stays and is named once on standard error.
    """
    _remove(folder)
    if not os.path.lexists(folder):
        return
    detach_mounts(folder)
    if not mounts_below(folder):
        clear_flags(folder)
    _remove(folder)
    if os.path.lexists(folder):
        _say_that_it_stays(str(folder))


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        opened = open_folder(folder)
        try:
            empty(opened)
        finally:
            os.close(opened)
        folder.rmdir()
        return
    with contextlib.suppress(OSError):
        folder.unlink()  # a link or a file in its place


@cache
def _say_that_it_stays(folder: str) -> None:
    import logging

    logging.getLogger("harness").warning(
        "%s cannot be removed: what a program left there stays", folder
    )


def open_folder(folder: str | Path, within: int | None = None) -> int:
    """Open a folder, no link to one; one that its mode closes to us is made ours before.

    Raises OSError where there is none.
    """
    flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(folder, flags | os.O_PATH, dir_fd=within)
    try:
        if os.fstat(handle).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            # Through the handle: chmod by name would follow a link that is put there meanwhile.
            Path(f"/proc/self/fd/{handle}").chmod(stat.S_IRWXU)
        return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.close(handle)


def empty(folder: int, keep: tuple[str, ...] = ()) -> None:
    """Delete all that is in an open folder but what is to be kept.

    Folders are moved up to the first level before they are emptied, so that neither the depth of a
    tree nor the length of its paths matters.
    """
    names = (f"removed-{number}" for number in count())
    removed = 1
    while removed and (waiting := _unlink_files(folder, keep)):
        removed = 0  # a round without any leaves what is not ours to remove
        while waiting:
            name = waiting.pop()
            with contextlib.suppress(OSError):
                inner = open_unmounted(name, folder)
                try:
                    waiting += _move_up(inner, folder, names)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=folder)
                removed += 1


def open_unmounted(name: str, within: int) -> int:
    """Open a folder in another; OSError where another file system is mounted on it."""
    if os.stat(name, dir_fd=within, follow_symlinks=False).st_dev != os.fstat(within).st_dev:
        raise OSError(errno.EXDEV, "is a mount", name)
    return open_folder(name, within)


def _unlink_files(folder: int, keep: tuple[str, ...]) -> list[str]:
    """Delete the files of a folder; the names of the folders in it."""
    while True:
        entries = _entries(folder, keep)
        folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        removed = 0
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    # Not cut short: a large output that somebody has mapped stays readable.
                    os.unlink(entry.name, dir_fd=folder)
                    removed += 1
        if len(entries) < _BATCH or not removed:
            return folders


def _entries(folder: int, keep: tuple[str, ...]) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return list(islice((entry for entry in found if entry.name not in keep), _BATCH))


def _move_up(inner: int, top: int, names: Iterator[str]) -> list[str]:
    """Empty a folder into the top one: its files are deleted, its folders moved there."""
    moved: list[str] = []
    while folders := _unlink_files(inner, ()):
        before = len(moved)
        for name in folders:
            with contextlib.suppress(OSError):
                os.close(open_unmounted(name, inner))  # a folder that is moved has to be writable
                new = _rename(name, inner, top, names)
                moved.append(new)
        if len(moved) == before:
            break
    return moved


def _rename(name: str, inner: int, top: int, names: Iterator[str]) -> str:
    """Move a folder up under a name that is free there; an empty folder of that name gives way."""
    for new in names:
        try:
            os.rename(name, new, src_dir_fd=inner, dst_dir_fd=top)
        except OSError as problem:
            if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        else:
            return new
    raise AssertionError("names never end")
