"""What git has answered, remembered for the length of one command.

A step of a campaign asks git a hundred times, and most of it again and again. Within `remembering`
an answer holds until something may have changed it: a program that ran (a trial, a build, an agent,
a git that writes), or a file that we wrote. After that git is asked again, so that what a candidate
does to the repository while it is measured is seen. Outside of `remembering`, and in other threads,
nothing is remembered.

Two kinds of answers hold longer. What is said of objects by their full ids, and where a repository
lies, is the same for as long as a command runs, whatever ran meanwhile. And a ref of ours that is
moved leaves files and index as they were.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from enum import Enum
from typing import TypeVar, cast

from harness.on_demand import pattern
from harness.system.process.touching import touches_of_files, touches_of_git

_T = TypeVar("_T")
_Known = dict[Hashable, tuple[int, object]]


class Reach(Enum):
    """What a call of git depends on, or does."""

    REPOSITORY = "reads refs, objects, settings or the index"
    FILES = "reads the working tree as well"
    NOTHING = "writes nothing that others read, and is not remembered"
    CHANGES = "changes something"
    REFS = "moves a ref of ours, which no file and no index depends on"
    SETTLED = "asks for what nothing changes while a command runs"


_REPOSITORY = {
    *("cat-file", "check-ref-format", "config", "diff-tree", "for-each-ref", "log", "ls-tree"),
    *("merge-base", "rev-list", "rev-parse", "symbolic-ref", "var", "verify-tag"),
}
_FILES = {"check-ignore", "diff", "diff-index", "ls-files", "status"}
_OF_OBJECTS = {"diff-tree", "ls-tree", "rev-parse"}
_BY_ITS_ID = pattern(r"[0-9a-f]{40}([0-9a-f]{24})?([:^].*)?")
_PLACES = {"--show-toplevel", "--absolute-git-dir", "--git-common-dir"}
_OURS = "refs/harness/"
_OBJECTS = {"commit-tree", "hash-object", "merge-tree", "write-tree"}
_OF_AN_INDEX = {"add", "read-tree", "update-index"}
"""They change nothing but the index, which may be one of ours."""

_memory: ContextVar[_Known | None] = ContextVar("what git has answered", default=None)


def reach(arguments: Sequence[str], env: Mapping[str, str] | None) -> Reach:
    """What a call depends on, or does; `arguments` begin with git's command or its settings."""
    command = next((a for a in arguments if not a.startswith("-") and "=" not in a), "")
    if command in _OBJECTS or (command in _OF_AN_INDEX and "GIT_INDEX_FILE" in (env or {})):
        return Reach.NOTHING
    if command == "update-ref" and any(a.startswith(_OURS) for a in arguments):
        return Reach.REFS
    if not env and _is_settled(command, arguments):
        return Reach.SETTLED
    if command in _REPOSITORY or list(arguments[:2]) == ["worktree", "list"]:
        # What is asked of an index or of objects of ours is gone with them.
        return Reach.NOTHING if env else Reach.REPOSITORY
    if command in _FILES:
        return Reach.NOTHING if env else Reach.FILES
    return Reach.CHANGES


def _is_settled(command: str, arguments: Sequence[str]) -> bool:
    """Does a call ask for objects by their full ids alone, for places, or for who commits?

    Not whether an object is there (`cat-file -e`): one can be lost meanwhile.
    """
    words = arguments[arguments.index(command) + 1 :] if command else ()
    if command == "var" or (command == "rev-parse" and _PLACES.issuperset(words)):
        return True
    named = [w for w in words[: words.index("--") if "--" in words else None] if w[:1] != "-"]
    if command == "cat-file":
        named = named[1:] if named[:1] == ["blob"] else []
    elif command not in _OF_OBJECTS:
        return False
    return bool(named) and all(_BY_ITS_ID.fullmatch(word) for word in named)


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


_TOUCHES: Mapping[Reach, Callable[[], int]] = {
    Reach.FILES: touches_of_files,
    Reach.REPOSITORY: touches_of_git,
    Reach.SETTLED: lambda: 0,
}


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
    now = _TOUCHES[reach]
    at, found = known.get(key, (-1, None))
    if at == now():
        return cast(_T, found)
    at = now()
    made = make()
    if lasting(made):
        known[key] = (at, made)
    return made
