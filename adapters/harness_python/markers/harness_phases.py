"""Phases of a program's own work, for the harness: one file, no dependency, Python 3.8 and later.

    from harness_phases import phase

    with phase("force"):
        ...

    @phase("integrate")
    def integrate(state): ...

Phases nest and repeat; every thread has its own. Names carry no `/`. When the environment variable
HARNESS_PHASES names a file, the calls and the total time of each phase are appended to it when the
program exits normally. When it does not, a `with` costs three empty calls and a decorated function
is the function itself.
"""

from __future__ import annotations

import os
from _thread import _local
from atexit import register
from time import perf_counter_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    _Function = TypeVar("_Function", bound=Callable[..., object])

__all__ = ["phase"]

_DEPTH = 64
"""Phases nested deeper are counted to the one around them."""


class _Thread:
    """Where one thread is in its tree of phases."""

    __slots__ = ("node",)

    def __init__(self) -> None:
        self.node = _Node("", None, self)


class _Node:
    """One phase at one place of one thread's tree; it is its own context manager.

    The usual entry, from the phase around it, touches nothing but the node and its thread: that is
    what keeps a phase cheap. Any other entry or exit (a node kept and used elsewhere, a generator
    or task that leaves out of order) goes by the name.
    """

    __slots__ = ("began", "calls", "children", "depth", "name", "parent", "thread", "total")

    def __init__(self, name: str, parent: _Node | None, thread: _Thread) -> None:
        self.name = name
        self.parent = parent
        self.thread = thread
        self.depth: int = parent.depth + 1 if parent is not None else 0
        self.children: dict[str, _Node] = {}
        self.began = self.calls = self.total = 0

    def __enter__(self) -> _Node:
        thread = self.thread
        if thread.node is not self.parent:
            self = _find(self.name)
            thread = self.thread
        thread.node = self
        self.began = perf_counter_ns()
        return self

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        now = perf_counter_ns()
        thread = self.thread
        if thread.node is not self:
            entered = _entered(self.name)
            if entered is None:
                return
            self = entered
            thread = self.thread
        thread.node = self.parent  # type: ignore[assignment]
        self.calls += 1
        self.total += now - self.began

    def __call__(self, function: _Function) -> _Function:
        from functools import wraps

        name = self.name

        @wraps(function)
        def timed(*args: object, **kwargs: object) -> object:
            try:  # phase(name) and its entry, written out: two calls less
                node = _mine.thread.node.children[name]
            except (AttributeError, KeyError):
                node = _first_time(name)
            node.thread.node = node
            node.began = perf_counter_ns()
            try:
                return function(*args, **kwargs)
            finally:
                node.__exit__(None, None, None)

        return timed  # type: ignore[return-value]


class _NoPhase:
    """What a phase is when nobody asks: entered and left by a builtin, half the cost of a function.

    `"".format` takes any arguments and returns what is false: no exception is swallowed.
    """

    __slots__ = ()
    __enter__ = __exit__ = "".format

    def __call__(self, function: _Function) -> _Function:
        return function


_mine = _local()
_roots: list[_Node] = []
_no_phase = _NoPhase()
_path = os.environ.get("HARNESS_PHASES")
_pid = os.getpid()


def phase(name: str) -> _Node | _NoPhase:
    """The phase of that name: `with phase(name): ...` or `@phase(name)` over a plain function."""
    if _path is None:
        return _no_phase
    try:  # _find, written out
        return _mine.thread.node.children[name]  # type: ignore[no-any-return]
    except (AttributeError, KeyError):
        return _first_time(name)


def _find(name: str) -> _Node:
    """The node of that name where this thread is now."""
    try:
        return _mine.thread.node.children[name]  # type: ignore[no-any-return]
    except (AttributeError, KeyError):
        return _first_time(name)


def _first_time(name: str) -> _Node:
    """The node of a phase that this thread enters at this place for the first time."""
    thread = getattr(_mine, "thread", None)
    if thread is None:
        thread = _mine.thread = _Thread()
        _roots.append(thread.node)
    parent = thread.node
    node = _Node(name, parent, thread)
    if parent.depth < _DEPTH:  # a deeper one hangs from its parent, but nobody reports it
        parent.children[name] = node
    return node


def _entered(name: str) -> _Node | None:
    """The innermost phase of that name that this thread is in, or None."""
    thread = getattr(_mine, "thread", None)
    node = thread.node if thread is not None else None
    while node is not None and node.name != name:
        node = node.parent
    return node


def _lines(node: _Node, path: str) -> Iterator[str]:
    for child in list(node.children.values()):
        name = " ".join(child.name.split())
        inner = path + "/" + name if path else name
        if child.calls:
            yield f"{child.calls}\t{child.total}\t{inner}\n"
        yield from _lines(child, inner)


def _write() -> None:
    """At exit: one write, so that the records of several processes do not mix."""
    if _path is None or os.getpid() != _pid:
        return  # a forked child
    text = "harness-phases 1\n" + "".join(line for root in _roots for line in _lines(root, ""))
    file = os.open(_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(file, text.encode("utf-8", "replace"))
    finally:
        os.close(file)


if _path:
    register(_write)
else:
    _path = None
