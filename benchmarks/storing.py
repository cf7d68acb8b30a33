"""What storing a trial costs: time per trial, and memory that grows with the number of trials.

    python benchmarks/storing.py [trials]

The peer is the same write without checks and checksums: msgpack straight to the file.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from harness.model import Mode, Phase, Sample, Trial, TrialRecord, TrialStatus
from harness.system.store.rows import to_row
from harness.system.store.runs import RunWriter


def a_trial() -> TrialRecord:
    """One in steady mode, with ten samples and two phases."""
    trial = Trial(
        TrialStatus.OK,
        12_345_678,
        user_ns=700,
        sys_ns=200,
        max_rss_bytes=4096,
        exit_code=0,
        phases=(Phase("a", 1, 400), Phase("a/b", 2, 300)),
        samples=tuple(Sample(n, 4, 900, 890) for n in range(10)),
    )
    place = ("20260101-000000-00000000", "sum", "fast", "sum-c", "c", "C", "d" * 64)
    return TrialRecord(*place, Mode.COLD, 0, 0, warmup=False, started_at_ns=5, trial=trial)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    record = a_trial()
    with tempfile.TemporaryDirectory() as folder:
        with RunWriter(Path(folder) / "results" / "run", {}, "host") as writer:
            for _ in range(1000):
                writer.append(record)
            before, started = peak_mb(), time.perf_counter()
            for _ in range(trials):
                writer.append(record)
            ours = time.perf_counter() - started
            grown = peak_mb() - before
            started = time.perf_counter()
            writer.finish({}, frozenset())
            finished = time.perf_counter() - started
        encoder, peer = msgspec.msgpack.Encoder(), os.open(f"{folder}/peer", os.O_CREAT | os.O_RDWR)
        started = time.perf_counter()
        for _ in range(trials):
            os.write(peer, encoder.encode(to_row(record, "host")))
        plain = time.perf_counter() - started
        os.close(peer)
    each = 1e6 / trials
    print(f"{trials} trials: {ours * each:.1f} us per trial, memory grew by {grown:.1f} MB")
    print(f"finish: {finished * each:.1f} us per trial, {peak_mb() - before:.1f} MB at most")
    print(f"ratio to plain msgpack ({plain * each:.1f} us): {ours / plain:.2f}x")


if __name__ == "__main__":
    main()
