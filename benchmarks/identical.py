"""Two identical Python programs: how often are they called equivalent within some seconds?

    python benchmarks/identical.py                          ten runs, a minute
    python benchmarks/identical.py --runs 100 --regimes quiet steady
    python benchmarks/identical.py --compare                what sharing saves, step by step

A script of about 26 ms that builds a dictionary and writes it as JSON is copied, and the copy is
compared with it. Nothing differs but what two starts of one program differ by: where the kernel
puts stack, heap and libraries, how strings are hashed, which pages of memory hold what. Each run
may take `--budget` seconds of blocks. `--compare` measures pairs of trials without the harness and
prints how far identical processes are apart while they share more and more of that.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from figures import of, rate
from neighbours import REGIMES, neighbour
from rig import rig
from runs import run_of
from tabulate import tabulate

from harness.model import Verdict
from harness.project.config import load_config
from harness.running import Settings
from harness.running.session import Session, open_session

PROGRAM = """\
import json, random
drawn, counts = random.Random(5), {}
for i in range(9000):
    key = "k%d" % drawn.randrange(3000)
    counts[key] = counts.get(key, 0) + i
print(len(json.dumps(counts)))
"""
CONFIG = """
[tasks.same]
reference = "one"
[tasks.same.outputs.size]
from = "stdout"
kind = "exact"
"""
TARGET = '[targets.{0}]\ntask = "same"\nadapter = "python"\nsources = ["{0}.py"]\n'
BUSY = Path(__file__).parent / "workload.c"
NO_RANDOM_ADDRESSES = 0x0040000


def judged(session: Session, budget_s: float, seed: int) -> tuple[Verdict, float, float]:
    """One run: its verdict, the seconds of its blocks, and how far its interval reaches."""
    settings = Settings(budget_ns=round(budget_s * 1e9), seed=seed)
    begun = time.monotonic()
    made = run_of(session, ("one", "two"), settings).run.comparisons[0]
    width = (made.ratio.high or math.inf) - (made.ratio.low or 0.0)
    return made.verdict, time.monotonic() - begun, width


def runs(options: argparse.Namespace, folder: Path) -> None:
    (folder / "harness.toml").write_text(CONFIG + TARGET.format("one") + TARGET.format("two"))
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(PROGRAM)
    busy = folder / "busy"
    subprocess.run(["cc", "-O2", "-o", busy, BUSY], check=True)
    seeds, rows = random.Random(options.seed), []
    with open_session(load_config(folder / "harness.toml")) as session:
        for regime in options.regimes:
            with neighbour(regime, busy):
                found = [
                    judged(session, options.budget, seeds.getrandbits(32))
                    for _ in range(options.runs)
                ]
            same = [verdict is Verdict.EQUIVALENT for verdict, _, _ in found]
            wrong = [verdict in (Verdict.FASTER, Verdict.SLOWER) for verdict, _, _ in found]
            seconds, widths = (float(np.median([f[at] for f in found])) for at in (1, 2))
            rows.append([regime, of(same), of(wrong), f"{seconds:.1f}", f"{widths:.2%}"])
            rate(f"{regime}: equivalent within {options.budget:g} s", same, least=0.95)
            rate(f"{regime}: called different", wrong, most=0.05)
    headers = ["regime", "equivalent", "different", "seconds (median)", "width (median)"]
    print(f"\n{tabulate(rows, headers, 'github')}")


@dataclass(frozen=True, slots=True)
class Shares:
    """What the two processes of a pair have in common."""

    seed: bool = True
    """The hash seed, the same for both."""
    padding: bool = True
    """The place of the stack, the same for both."""
    addresses: bool = False
    """None drawn by the kernel: one layout for all of them."""
    cpu: bool = False
    """One CPU, drawn for each pair."""
    first: bool = False
    """A real-time priority: nobody else has the CPU meanwhile, the kernel apart."""


SHARED = {
    "nothing": Shares(seed=False, padding=False),
    "hash seed": Shares(padding=False),
    "hash seed, padding (what we share)": Shares(),
    "these and addresses": Shares(addresses=True),
    "these and a CPU": Shares(addresses=True, cpu=True),
    "these, with a real-time priority": Shares(addresses=True, cpu=True, first=True),
}


def compare(options: argparse.Namespace, folder: Path) -> None:
    """How far identical processes are apart, by what they share; in turns, and in pairs."""
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(PROGRAM)
    rng = random.Random(options.seed)
    apart: dict[str, list[tuple[float, float]]] = {name: [] for name in SHARED}
    for _ in range(options.pairs):
        for name, shared in SHARED.items():
            pads, seeds = ([rng.randrange(4096) for _ in range(2)] for _ in range(2))
            pads[shared.padding :] = [pads[0]] * len(pads[shared.padding :])
            seeds[shared.seed :] = [seeds[0]] * len(seeds[shared.seed :])
            cpu = rng.choice(sorted(os.sched_getaffinity(0))) if shared.cpu else None
            times: dict[int, tuple[float, float]] = {}
            for side in rng.sample((0, 1), 2):
                env = {"PAD": "x" * pads[side], "PYTHONHASHSEED": str(seeds[side])}
                script = folder / f"{('one', 'two')[side]}.py"
                times[side] = _timed(script, env, shared, cpu)
            pair = zip(times[0], times[1], strict=True)
            wall, cpu = (abs(math.log(b / a)) for a, b in pair)
            apart[name].append((wall, cpu))
    rows = []
    for name, sizes in apart.items():
        quartiles = np.percentile(sizes, [50, 75], axis=0)
        rows.append([name, *(f"{100 * q:.2f}" for metric in quartiles.T for q in metric)])
    headers = ["shared", "wall, %: median", "3rd quartile", "CPU, %: median", "3rd quartile"]
    print(f"\n{tabulate(rows, headers, 'github', disable_numparse=True)}")


def _timed(
    script: Path, env: dict[str, str], shared: Shares, cpu: int | None
) -> tuple[float, float]:
    """Wall and CPU time of one fresh process."""
    personality = ctypes.CDLL(None).personality
    begun = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        if shared.addresses:
            personality(NO_RANDOM_ADDRESSES)
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        if shared.first:
            with contextlib.suppress(PermissionError):  # then the row is that of the one before
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execve(sys.executable, [sys.executable, str(script)], env)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{script} ended with status {status}")
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--regimes", nargs="+", choices=REGIMES, default=["quiet"])
    parser.add_argument("--budget", type=float, default=5.0, help="seconds of blocks")
    parser.add_argument("--compare", action="store_true", help="what is shared, each by itself")
    parser.add_argument("--pairs", type=int, default=200, help="of --compare, for each row")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(rig())
    with tempfile.TemporaryDirectory(prefix="identical-") as name:
        (compare if options.compare else runs)(options, Path(name))


if __name__ == "__main__":
    main()
