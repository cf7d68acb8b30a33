"""Process trees: who descends from whom, and how a whole tree is ended.

The launcher ends what its target leaves. Where the target has stopped or killed the launcher, that
is done from here: while a job runs, this process inherits orphans, so that none is lost.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37
_PATIENCE_S = 5.0
"""How long a killed process may take to end: one that waits for a disk does not."""


class _Process(NamedTuple):
    pid: int
    parent: int
    dead: bool
    started_s: float
    """Seconds since the machine was started."""


@lru_cache(maxsize=1)
def _prctl() -> Any:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    return prctl


def be_interrupted_with(parent: int) -> bool:
    """Have this process interrupted, as by Ctrl-C, when that parent ends; False where it has.

    That outlasts execve(2), by which a command may start anew: prctl(2).
    """
    _prctl()(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    return os.getppid() == parent


class OrphansComeToUs:
    """Within it, processes below us whose parents end become our children, not those of init.

    Entered once for every trial, and no generator for that reason. Where this process was a
    subreaper when this was made, it stays one.
    """

    def __init__(self) -> None:
        before = ctypes.c_int(0)
        self._prctl = _prctl()
        self._prctl(_PR_GET_CHILD_SUBREAPER, ctypes.addressof(before), 0, 0, 0)
        self._anyway = bool(before.value)

    def __enter__(self) -> None:
        if not self._anyway:
            self._prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def __exit__(self, *_: object) -> None:
        if not self._anyway:
            self._prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def end_tree(root: int) -> int:
    """Kill a child of this process with all its descendants, itself last; how many there were.

    As long as it lives it inherits the orphans among them: none gets away in between.
    """
    ends = time.monotonic() + _PATIENCE_S
    killed: set[int] = set()
    while (below := _descendants(root)) and time.monotonic() < ends:
        killed.update(below)
        _kill(below)
        time.sleep(0.005)
    _kill([root])
    with contextlib.suppress(ChildProcessError):
        os.waitpid(root, 0)
    return len(killed)


def end_orphans(since_s: float) -> int:
    """Kill the children that this process started since then, and all below; how many there were.

    `since_s`: by CLOCK_BOOTTIME. For when the launcher is gone: its children have become ours.
    """
    since_s -= 1 / os.sysconf("SC_CLK_TCK")
    ends = time.monotonic() + _PATIENCE_S
    killed: set[int] = set()
    while time.monotonic() < ends:
        ours = [p for p in _all() if p.parent == os.getpid() and p.started_s >= since_s]
        for process in ours:
            if process.dead:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(process.pid, os.WNOHANG)
        alive = [process.pid for process in ours if not process.dead]
        if not ours:
            break
        below = [pid for root in alive for pid in (root, *_descendants(root))]
        killed.update(below)
        _kill(below)
        time.sleep(0.005)
    return len(killed)


class Below:
    """The processes below one at the moment at which this is made, for when it has ended itself.

    Unlike `end_tree` it does not need their orphans to come to us.
    """

    def __init__(self, root: int) -> None:
        below = set(_descendants(root))
        self._known = {p.pid: p.started_s for p in _all() if p.pid in below}

    def end(self) -> None:
        """Kill those that still are there, with all that is below them now; wait until they end."""
        ends = time.monotonic() + _PATIENCE_S
        while (there := self._there()) and time.monotonic() < ends:
            _kill([pid for root in there for pid in (*_descendants(root), root)])
            time.sleep(0.005)

    def _there(self) -> list[int]:
        """Those that still live; a number may be another process's by now."""
        return [p.pid for p in _all() if self._known.get(p.pid) == p.started_s and not p.dead]


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _descendants(root: int) -> list[int]:
    """All living processes below one, nearest first."""
    children: dict[int, list[_Process]] = {}
    for process in _all():
        children.setdefault(process.parent, []).append(process)
    found: list[int] = []
    waiting = [root]
    for pid in waiting:
        below = children.get(pid, [])
        waiting += [process.pid for process in below]
        found += [process.pid for process in below if not process.dead]
    return found


def _all() -> Iterator[_Process]:
    ticks = os.sysconf("SC_CLK_TCK")
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = (Path(entry.path) / "stat").read_bytes()
                # The name in parentheses may hold anything.
                words = stat.rpartition(b")")[2].split()
                dead = words[0] in (b"Z", b"X")
                yield _Process(int(entry.name), int(words[1]), dead, int(words[19]) / ticks)
