"""What keeps a folder of ours from being removed: mounts below it, and files made immutable."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import stat
from functools import lru_cache
from pathlib import Path
from typing import Any

_MNT_DETACH, _UMOUNT_NOFOLLOW = 2, 8
_GET_FLAGS, _SET_FLAGS = 0x80086601, 0x40086602
"""FS_IOC_GETFLAGS and FS_IOC_SETFLAGS, of 64-bit machines."""
_IMMUTABLE, _APPEND_ONLY = 0x10, 0x20


@lru_cache(maxsize=1)
def _umount2() -> Any:
    umount2 = ctypes.CDLL(None, use_errno=True).umount2
    umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)
    return umount2


def detach_mounts(folder: Path) -> None:
    """Take away what is mounted below a folder, latest first, so that nothing in it is deleted.

    A mount that we may not take away stays.
    """
    for place in reversed(mounts_below(folder)):
        _umount2()(os.fsencode(place), _MNT_DETACH | _UMOUNT_NOFOLLOW)


def mounts_below(folder: Path) -> list[Path]:
    """Where something is mounted in a folder or on it, in the order of mounting."""
    real = os.path.realpath(folder)
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return []
    places = [_unescaped(line.split(b" ")[4]) for line in lines]
    return [Path(place) for place in places if place == real or place.startswith(f"{real}/")]


def _unescaped(place: bytes) -> str:
    """A path of mountinfo, in which blanks and backslashes are octal numbers."""
    plain = re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), place)
    return os.fsdecode(plain)


def clear_flags(folder: Path) -> None:
    """Take `immutable` and `append only` from a folder and all that is in it, where we may."""
    for parent, folders, files in os.walk(folder):
        # Of the folders, too: an entry of an immutable one cannot be removed.
        for name in (".", *folders, *files):
            with contextlib.suppress(OSError):
                _clear_flags_of(f"{parent}/{name}")


def _clear_flags_of(path: str) -> None:
    if stat.S_IFMT(os.lstat(path).st_mode) not in (stat.S_IFDIR, stat.S_IFREG):
        return  # opening a device or a pipe may do something
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        held = fcntl.ioctl(file, _GET_FLAGS, bytes(8))
        flags = int.from_bytes(held[:4], "little")
        if flags & (_IMMUTABLE | _APPEND_ONLY):
            plain = flags & ~(_IMMUTABLE | _APPEND_ONLY)
            fcntl.ioctl(file, _SET_FLAGS, plain.to_bytes(8, "little"))
    finally:
        os.close(file)
