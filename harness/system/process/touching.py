"""Counts what may have changed files, so that what was read before it is read again.

Whoever runs a program says so before and after it, and so does whoever writes a file of ours: what
is remembered (`harness.system.git.remembering`) holds only while neither has happened.
"""

from __future__ import annotations

from harness.frozen import dataclass


@dataclass(slots=True)
class _Counts:
    """How often each has happened."""

    files: int = 0
    refs: int = 0
    everything: int = 0


_counts = _Counts()


def touched_files() -> None:
    """A file of ours was written: git's own folder is as it was."""
    _counts.files += 1


def touched_refs() -> None:
    """A ref of ours was moved: every file is as it was, and so is the index."""
    _counts.refs += 1


def touched_everything() -> None:
    """A program runs from now on, or ran until now, and may have changed whatever there is."""
    _counts.everything += 1


def programs_run() -> int:
    """How often programs began or ended until now, which may have changed any file."""
    return _counts.everything


def touches_of_files() -> int:
    """How often files may have changed until now; the number means nothing by itself."""
    return _counts.files + _counts.everything


def touches_of_git() -> int:
    """How often git's own folder may have changed until now."""
    return _counts.refs + _counts.everything
