"""What a run of many trials costs as it grows: judging after a block, and memory.

    python benchmarks/long_runs.py [--blocks 1000000]

Blocks of two targets that are alike go through what follows a comparison (the blocks that are
kept, and a stop rule that is never content), as in a run, without processes. Judging: CPU time per
block, of the first thousands and of the last ones. Memory: what the process holds for each trial
more. The short form has 100,000 blocks: 200,000 trials.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

from figures import figure
from rig import rig

from harness.analysis import KeptBlocks, Question, sequential_rule
from harness.testing.makers import make_record, make_trial

WINDOW = 1000
MOST_GROWTH = 1.5
MOST_BYTES = 150
"""Per trial: its numbers, squeezed, and the ratio of its block among all, in order."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--blocks", type=int, default=1_000_000)
    blocks = options.parse_args().blocks
    print(rig())
    spent_s, bytes_each = follow(blocks)
    first, last = (statistics.median(part) / WINDOW * 1e6 for part in (spent_s[1:6], spent_s[-5:]))
    print(f"  judging after a block: {first:.1f} us of the first, {last:.1f} us of {blocks} blocks")
    print(f"  memory: {bytes_each:.0f} bytes for each of {2 * blocks} trials")
    what = f"judging a block, the last of {blocks} / the first"
    ratio = last / first
    ok = figure(what, f"{ratio:.2f}", f"at most {MOST_GROWTH}", ratio <= MOST_GROWTH)
    wanted = f"at most {MOST_BYTES}"
    ok &= figure("bytes per trial", f"{bytes_each:.0f}", wanted, bytes_each <= MOST_BYTES)
    sys.exit(0 if ok else 1)


def follow(blocks: int) -> tuple[list[float], float]:
    """CPU time of judging each WINDOW of blocks, and bytes for each trial after the first ones."""
    rng = random.Random(1)
    rule, kept = sequential_rule("a", Question(precision=1e-9), None, 2), KeptBlocks()
    spent_s, begun, held = [], 0.0, 0
    for number in range(blocks):
        block = {
            name: [
                make_record(
                    make_trial(wall_ns=1_600_000 + rng.randrange(10_000)),
                    target=name,
                    block=number,
                )
            ]
            for name in "ab"
        }
        before = time.thread_time()
        kept.append(block)
        if rule(kept) is not None:
            raise SystemExit(f"the rule was content after {number + 1} blocks")
        begun += time.thread_time() - before
        if number % WINDOW == WINDOW - 1:
            spent_s.append(begun)
            begun = 0.0
            held = held or resident_bytes()
    return spent_s, (resident_bytes() - held) / (2 * (blocks - WINDOW))


def resident_bytes() -> int:
    """What this process holds in memory."""
    (line,) = (
        line
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        if line.startswith("VmRSS:")
    )
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
