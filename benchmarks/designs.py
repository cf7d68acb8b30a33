"""Pairs or fours: real mirrored blocks (A B B A), read as one four and as two pairs.

    python benchmarks/designs.py --blocks 300        about a minute on a quiet machine

Prints what a sign tells, in nats for each two trials, of a 2 % effect: more is better. The same
trials are read in each way, so that the machine's hour favours none.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from noise_trace import information
from rig import rig
from runs import run_of
from tabulate import tabulate
from verdicts import make_workload

from harness.analysis.blocks import figures_of
from harness.analysis.schedule import Block, Design
from harness.model import Metric
from harness.project.config import load_config
from harness.running import Settings
from harness.running.session import open_session

REFERENCE, CANDIDATE = "base", "plus20"


def measure(blocks: int) -> Sequence[Block]:
    """Measure `blocks` mirrored blocks of the workload and of the one that takes 2 % longer."""
    with tempfile.TemporaryDirectory(prefix="designs-") as name:
        config = load_config(make_workload(Path(name)).write_config())
        settings = Settings(trials=blocks, design=Design.MIRRORED)
        with open_session(config) as session:
            return run_of(session, (REFERENCE, CANDIDATE), settings).groups[0].blocks


def log_times(blocks: Sequence[Block], target: str, metric: Metric) -> np.ndarray:
    """Blocks by the two trials of a target; blocks in which one failed are left out."""
    rows = []
    for block in blocks:
        figures = [[figures_of(r) for r in block.get(t, ())] for t in (REFERENCE, CANDIDATE)]
        if all(len(side) == 2 and None not in side for side in figures):
            own = figures[target == CANDIDATE]
            rows.append([math.log(f.of(metric)) for f in own if f is not None])
    return np.array(rows)


def table(blocks: Sequence[Block]) -> str:
    """The result as a table with one row per metric."""
    rows = []
    for metric in (Metric.WALL, Metric.CPU):
        one, other = (log_times(blocks, target, metric) for target in (REFERENCE, CANDIDATE))
        agreeing = {
            "pairs": other > one,
            "fours: means": other.mean(axis=1) > one.mean(axis=1),
            "fours: faster of two": other.min(axis=1) > one.min(axis=1),
        }
        told = [information(float(np.mean(signs))) for signs in agreeing.values()]
        rows.append([metric.value, len(one), told[0], told[1] / 2, told[2] / 2])
    headers = ["metric", "blocks", *agreeing]
    return tabulate(rows, headers, "github", floatfmt=".3f")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=300)
    options = parser.parse_args()
    print(rig())
    print(f"orders and layouts drawn afresh; 2 % effect\n\n{table(measure(options.blocks))}")


if __name__ == "__main__":
    main()
