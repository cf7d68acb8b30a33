"""Company on the machine: none, a busy program on the other core, or one that comes and goes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

REGIMES = ("quiet", "steady", "on-off")
"""What `neighbour` knows; `quiet` adds nothing to what the machine does anyway."""

PERIOD_S = 30.0
"""How long the neighbour that comes and goes is there, and then away."""


@contextlib.contextmanager
def neighbour(regime: str, busy: Path) -> Iterator[None]:
    """A neighbour on the last CPU while the block runs; `busy` is a program that takes a size."""
    if regime not in REGIMES:
        raise ValueError(f"want one of {', '.join(REGIMES)}, got {regime!r}")
    if regime == "quiet":
        yield
        return
    process = subprocess.Popen([busy, str(10**18)], stdout=subprocess.DEVNULL)
    over = threading.Event()
    comes_and_goes = threading.Thread(target=_come_and_go, args=(process.pid, over))
    try:
        os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
        if regime == "on-off":
            comes_and_goes.start()
        yield
    finally:
        over.set()
        if comes_and_goes.ident is not None:
            comes_and_goes.join()
        process.kill()
        process.wait()


def _come_and_go(pid: int, over: threading.Event) -> None:
    there = True
    while not over.wait(PERIOD_S):
        os.kill(pid, signal.SIGSTOP if there else signal.SIGCONT)
        there = not there
