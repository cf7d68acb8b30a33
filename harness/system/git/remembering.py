"""What git has answered, remembered for the length of one command.

A step of a campaign asks git a hundred times, and most of it again and again. Within `remembering`
an answer holds until something may have changed it: a program that ran (a trial, a build, an agent,
a git that writes), or a file that we wrote. After that git is asked again, so that what a candidate
does to the repository while it is measured is seen. Outside of `remembering`, and in other threads,
nothing is remembered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from enum import Enum
from typing import TypeVar, cast

from harness.system.process.touching import touches_of_everything, touches_of_files

_T = TypeVar("_T")
_Known = dict[Hashable, tuple[int, object]]


class Reach(Enum):
    """What a call of git depends on, or does."""

    REPOSITORY = "reads refs, objects, settings or the index"
    FILES = "reads the working tree as well"
    NOTHING = "writes nothing that others read, and is not remembered"
    CHANGES = "changes something"


_REPOSITORY = {
    *("cat-file", "check-ref-format", "config", "diff-tree", "for-each-ref", "log", "ls-tree"),
    *("merge-base", "rev-list", "rev-parse", "symbolic-ref", "var", "verify-tag"),
}
_FILES = {"check-ignore", "diff", "diff-index", "ls-files", "status"}
_OBJECTS = {"commit-tree", "hash-object", "merge-tree", "write-tree"}
_OF_AN_INDEX = {"add", "read-tree", "update-index"}
"""They change nothing but the index, which may be one of ours."""

_memory: ContextVar[_Known | None] = ContextVar("what git has answered", default=None)


def reach(arguments: Sequence[str], env: Mapping[str, str] | None) -> Reach:
    """What a call depends on, or does; `arguments` begin with git's command or its settings."""
    command = next((a for a in arguments if not a.startswith("-") and "=" not in a), "")
    if command in _OBJECTS or (command in _OF_AN_INDEX and "GIT_INDEX_FILE" in (env or {})):
        return Reach.NOTHING
    if command in _REPOSITORY or list(arguments[:2]) == ["worktree", "list"]:
        # What is asked of an index or of objects of ours is gone with them.
        return Reach.NOTHING if env else Reach.REPOSITORY
    if command in _FILES:
        return Reach.NOTHING if env else Reach.FILES
    return Reach.CHANGES


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """Remember git's answers meanwhile; within another one, that one goes on."""
    if _memory.get() is not None:
        yield
        return
    token = _memory.set({})
    try:
        yield
    finally:
        _memory.reset(token)


def _always(_: object) -> bool:
    return True


def asked_once(
    key: Hashable,
    make: Callable[[], _T],
    reach: Reach = Reach.FILES,
    lasting: Callable[[_T], bool] = _always,
) -> _T:
    """What `make` gives, or gave for that key since something may have changed.

    Of what it gives only what is `lasting` is remembered.
    """
    known = _memory.get()
    if known is None:
        return make()
    now = touches_of_files if reach is Reach.FILES else touches_of_everything
    at, found = known.get(key, (-1, None))
    if at == now():
        return cast(_T, found)
    at = now()
    made = make()
    if lasting(made):
        known[key] = (at, made)
    return made
