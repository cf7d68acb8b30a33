"""Outputs that are larger than the memory one has for them."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

SCRIPT = textwrap.dedent("""
    import re, resource, sys
    from pathlib import Path
    import numpy as np
    from harness.correctness import agree
    from harness.system.outputs import stored as output_store
    from harness.system.outputs import reading as outputs
    from harness.model import (
        FileFormat, Output, OutputKind, OutputSource, OutputSpec, Tolerance,
    )

    MIB = 2**20
    COUNT = 10_000_000                      # 76 MiB an array
    output_store.PART_BYTES = 4 * MIB

    def limit(extra):
        text = Path("/proc/self/status").read_text()
        data = int(re.search(r"VmData:\\s+(\\d+)", text)[1]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (data + extra, -1))

    root = Path(sys.argv[1])
    for side in ("expected", "actual"):
        (root / side).mkdir()
        with (root / side / "x.bin").open("wb") as file:
            for start in range(0, COUNT, MIB):
                chunk = np.arange(start, min(start + MIB, COUNT), dtype="<f8")
                if side == "actual" and start == 0:
                    chunk[7] += 0.5
                chunk.tofile(file)
    tolerance = Tolerance("x", OutputKind.DETERMINISTIC, rtol=1e-9)
    spec = OutputSpec(
        "x", OutputSource.FILE, "x.bin", FileFormat.RAW, dtype="<f8", tolerance=tolerance
    )
    small = output_store.StoredOutput("t", "c", "t", 1, "x", np.zeros(9))
    output_store.save_outputs(root / "warm.parquet", [small])
    output_store.load_outputs(root / "warm.parquet")

    limit(int(sys.argv[2]) * MIB)
    sides = [
        outputs.read_outputs(Output(root / s, root / s, root / s, s), [spec])["x"]
        for s in ("expected", "actual")
    ]
    agreement = agree(*sides, tolerance)
    assert (agreement.differing, agreement.mismatches[0].place) == (1, "[7]"), agreement
    stored = output_store.StoredOutput("t", "c", "t", 1, "x", sides[0])
    output_store.save_outputs(root / "o.parquet", [stored])
    (back,) = output_store.load_outputs(root / "o.parquet")
    output_store.metrics({"x": back.value})
    assert agree(back.value, sides[0], Tolerance("x")).ok
    if sys.argv[3:] == ["whole"]:
        np.array(sides[0])
    print("done")
""")


def run(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_ten_million_numbers_need_no_memory_for_a_whole_array(tmp_path):
    # The kernel enforces the limit: 64 MiB of private memory, while one array has 76.
    said = run(tmp_path, "64")
    assert said.stdout == "done\n", said.stderr[-2000:]


@pytest.mark.slow
def test_the_limit_would_notice_a_whole_array(tmp_path):
    said = run(tmp_path, "64", "whole")
    assert said.stdout == ""
    assert "Memory" in said.stderr
