"""What the kernel counts of a trial's processes beside time: bytes moved, memory of all of them.

`io` is read before and after each timed trial: the kernel adds a process's counts to those of its
parent, the harness's launcher, once it is waited for. `tree_memory` looks at the processes again
and again while the program is executed once more, apart from timing, since looking takes a CPU.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import TrialFailed
from harness.hookspecs import Runner, hookimpl
from harness.model import Better, Build, Command, MetricInfo, Trial, TrialPlan

LOOK_S = 0.002
"""Between two looks at the memory of all processes."""

_IO = {"io": ("rchar", "wchar"), "io_storage": ("read_bytes", "write_bytes")}


class Moved:
    """Bytes read and written, as asked of the kernel, and as moved to and from storage."""

    @hookimpl
    def harness_metrics(self) -> Sequence[MetricInfo]:
        return [MetricInfo(name, "bytes", Better.LOWER, source="io") for name in _IO]

    @hookimpl(wrapper=True)
    def harness_time(self) -> Generator[None, Trial | None, Trial | None]:
        # The launcher is begun with the first trial, whose counts would be those of its beginning.
        before = dict(_counted(_children(os.getpid())))
        trial = yield
        after = dict(_counted(before))
        if trial is None or not after or after.keys() != before.keys():
            return trial
        figures = {
            name: float(sum(after[pid][key] - before[pid][key] for pid in after for key in keys))
            for name, keys in _IO.items()
        }
        return replace(trial, metrics={**trial.metrics, **figures})


class TreeMemory:
    """The most memory that a program's processes held together, shared pages counted once."""

    @hookimpl
    def harness_metrics(self) -> Sequence[MetricInfo]:
        return [
            MetricInfo("tree_memory", "bytes", Better.LOWER, resolution=4096, source="tree_memory")
        ]

    @hookimpl
    def harness_beside(self, build: Build, command: Command, runner: Runner) -> Mapping[str, float]:
        # Once before, so that the launcher is there and is not taken for a part of the program.
        plan = TrialPlan(timeout_ns=build.target.timeout_ns, phases=False)
        there = frozenset(_descendants(os.getpid()))
        most, over = 0, threading.Event()

        def look() -> None:
            nonlocal most
            while not over.wait(LOOK_S):
                new = (pid for pid in _descendants(os.getpid()) if pid not in there)
                most = max(most, sum(map(_held, new)))

        looking = threading.Thread(target=look, name="tree memory", daemon=True)
        looking.start()
        try:
            trial = runner.trial(command, plan)
        finally:
            over.set()
            looking.join()
        if not trial.ok:
            raise TrialFailed(f"{build.target.name}: {trial.message}")
        # A program that is over before the first look has at least what its largest process held.
        return {"tree_memory": float(max(most, trial.max_rss_bytes))}


def _children(pid: int) -> Iterator[int]:
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, path.read_text(encoding="ascii").split())
        except (OSError, ValueError):
            continue


def _descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _descendants(child)


def _held(pid: int) -> int:
    """What a process holds, its share of what it shares; 0 where it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = (line.split() for line in text.splitlines() if line.startswith("Pss:"))
    return next((1024 * int(words[1]) for words in found), 0)


def _counted(pids: Iterator[int] | Mapping[int, object]) -> Iterator[tuple[int, dict[str, int]]]:
    """The counts of /proc/PID/io of the processes that are there."""
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/io").read_text(encoding="ascii")
        except OSError:
            continue
        pairs = (line.partition(":") for line in text.splitlines())
        yield pid, {name: int(value) for name, _, value in pairs}


io = Moved()
tree_memory = TreeMemory()
