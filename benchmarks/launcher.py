"""What the launcher adds to a program's time, and how well it reads a program's memory.

    python benchmarks/launcher.py [--rounds 30] [--repeats 3]

Time: in every round a plain C loop of posix_spawn and wait4, `hyperfine -N` and the harness each
run /bin/true 20 times, in random order and with the same environment, so that the machine's moods
hit all three alike. Compared are medians over all rounds.

Memory: a C program touches so many MiB and ends; read are sizes from 16 MiB to 1 GiB, in rising,
falling and random order. What it is expected to show is what it touches and what it shows when it
touches nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import figure
from rig import rig

from harness.model import Command, TrialPlan
from harness.system.machine.host import read_host
from harness.system.process.runner import LocalRunner

HERE = Path(__file__).parent
PROGRAM = "/bin/true"
A_ROUND = 20
MIB = 1 << 20
SIZES_MIB = (16, 32, 64, 128, 256, 512, 1024)

TOUCH = """
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv) {
  size_t bytes = strtoull(argv[1], NULL, 10);
  char *memory = malloc(bytes + 1);
  if (argc != 2 || !memory) return 1;
  memset(memory, 1, bytes + 1);
  return memory[bytes / 2] != 1;
}
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--repeats", type=int, default=3, help="times over all sizes and orders")
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    host = read_host()
    print(rig())
    print(f"seed {asked.seed}, {asked.rounds} rounds of {A_ROUND}")
    if host.load > host.cores / 2:
        print("the machine is busy: times below say as much of the others' work")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runner = LocalRunner(folder / "scratch", folder / "cache")
        try:
            ok = times(runner, folder, asked.rounds, random.Random(asked.seed))
            ok &= memory(runner, folder, asked.repeats, random.Random(asked.seed))
        finally:
            runner.close()
    sys.exit(0 if ok else 1)


# ---- time ------------------------------------------------------------------------------------


def times(runner: LocalRunner, folder: Path, rounds: int, rng: random.Random) -> bool:
    """Compare three ways of timing a program that does nothing."""
    loop = compile_c((HERE / "spawn_loop.c").read_text(), folder / "loop")
    given = runner.output(Command(("env", "-0"))).stdout.read_text().split("\0")
    env = dict(line.split("=", 1) for line in given if line)
    overheads: list[float] = []
    ways: dict[str, Callable[[], list[float]]] = {
        "posix_spawn loop": lambda: by_loop(loop, env),
        "hyperfine -N": lambda: by_hyperfine(folder / "hyperfine.json", env),
        "harness": lambda: by_harness(runner, overheads),
    }
    seen: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name in rng.sample(list(ways), len(ways)):
            seen[name] += ways[name]()
    medians = {name: statistics.median(values) for name, values in seen.items()}
    plain = medians["posix_spawn loop"]
    print(f"\nwall time of {PROGRAM}, median of {rounds * A_ROUND}, and lower quartile")
    for name, median in medians.items():
        quartile = statistics.quantiles(seen[name], n=4)[0]
        print(
            f"  {name:18} {median:8.1f} us  {median - plain:+7.1f} us  {median / plain:6.3f} x"
            f"  {quartile:8.1f} us"
        )
    print(f"  around a trial, in Python  {statistics.median(overheads):.0f} us")
    close = abs(medians["harness"] - plain) <= 50
    lower = medians["harness"] <= medians["hyperfine -N"]
    over = f"{medians['harness'] - plain:+.1f} us"
    ratio = f"{medians['harness'] / medians['hyperfine -N']:.3f}"
    close = figure("wall time above a plain spawn loop's", over, "within 50 us", close)
    return figure("wall time / hyperfine -N's", ratio, "at most 1", lower) and close


def by_loop(loop: Path, env: dict[str, str]) -> list[float]:
    said = subprocess.run(
        [loop, str(A_ROUND), PROGRAM], env=env, capture_output=True, text=True, check=True
    )
    return [int(line) / 1e3 for line in said.stdout.split()]


def by_hyperfine(report: Path, env: dict[str, str]) -> list[float]:
    options = ["-N", "--runs", str(A_ROUND), "--style", "none", "--export-json", str(report)]
    subprocess.run(["hyperfine", *options, PROGRAM], env=env, capture_output=True, check=True)
    return [seconds * 1e6 for seconds in json.loads(report.read_text())["results"][0]["times"]]


def by_harness(runner: LocalRunner, overheads: list[float]) -> list[float]:
    seen = []
    for _ in range(A_ROUND):
        # What this process does between trials is on its account with the scheduler, and where
        # others want the CPU its children pay for it.
        time.sleep(0.002)
        started = time.perf_counter()
        trial = runner.trial(Command((PROGRAM,)), TrialPlan())
        assert trial.output is not None
        runner.discard(trial.output)
        overheads.append((time.perf_counter() - started) * 1e6 - trial.wall_ns / 1e3)
        seen.append(trial.wall_ns / 1e3)
    return seen


# ---- memory ----------------------------------------------------------------------------------


def memory(runner: LocalRunner, folder: Path, repeats: int, rng: random.Random) -> bool:
    """Read what programs touch, after larger and after smaller ones."""
    touch = compile_c(TOUCH, folder / "touch")

    def read(size_mib: int) -> int:
        trial = runner.trial(Command((str(touch), str(size_mib * MIB))), TrialPlan())
        assert trial.output is not None, trial.message
        runner.discard(trial.output)
        return trial.max_rss_bytes

    nothing = statistics.median(read(0) for _ in range(5))
    true = runner.trial(Command((PROGRAM,)), TrialPlan()).max_rss_bytes
    orders = {
        "rising": list(SIZES_MIB),
        "falling": list(reversed(SIZES_MIB)),
        "random": rng.sample(SIZES_MIB, len(SIZES_MIB)),
    }
    print(f"\npeak memory: {PROGRAM} {true / MIB:.2f} MiB; an allocator, error against expected")
    worst = 0.0
    for name, sizes in orders.items():
        errors = {
            size: max((read(size) / (size * MIB + nothing) - 1 for _ in range(repeats)), key=abs)
            for size in sizes
        }
        worst = max(worst, *map(abs, errors.values()))
        print(f"  {name:8}", *(f"{size} MiB {error:+.2%}" for size, error in errors.items()))
    small, right = true <= 2 * MIB, worst <= 0.01
    small = figure(f"peak memory of {PROGRAM}", f"{true / MIB:.2f} MiB", "at most 2 MiB", small)
    return figure("peak memory read wrong by", f"{worst:.2%}", "at most 1 %", right) and small


def compile_c(source: str, program: Path) -> Path:
    subprocess.run(
        ["cc", "-O2", "-x", "c", "-o", program, "-"], input=source, text=True, check=True
    )
    return program


if __name__ == "__main__":
    main()
