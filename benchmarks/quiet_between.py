"""Nothing of the harness runs while a trial does: shown by the kernel's own account of its threads.

    python benchmarks/quiet_between.py [--trials 30]

`harness run` times a program that sleeps for 60 ms and then ends. From outside its processes are
watched: once they are asleep, and until the trial's process is last seen, the threads of the
harness must not have been on a CPU at all (`/proc/PID/task/*/schedstat`, in ns). The launcher,
which is another process, looks at the trial after 20 ms (docs/launcher.md): that is printed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from figures import figure
from rig import as_installed, rig

MARGIN_S = 0.004
"""At the end of a trial: the harness may be awake already."""


@dataclass(frozen=True, slots=True)
class Look:
    """A moment within a trial: how long the others had been on a CPU by then."""

    at_s: float
    asleep: bool
    """Was every thread of the harness?"""
    harness_ns: int
    launcher_ns: int


@dataclass(slots=True)
class Watched:
    """A trial as it was seen: when, and how long the others had been on a CPU by then."""

    looks: list[Look] = field(default_factory=list)

    def within(self) -> tuple[int, int] | None:
        """What was used in between; None for a trial that was hardly seen.

        From when the harness was asleep: on a busy machine it may itself have to wait for a CPU
        between sending the job and falling asleep. Where it never was, all counts.
        """
        if not self.looks:
            return None
        ended = self.looks[-1].at_s - MARGIN_S
        inner = [look for look in self.looks if look.at_s <= ended]
        if len(inner) < 2:
            return None
        first = next((look for look in inner if look.asleep), inner[0])
        last = inner[-1]
        return last.harness_ns - first.harness_ns, last.launcher_ns - first.launcher_ns


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--trials", type=int, default=30)
    trials = options.parse_args().trials
    print(rig())
    with tempfile.TemporaryDirectory() as folder:
        seen = watch(Path(folder), trials)
    used = [within for trial in seen.values() if (within := trial.within()) is not None]
    if not used:
        raise SystemExit("no trial was seen for long enough")
    harness = [ours for ours, _ in used]
    launcher_us = statistics.median(theirs for _, theirs in used) / 1e3
    print(f"  {len(used)} trials watched; the launcher: {launcher_us:.0f} us")
    busy = sum(ns > 0 for ns in harness)
    found = f"{busy} of {len(used)} ({max(harness) / 1e3:.0f} us at most)"
    sys.exit(0 if figure("trials in which the harness ran", found, "none", busy == 0) else 1)


def watch(folder: Path, trials: int) -> dict[int, Watched]:
    """The trials of a run by the number of their process."""
    command = [sys.executable, "-m", "harness", "run", "--adapter", "command", "--json"]
    run = subprocess.Popen(
        [*command, "--trials", str(trials), "--", "sleep", "0.06"],
        cwd=folder,
        env=as_installed(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seen: dict[int, Watched] = {}
    while run.poll() is None:
        for launcher in children(run.pid):
            for trial in children(launcher):
                if name_of(trial) == "sleep":
                    asleep = is_asleep(run.pid)
                    look = Look(time.monotonic(), asleep, on_cpu_ns(run.pid), on_cpu_ns(launcher))
                    seen.setdefault(trial, Watched()).looks.append(look)
        time.sleep(0.001)
    return seen


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            continue
    return found


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_asleep(pid: int) -> bool:
    """Does every thread of a process wait for something, and none for a CPU?"""
    states = []
    for task in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            states.append(task.read_text().rpartition(")")[2].split()[0])
        except (OSError, IndexError):
            continue
    return bool(states) and all(state == "S" for state in states)


def on_cpu_ns(pid: int) -> int:
    """How long all threads of a process have been on a CPU."""
    total = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(task.read_text().split()[0])
        except (OSError, IndexError):
            continue
    return total


if __name__ == "__main__":
    main()
