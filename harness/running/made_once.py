"""What is made ready for a run is made once, for however many of its cells it serves."""

from __future__ import annotations

from collections.abc import Callable

from harness.model import Build, Target
from harness.plugins import Adapter


class MadeOnce:
    """Sets up and builds each target once until it is told to forget.

    Commands of a target are run once before its trials, whatever cases it is timed on, and the tree
    of a build of the user's own is read once.
    """

    def __init__(self, make: Callable[[Target], tuple[Adapter, Build]]) -> None:
        """`make` sets up and builds; what it raises passes through, and is tried again."""
        self._make = make
        self._known: list[tuple[Target, tuple[Adapter, Build]]] = []

    def made(self, target: Target) -> tuple[Adapter, Build]:
        """The target's adapter and build."""
        # By equality: a target holds mappings, and has no hash.
        for known, made in self._known:
            if known == target:
                return made
        made = self._make(target)
        self._known.append((target, made))
        return made

    def forget(self) -> None:
        """Make everything anew from now on: files may be changed before the next run."""
        self._known.clear()
