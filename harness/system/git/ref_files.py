"""What git keeps in files of its own that can be read without a call of it.

Every step asks for them, and a call takes a hundred times as long. What a file does not say
(packed refs, another format, a link) is left to git: nothing here says that something is missing.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_HEAD = re.compile(rb"ref: refs/heads/(?!\.invalid\n)([^\n]+)\n")
"""`.invalid` is what HEAD says where git keeps its refs in another way than in files."""
_OBJECT = re.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})\n")

_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
"""What lies in git's folder while it is in the middle of something."""


def branch_in(head: Path) -> str | None:
    """The branch that the file HEAD names; None: ask git."""
    if head.is_symlink():
        return None
    named = _HEAD.fullmatch(_content(head))
    return os.fsdecode(named[1]) if named else None


def object_in(ref: Path) -> str:
    """The object's id that a ref's file has in it; empty: ask git."""
    content = _content(ref)
    return content.decode().rstrip("\n") if _OBJECT.fullmatch(content) else ""


def marked_as_under_way(git_dir: Path) -> str:
    """What git is in the middle of by its marks, such as `merge` or `rebase`; empty: nothing."""
    return next((word for name, word in _UNDER_WAY.items() if (git_dir / name).exists()), "")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
