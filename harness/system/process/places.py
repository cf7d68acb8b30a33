"""Folders outside of the project: where they are, and whether they can be trusted."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

OURS = "optim-harness"


def user_cache() -> Path:
    """What this user's projects share: in XDG_CACHE_HOME, or ~/.cache where none is set.

    Raises RuntimeError where this user has no home. The folder need not be there.
    """
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The specification has relative paths ignored.
    return (told if told.is_absolute() else Path.home() / ".cache") / OURS


def expanded(path: str) -> Path:
    """A path with the home that its `~` means; as it stands where there is no such home."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib raises instead


def is_ours(folder: Path) -> bool:
    """Is it a folder of this user's, in which nobody else may write?

    Raises OSError where there is none.
    """
    facts = folder.lstat()
    ours = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid()
    return ours and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def may_execute(folder: Path) -> bool:
    """Does its file system let programs be executed?"""
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC


def launcher_cache(otherwise: Path) -> Path:
    """Where the compiled launcher is kept for all of this user's projects.

    `otherwise` where nothing can be written or executed there, or others may write there.
    """
    try:
        folder = user_cache()
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        if not is_ours(folder) or not may_execute(folder):
            return otherwise
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):
        return otherwise
