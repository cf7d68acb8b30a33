"""What the wrapper before each rank of a launched target costs.

    python benchmarks/ranks.py [PAIRS]

The same program is started by the same words with the wrapper between them and without it, in turn:
a program that does nothing, by `env`, which starts it once and is the smallest launcher there is,
and by `mpirun -n 2` where that is installed. Each figure is the median ratio, with over without.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from figures import figure

from harness.model import Command, Target, TrialPlan
from harness.system.process.runner import LocalRunner

LAUNCHES = {
    "env": ("env",),
    "mpirun -n 2": ("mpirun", "--oversubscribe", "--allow-run-as-root", "-n", "2"),
}
MOST_BY_MPIRUN = 1.1
"""What the wrappers of two empty ranks may add to the whole of `mpirun`."""
PROGRAM = ("/bin/true",)


def ratios(
    runner: LocalRunner, launch: tuple[str, ...], pairs: int, root: Path
) -> tuple[list[float], list[float], list[float]]:
    """Wall and CPU time with the wrapper over those without, and the difference in ms."""
    plain = Target("plain", "task", "command", root)
    sides = (
        Command(PROGRAM, target=replace(plain, launch=launch)),
        Command((*launch, *PROGRAM), target=plain),
    )
    wall, cpu, more = [], [], []
    for at in range(pairs):
        order = (0, 1) if at % 2 else (1, 0)
        trials = {}
        for side in order:
            trial = trials[side] = runner.trial(sides[side], TrialPlan())
            if not trial.ok or trial.output is None:
                raise SystemExit(trial.message)
            runner.discard(trial.output)
        if at > 0:
            wall.append(trials[0].wall_ns / trials[1].wall_ns)
            cpu.append(trials[0].cpu_ns / trials[1].cpu_ns)
            more.append((trials[0].wall_ns - trials[1].wall_ns) / 1e6)
    return wall, cpu, more


def main(pairs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        runner = LocalRunner(root / "scratch", root / "cache")
        for name, launch in LAUNCHES.items():
            if runner.find(launch[0]) is None:
                print(f"{launch[0]} is not installed")
                continue
            wall, cpu, more = (statistics.median(v) for v in ratios(runner, launch, pairs, root))
            print(f"{name}: wall {wall:.3f}x ({more:+.2f} ms), CPU {cpu:.3f}x with the wrapper")
            if launch[0] == "mpirun":
                seen, most = f"CPU time {cpu:.3f}x", MOST_BY_MPIRUN
                name = "wrapper before two ranks that do nothing, by mpirun"
                figure(name, seen, f"at most {most}x", cpu <= most)
        runner.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 41)
