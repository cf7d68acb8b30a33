"""What a trial costs beside the program: our own CPU time, and the whole command against peers.

    python benchmarks/per_trial.py [--rounds 5] [--trials 1000] [--many 10000]

In every round `harness run` of /bin/true, `hyperfine -N` and a plain C loop of posix_spawn and
wait4 execute it equally often, in random order; compared are medians over the rounds of the ratios
within a round. Our own CPU time is that of the command with all its children, the launcher among
them, less what the trials themselves took, as they are stored; per trial it is what each one more
adds to a command with a single trial. With ten times as many trials it must be the same. Beside it
stands what jobs alone take, sent one by one to the launcher with nothing done of their reports.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from figures import figure
from rig import as_installed, child_cpu_s, rig

from harness.system.launcher.launching import get_launcher
from harness.system.launcher.wire import Job, WrittenJob

HERE = Path(__file__).parent
PROGRAM = "/bin/true"
MOST_CPU_MS = 0.25
MOST_OF_HYPERFINE = 0.9
MOST_GROWTH = 1.25
"""Own CPU time per trial of many trials over that of fewer: constant, but for the noise."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command took, with its children."""

    wall_s: float
    cpu_s: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--trials", type=int, default=1000)
    options.add_argument("--many", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    print(rig())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ok = against_peers(folder, asked.rounds, asked.trials, random.Random(asked.seed))
        ok &= own_cpu(folder, asked.rounds, asked.trials, asked.many)
        jobs_alone(folder, asked.trials)
    sys.exit(0 if ok else 1)


def against_peers(folder: Path, rounds: int, trials: int, rng: random.Random) -> bool:
    """The whole command, start and end included."""
    loop = folder / "loop"
    subprocess.run(["cc", "-O2", "-o", loop, HERE / "spawn_loop.c"], check=True)
    hyperfine = ["hyperfine", "-N", "--runs", str(trials), "--style", "none"]
    ways = {
        "posix_spawn loop": lambda: took([str(loop), str(trials), PROGRAM], folder).wall_s,
        "hyperfine -N": lambda: took([*hyperfine, PROGRAM], folder).wall_s,
        "harness run": lambda: harness(folder, trials)[0].wall_s,
    }
    harness(folder, 1)  # compiles the launcher, where that was not done before
    seen: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name in rng.sample(list(ways), len(ways)):
            seen[name].append(ways[name]())
    print(f"\n{trials} x {PROGRAM}, whole command, median of {rounds}; ratio within rounds")
    for name, values in seen.items():
        ratio = within(values, seen["hyperfine -N"])
        print(f"  {name:18} {statistics.median(values):8.3f} s  {ratio:6.3f} x hyperfine's")
    ratio = within(seen["harness run"], seen["hyperfine -N"])
    wanted = f"at most {MOST_OF_HYPERFINE}"
    return figure(
        "whole command / hyperfine -N's", f"{ratio:.3f}", wanted, ratio <= MOST_OF_HYPERFINE
    )


def within(values: Sequence[float], peers: Sequence[float]) -> float:
    """The median ratio within rounds."""
    return statistics.median(a / b for a, b in zip(values, peers, strict=True))


def own_cpu(folder: Path, rounds: int, trials: int, many: int) -> bool:
    """Our own CPU time for each trial more."""
    each: dict[int, list[float]] = {trials: [], many: []}
    walls: dict[int, list[float]] = {trials: [], many: []}
    for _ in range(max(1, rounds // 2)):
        start, start_of_program = harness(folder, 1)
        for count, found in each.items():
            taken, of_program = harness(folder, count)
            own_s = (taken.cpu_s - of_program.cpu_s) - (start.cpu_s - start_of_program.cpu_s)
            found.append(1e3 * own_s / (count - 1))
            around_s = (taken.wall_s - of_program.wall_s) - (start.wall_s - start_of_program.wall_s)
            walls[count].append(1e3 * around_s / (count - 1))
    print("\nbeside the program, for each trial more: own CPU time, and wall time")
    for count, found in each.items():
        cpu, wall = statistics.median(found), statistics.median(walls[count])
        print(f"  of {count:7} trials  {cpu:6.3f} ms  {wall:6.3f} ms")
    few, more = (statistics.median(each[count]) for count in (trials, many))
    small, flat = max(few, more) <= MOST_CPU_MS, more <= MOST_GROWTH * few
    wanted = f"at most {MOST_CPU_MS} ms"
    small = figure("own CPU time per trial", f"{few:.3f} and {more:.3f} ms", wanted, small)
    wanted = f"at most {MOST_GROWTH}"
    return figure(f"of {many} trials / of {trials}", f"{more / few:.2f}", wanted, flat) and small


def jobs_alone(folder: Path, trials: int) -> None:
    """Our own CPU time for each job of PROGRAM, of this process and of the launcher."""
    nothing = folder / "nothing"
    nothing.touch()
    launcher = get_launcher(folder)
    env = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "PAD": "x" * 2000}
    prints = (folder / "out", folder / "err")
    job = WrittenJob.of(Job((PROGRAM,), env, folder, nothing, *prints, timeout_ns=60 * 10**9))
    launcher.launch(job)
    before, of_program_s = time.thread_time(), 0.0
    for _ in range(trials):
        report = launcher.launch(job)
        of_program_s += (report.get("user_ns") + report.get("sys_ns")) / 1e9
    ours_s = time.thread_time() - before
    earlier_s = child_cpu_s()
    launcher.close()
    theirs_s = child_cpu_s() - earlier_s - of_program_s
    print("\njobs sent one by one, and nothing else: own CPU time of each")
    print(f"  Python {1e3 * ours_s / trials:.3f} ms, launcher {1e3 * theirs_s / trials:.3f} ms")


def harness(folder: Path, trials: int) -> tuple[Taken, Taken]:
    """A whole `harness run`; what it took, and what the trials themselves did of that."""
    results = Path(tempfile.mkdtemp(dir=folder))
    command = [sys.executable, "-m", "harness", "run", "--adapter", "command", "--json"]
    asked = ["--trials", str(trials), "--results", str(results), "--", PROGRAM]
    taken = took([*command, *asked], folder)
    (stored,) = results.glob("*/trials.parquet")
    table = pq.read_table(stored, columns=["user_ns", "sys_ns", "wall_ns"]).to_pydict()
    cpu_s = (sum(table["user_ns"]) + sum(table["sys_ns"])) / 1e9
    return taken, Taken(sum(table["wall_ns"]) / 1e9, cpu_s)


def took(command: Sequence[str], folder: Path) -> Taken:
    """Run a command to its end."""
    started = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, env=as_installed(), **quiet)  # type: ignore[call-overload]
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Taken(wall_s, usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    main()
