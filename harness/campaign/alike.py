"""Which changes are nearly the same: many attempts at one are one attempt with more luck; pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
_SPACE = re.compile(r"\s+")
_KEPT = 16


def change_digest(patch: str) -> str:
    """What a patch changes, without spaces, figures and the order of its lines; empty for none.

    Two patches that differ in indentation, in the size of a block or in what stands around them
    have one digest.
    """
    lines = sorted(_lines(patch))
    if not lines:
        return ""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:_KEPT]


def _lines(patch: str) -> Iterable[str]:
    """The lines that are taken away and added, each with its sign."""
    in_hunk = False
    for line in patch.splitlines():
        if line.startswith("diff --git "):
            in_hunk = False
        elif line.startswith("@@ "):
            in_hunk = True
        elif in_hunk and line[:1] in ("+", "-"):
            text = _NUMBER.sub("0", _SPACE.sub("", line[1:]))
            if text:
                yield f"{line[0]}{text}"


def groups_alike(changes: Iterable[tuple[int, str]]) -> list[tuple[int, ...]]:
    """The iterations, by number, that have tried nearly the same change; two or more each."""
    known: dict[str, list[int]] = {}
    for number, digest in changes:
        if digest:
            known.setdefault(digest, []).append(number)
    return [tuple(numbers) for numbers in known.values() if len(numbers) > 1]
