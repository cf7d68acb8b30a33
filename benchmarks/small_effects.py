"""What a small difference takes to be found: the whole command, against the programs' own time.

    python benchmarks/small_effects.py [--rounds 5] [--blocks 1000] [--only 1 | --only 2]

`harness compare` of a program with one that takes 1 % longer, of 1.6 ms and that many blocks: its
whole time over that of the programs. And of 20 ms and 2 %, until the verdict is sure: the median,
in seconds and over the programs' own time. `--only` takes one of the two, by its per cent.
The programs' own time is the sum of what the launcher stored, warm-up included.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from figures import figure
from rig import as_installed, rig

SOURCE = Path(__file__).with_name("workload.c")
CONFIG = """
[tasks.work]
reference = "base"
[tasks.work.cases.only]
[tasks.work.outputs.sum]
from = "stdout"
kind = "stochastic"
pattern = "(\\\\d+)"
"""
TARGET = """
[targets.{name}]
task = "work"
adapter = "command"
program = "./workload"
args = ["{size}"]
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One comparison."""

    seconds: float
    """Of the whole command."""
    programs_s: float
    verdict: str


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--blocks", type=int, default=1000)
    options.add_argument("--only", type=int, choices=(1, 2))
    asked = options.parse_args()
    print(rig())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["cc", "-O2", "-o", folder / "workload", SOURCE], check=True)
        ok = asked.only == 2 or one_percent(folder, asked.rounds, asked.blocks)
        ok &= asked.only == 1 or two_percent(folder, asked.rounds)
    sys.exit(0 if ok else 1)


def one_percent(folder: Path, rounds: int, blocks: int) -> bool:
    """1 % between programs of 1.6 ms."""
    configure(folder, 1.6e-3, 0.01)
    found = [compare(folder, "--trials", str(blocks)) for _ in range(rounds)]
    ratio = statistics.median(one.seconds / one.programs_s for one in found)
    print(f"  1 % of 1.6 ms: {statistics.median(one.seconds for one in found):.2f} s, programs")
    print(f"    {statistics.median(one.programs_s for one in found):.2f} s; {verdicts(found)}")
    what = f"{blocks} blocks of 1.6 ms, whole command / programs"
    return figure(what, f"{ratio:.2f}", "at most 1.3", ratio <= 1.3)


def two_percent(folder: Path, rounds: int) -> bool:
    """2 % between programs of 20 ms."""
    configure(folder, 20e-3, 0.02)
    found = [compare(folder) for _ in range(rounds)]
    seconds = statistics.median(one.seconds for one in found)
    own = statistics.median(one.programs_s for one in found)
    ratio = statistics.median(one.seconds / one.programs_s for one in found)
    print(f"  2 % of 20 ms: {seconds:.2f} s, programs {own:.2f} s, ratio {ratio:.2f};")
    print(f"    {verdicts(found)}")
    return figure("2 % of 20 ms found after", f"{seconds:.2f} s", "at most 0.45 s", seconds <= 0.45)


def verdicts(found: list[Asked]) -> str:
    return ", ".join(one.verdict for one in found)


def configure(folder: Path, seconds: float, effect: float) -> None:
    """Two targets, of which the second one takes longer by that share."""
    start_s, steps = fastest(folder, 0), 2_000_000
    each_s = (fastest(folder, steps) - start_s) / steps
    base = max(1, round((seconds - start_s) / each_s))
    sizes = {"base": base, "longer": base + round(effect * (base + start_s / each_s))}
    targets = "".join(TARGET.format(name=name, size=size) for name, size in sizes.items())
    (folder / "harness.toml").write_text(CONFIG + targets)


def fastest(folder: Path, size: int) -> float:
    """The fastest of several calls, as the undisturbed time, in s."""
    found = []
    for _ in range(40):
        begun = time.perf_counter()
        subprocess.run([folder / "workload", str(size)], check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - begun)
    return min(found)


def compare(folder: Path, *more: str) -> Asked:
    results = Path(tempfile.mkdtemp(dir=folder))
    command = [sys.executable, "-m", "harness", "compare", "base", "longer", "--json", *more]
    begun = time.perf_counter()
    said = subprocess.run(
        [*command, "--results", str(results)],
        cwd=folder,
        env=as_installed(),
        capture_output=True,
        check=False,
    )
    seconds = time.perf_counter() - begun
    if said.returncode not in (0, 1, 8):
        raise SystemExit(said.stderr.decode())
    (stored,) = results.glob("*/trials.parquet")
    programs_s = sum(pq.read_table(stored, columns=["wall_ns"])["wall_ns"].to_pylist()) / 1e9
    verdict = json.loads(said.stdout)["result"]["comparison"]["verdict"]
    return Asked(seconds, programs_s, verdict)


if __name__ == "__main__":
    main()
