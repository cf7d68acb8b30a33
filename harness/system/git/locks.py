"""Git's own lock files (`index.lock`, `HEAD.lock`, ...): who holds one, and those left behind.

git makes such a file, writes, and renames it; a git that is killed in between leaves it, and every
later git refuses to write. A lock is stale where no process has it open and no git works in its
repository: git closes the file while a hook runs, so that the first alone does not say it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE_S = 10.0
"""How long a lock that a living git holds is waited for."""
_PAUSE_S = 0.05
_PROCESSES = Path("/proc")
_HARMLESS = {b"cat-file", b"log", b"show", b"fsmonitor--daemon", b"credential-cache--daemon"}
"""What runs for long in a repository, for an editor or a pager, and locks nothing."""


def free(lock: Path) -> bool:
    """Wait until the lock is gone, or clear it away where it is stale.

    True where git may try again, False where it is held for too long, or by an unknown process.
    """
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if not lock.exists():
            return True
        if not _PROCESSES.is_dir():
            return False
        if next(holders(lock), None) is None:
            lock.unlink(missing_ok=True)
            return True
        time.sleep(_PAUSE_S)
    return False


def holders(lock: Path) -> Iterator[int]:
    """The processes that hold a lock, or may: those that have it open, and git in its repository.

    A git of another user, of which the kernel does not say where it works, counts as one.
    """
    inside = _repository(lock)
    for entry in _PROCESSES.glob("[0-9]*"):
        try:
            if _may_lock(entry) and _below((entry / "cwd").readlink(), inside):
                yield int(entry.name)
                continue
        except PermissionError:
            yield int(entry.name)
            continue
        except OSError:  # it ended meanwhile
            continue
        if _has_open(entry, lock):
            yield int(entry.name)


def is_stale(lock: Path) -> bool:
    """Is the lock there, and surely held by no process? Nothing is changed."""
    return lock.exists() and _PROCESSES.is_dir() and next(holders(lock), None) is None


def way_past(lock: Path) -> str:
    """What to do about a lock that is held, in a sentence."""
    found = next(holders(lock), None) if _PROCESSES.is_dir() else None
    if found is None:
        return f"Where no git is at work here, the lock is stale: rm {lock}"
    return f"Process {found} holds {lock}; repeat the command when it has ended."


def _repository(lock: Path) -> tuple[Path, ...]:
    """The folders in which a git that holds this lock works: git's own, and the working tree's."""
    own = lock.parent.resolve()
    git = next((p for p in (own, *own.parents) if p.name == ".git"), own)
    back = own / "gitdir"  # of a further worktree: where its `.git` lies
    further = (Path(back.read_text().strip()).parent,) if back.is_file() else ()
    return (own, git.parent if git.name == ".git" else own, *further)


def _may_lock(process: Path) -> bool:
    """Is it a git, and none that only reads?"""
    if not (process / "comm").read_bytes().startswith(b"git"):
        return False
    return _HARMLESS.isdisjoint((process / "cmdline").read_bytes().split(b"\0"))


def _below(folder: Path, tops: tuple[Path, ...]) -> bool:
    return any(folder.is_relative_to(top) for top in tops)


def _has_open(process: Path, lock: Path) -> bool:
    """Does the process have the file open? One that may not be looked into is another user's."""
    try:
        files = list((process / "fd").iterdir())
    except OSError:
        return False
    for file in files:
        try:
            if file.readlink() == lock:
                return True
        except OSError:
            continue
    return False
