"""What an adapter left behind: files and processes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

Snapshot = Mapping[str, tuple[int, bytes]]
"""Relative path: modification time in ns and content (of a folder: none)."""


def snapshot(folder: Path) -> Snapshot:
    """All that lies below a folder."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def changes_below(folder: Path, before: Snapshot) -> list[str]:
    """The paths below a folder that were made, changed or removed since."""
    after = snapshot(folder)
    kept = {name for name in before if after.get(name) == before[name]}
    return sorted((before.keys() | after.keys()) - kept)


def processes_with(mark: str) -> list[int]:
    """The processes that have `NAME=value` in their environment, by Linux's /proc.

    What a target starts inherits its environment: this finds descendants that fled their parent.
    """
    wanted = mark.encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # it ended meanwhile, or is not ours to see
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found
