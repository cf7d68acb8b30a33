"""hyperfine and pyperf asked the same question, each as its manual says, within a wall budget."""

from __future__ import annotations

import functools
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

WARMUP = 3
"""hyperfine's runs before it counts, as its manual advises for programs that read files."""


def calibrate(command: Sequence[str]) -> None:
    """Find out what pyperf takes, so that its runs can be planned."""
    _pyperf_costs_s(tuple(command))


def hyperfine(reference: Sequence[str], candidate: Sequence[str], budget_s: float) -> str:
    """`hyperfine -N --warmup 3` on both, one after the other; then Welch's test at 5 %.

    Returns `faster` or `slower` for the candidate, or `not told apart`.
    """
    from scipy.stats import ttest_ind

    runs = max(10, round(budget_s / 2 / _typical_s(reference)))
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "export.json"
        subprocess.run(
            [
                *("hyperfine", "-N", "--warmup", str(WARMUP), "--runs", str(runs)),
                *("--style", "none", "--export-json", str(export)),
                *(" ".join(reference), " ".join(candidate)),
            ],
            check=True,
            capture_output=True,
        )
        one, other = (r["times"] for r in json.loads(export.read_text())["results"])
    test = ttest_ind(one, other, equal_var=False)
    if test.pvalue >= 0.05:
        return "not told apart"
    return "faster" if test.statistic > 0 else "slower"


def pyperf(reference: Sequence[str], candidate: Sequence[str], budget_s: float) -> str:
    """`pyperf command` on both, one after the other, and what `pyperf compare_to` says of them."""
    once_s, each_s, command_s = _pyperf_costs_s(tuple(reference))
    slower = _typical_s(reference) / command_s
    processes = max(2, round((budget_s / 2 / slower - once_s) / each_s))
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("reference.json", "candidate.json")]
        for file, command in zip(files, (reference, candidate), strict=True):
            _pyperf_command(command, file, processes)
        said = subprocess.run(
            [sys.executable, "-m", "pyperf", "compare_to", *files],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    if re.search("not significant", said, re.IGNORECASE):
        return "not told apart"
    word = re.search(r"\b(faster|slower)\b", said)
    return word[1] if word else "not told apart"


def _pyperf_command(command: Sequence[str], file: Path, processes: int) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "pyperf", "command", "--quiet", "--processes", str(processes)),
            *("-o", str(file), "--", *command),
        ],
        check=True,
        capture_output=True,
    )


@functools.cache
def _pyperf_costs_s(command: tuple[str, ...]) -> tuple[float, float, float]:
    """What a call of pyperf takes, each of its processes, and the command at that time, in s."""

    def call_s(processes: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            begun = time.monotonic()
            _pyperf_command(command, Path(folder) / "try.json", processes)
            return time.monotonic() - begun

    few, many = call_s(2), call_s(8)
    each_s = max(many - few, 0.1) / 6
    return max(0.0, few - 2 * each_s), each_s, _typical_s(command)


def _typical_s(command: Sequence[str]) -> float:
    """What the command takes just now."""
    times = []
    for _ in range(5):
        begun = time.monotonic()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.monotonic() - begun)
    return statistics.fmean(times)
