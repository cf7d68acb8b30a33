"""What a strict jail costs a whole campaign: the same one with it and without, by turns.

    python benchmarks/jailed_campaign.py [PROGRAM] [--rounds 3] [--edits 2] [--budget 5s]

A scripted engineer of `loop_pays.py` tries the same edits by the command line, from
`campaign start` to `verify`. Prints the medians of the wall and CPU time of whole campaigns, and
their ratio, which is to be at most 1.1. How many blocks a look takes is chance, and so a single
campaign says little: compare rounds.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from engineers import Session, campaign
from figures import figure
from rig import child_cpu_s, rig
from scripted import load_program

MOST = 1.1
JAILS = ("none", "strict")


def main() -> int:
    """Run the campaigns by turns, and print what they took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("program", nargs="?", default="pairs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--edits", type=int, default=2)
    parser.add_argument("--budget", default="5s")
    asked = parser.parse_args()
    print(rig())
    took: dict[str, list[tuple[float, float]]] = {jail: [] for jail in JAILS}
    for _ in range(asked.rounds):
        for jail in random.sample(JAILS, 2):
            took[jail].append(_once(asked, jail))
            print(f"  {jail}: wall {took[jail][-1][0]:.1f} s, CPU {took[jail][-1][1]:.1f} s")
    good = True
    for what, place in (("wall", 0), ("CPU", 1)):
        bare, jailed = (statistics.median(t[place] for t in took[jail]) for jail in JAILS)
        ratio = jailed / bare
        shown = f"{ratio:.3f} ({bare:.1f} s -> {jailed:.1f} s)"
        good &= figure(f"{what} time, strict over none", shown, f"<= {MOST}", ratio <= MOST)
    return 0 if good else 1


def _once(asked: argparse.Namespace, jail: str) -> tuple[float, float]:
    """Wall and CPU seconds of one campaign, with all that it starts."""
    program = load_program(asked.program)
    work = campaign(3, asked.budget, f'jail = "{jail}"')
    with tempfile.TemporaryDirectory(prefix="harness-jailed-") as folder:
        shop = Path(folder)
        session = Session(jail, program, program.base)
        figures = program.figures(shop)
        began, cpu = time.perf_counter(), child_cpu_s()
        work(session, program.edits[: asked.edits], figures, shop)
        return time.perf_counter() - began, child_cpu_s() - cpu


if __name__ == "__main__":
    sys.exit(main())
