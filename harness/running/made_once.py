"""What is made ready for a run is made once, for however many of its cells it serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from harness.model import Build, Target
from harness.plugins import Adapter

Made = tuple[Adapter, Build]
_Known = TypeVar("_Known")


class MadeOnce:
    """Sets up and builds each target once until it is told to forget.

    Commands of a target are run once before its trials, whatever cases it is timed on and in
    whatever mode, and the tree of a build of the user's own is read once.
    """

    def __init__(self, set_up: Callable[[Target], Target], build: Callable[[Target], Made]) -> None:
        """What the two raise passes through, and is tried again."""
        self._set_up = set_up
        self._build = build
        # By equality: a target holds mappings, and has no hash.
        self._ready: list[tuple[Target, Target]] = []
        self._built: list[tuple[Target, Made]] = []

    def made(self, target: Target) -> Made:
        """The target's adapter and build."""
        plain = replace(target, steady=False)
        ready = _found_or(self._ready, plain, self._set_up)
        return _found_or(self._built, replace(ready, steady=target.steady), self._build)

    def forget(self) -> None:
        """Make everything anew from now on: files may be changed before the next run."""
        self._ready.clear()
        self._built.clear()


def _found_or(
    known: list[tuple[Target, _Known]], target: Target, make: Callable[[Target], _Known]
) -> _Known:
    for before, found in known:
        if before == target:
            return found
    made = make(target)
    known.append((target, made))
    return made
