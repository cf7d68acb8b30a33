"""What a run of many trials costs as it grows: judging after a block, and memory.

    python benchmarks/long_runs.py [--blocks 1000000] [--trials 200000]

Blocks of two targets that are alike go through what follows a comparison (the blocks that are
kept, and a stop rule that is never content), as in a run, without processes. Judging: CPU time per
block, of the first thousands and of the last ones. Memory: what the process holds for each trial
more. The short form has 100,000 blocks: 200,000 trials.

And a run of one target, whose trials are kept and stored, and sealed at the end: the peak memory of
the process with that many trials, over that with a fifth of them. All figures of a trial vary.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import figure
from rig import rig

from harness.analysis import KeptBlocks, Question, sequential_rule
from harness.model import TrialRecord
from harness.system.store.runs import RunWriter
from harness.testing.makers import make_record, make_trial

WINDOW = 1000
MOST_GROWTH = 1.5
MOST_PEAK = 1.25
MOST_BYTES = 150
"""Per trial: its numbers, squeezed, and the ratio of its block among all, in order."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--blocks", type=int, default=1_000_000)
    options.add_argument("--trials", type=int, default=200_000)
    options.add_argument("--peak-of", type=int, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.peak_of:
        print(peak_bytes(asked.peak_of))
        return
    blocks = asked.blocks
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
    ok &= sealed(asked.trials)
    sys.exit(0 if ok else 1)


def sealed(trials: int) -> bool:
    """The peak memory of a run of one target, and of one with a fifth of its trials."""
    few, many = (
        int(subprocess.check_output([sys.executable, __file__, "--peak-of", str(count)]))
        for count in (trials // 5, trials)
    )
    print(f"  peak memory of a stored run: {few / 2**20:.1f} and {many / 2**20:.1f} MiB")
    what = f"peak of {trials} trials, stored and sealed / of {trials // 5}"
    return figure(what, f"{many / few:.2f}", f"at most {MOST_PEAK}", many / few <= MOST_PEAK)


def peak_bytes(trials: int) -> int:
    """The peak memory of this process, once it has kept, stored and sealed so many trials."""
    rng, kept = random.Random(1), KeptBlocks()
    with tempfile.TemporaryDirectory() as name:
        plan = {"started_at_ns": 1, "command": [], "host": {"id": "h"}}
        with RunWriter(Path(name) / "20260101-000000-00000000", plan, "h") as writer:
            for number in range(trials):
                record = noisy(number, rng)
                writer.append(record)
                kept.append({"a": [record]})
            writer.finish({}, frozenset())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def noisy(number: int, rng: random.Random) -> TrialRecord:
    """A trial of 1.6 ms on a busy machine."""
    trial = make_trial(
        wall_ns=1_600_000 + rng.randrange(10_000),
        user_ns=rng.randrange(10**6),
        sys_ns=rng.randrange(10**6),
        pressure_ns=rng.randrange(10**5),
        pad_bytes=rng.randrange(4096),
    )
    started_at_ns = 10**18 + 2_000_000 * number + rng.randrange(10**5)
    return make_record(trial, target="a", block=number, started_at_ns=started_at_ns)


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
