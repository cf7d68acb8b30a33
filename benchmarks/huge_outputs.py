"""Reads, judges, stores and reloads outputs of 10^8 numbers under a hard limit of memory.

The kernel enforces the limit (RLIMIT_DATA: everything private and writable), so that the script
cannot end well with more. The two arrays alone are 1.6 GB; mapped pages of a file, which the kernel
takes back when it likes, do not count.

    python benchmarks/huge_outputs.py              10^8 numbers, needs 2.5 GB of disk below TMPDIR
    python benchmarks/huge_outputs.py --count 1e7  a short form
"""

from __future__ import annotations

import argparse
import platform
import re
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from figures import figure
from rig import rig

from harness.correctness import agree
from harness.model import FileFormat, Output, OutputKind, OutputSource, OutputSpec, Tolerance
from harness.system.outputs.reading import read_outputs
from harness.system.outputs.stored import StoredOutput, load_outputs, metrics, save_outputs

MIB = 2**20
SEED = 1
CHUNK = 1 << 20


def own_memory(name: str) -> int:
    """A line of /proc/self/status in bytes, such as VmData or RssAnon."""
    text = Path("/proc/self/status").read_text()
    match = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    assert match is not None
    return int(match[1]) * 1024


class Peak:
    """The most anonymous memory resident, looked at every 5 ms."""

    def __init__(self) -> None:
        self.bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._stop.wait(0.005):
            self.bytes = max(self.bytes, own_memory("RssAnon"))

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def write_numbers(path: Path, count: int, shift_at: int | None = None) -> None:
    """`count` normal numbers as raw float64; one of them moved by a part in 10^6."""
    rng = np.random.default_rng(SEED)
    with path.open("wb") as file:
        for start in range(0, count, CHUNK):
            chunk = rng.normal(size=min(CHUNK, count - start))
            if shift_at is not None and start <= shift_at < start + len(chunk):
                chunk[shift_at - start] *= 1 + 1e-6
            chunk.tofile(file)


@contextmanager
def limited(extra: int) -> Iterator[None]:
    """Everything private and writable may grow by so many bytes, and no further."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (own_memory("VmData") + extra, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def timed(what: str, size: int, work: Callable[[], object]) -> object:
    start = time.monotonic()
    result = work()
    seconds = time.monotonic() - start
    print(f"{what:<34}{seconds:8.2f} s {size / seconds / MIB:10.0f} MiB/s")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=float, default=1e8, help="how many numbers")
    parser.add_argument("--limit-mib", type=int, default=512, help="what memory may grow by")
    options = parser.parse_args()
    count = int(options.count)
    size = 8 * count
    spec = OutputSpec(
        "x",
        OutputSource.FILE,
        "x.bin",
        FileFormat.RAW,
        dtype="<f8",
        tolerance=Tolerance("x", OutputKind.DETERMINISTIC, rtol=1e-9),
    )
    print(rig())
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, seed {SEED}")
    print(
        f"{count:,} numbers per side, {size / MIB:,.0f} MiB; memory may grow by"
        f" {options.limit_mib} MiB\n"
    )
    with tempfile.TemporaryDirectory(prefix="harness-huge-") as name:
        root = Path(name)
        sides = []
        for side, shift in (("expected", None), ("actual", count // 2)):
            (root / side).mkdir()
            write_numbers(root / side / "x.bin", count, shift)
            sides.append(Output(root / side, root / side / "x.bin", root / side, side))
        save_outputs(root / "warm.parquet", [StoredOutput("t", "c", "t", 1, "x", np.zeros(9))])
        load_outputs(root / "warm.parquet")
        with limited(options.limit_mib * MIB), Peak() as peak:
            start_bytes = own_memory("RssAnon")
            expected, actual = (read_outputs(side, [spec])["x"] for side in sides)
            verdict = timed(
                "judge, one number of all is wrong",
                2 * size,
                lambda: agree(expected, actual, spec.tolerance),
            )
            assert not verdict.ok
            assert verdict.differing == 1
            assert verdict.mismatches[0].place == f"[{count // 2}]"
            loose = replace(spec.tolerance, rtol=1e-5)
            assert timed("judge, all agree", 2 * size, lambda: agree(expected, actual, loose)).ok
            stored = StoredOutput("t", "c", "t", 1, "x", expected)
            path = root / "outputs.parquet"
            timed("store", size, lambda: save_outputs(path, [stored]))
            (back,) = timed("load", size, lambda: load_outputs(path))
            timed("sum up", size, lambda: metrics({"x": expected}))
            assert agree(back.value, expected, Tolerance("x")).ok
        grown = (peak.bytes - start_bytes) / MIB
    print(
        f"\nanonymous memory grew by {grown:.0f} MiB at its peak: 1/{2 * size / MIB / grown:.0f}"
        " of the two arrays"
    )
    figure(
        f"memory for judging {count:,} numbers",
        f"{grown:.0f} MiB",
        f"at most {options.limit_mib} MiB",
        grown <= options.limit_mib,
    )


if __name__ == "__main__":
    main()
