"""What asking many stored runs costs, as whole commands, beside pyperf and asv reading as much.

    python benchmarks/many_reads.py [runs] [trials] [folder]

Makes that many runs of that many trials (100 and 1000 if left out; see `many_runs.py`), or takes
those in the folder, and starts a fresh process for each question: wall and CPU time, and the peak
memory beyond that of a Python which has imported the same. The first `history` makes the index. The
peers read as many files with as many values each, in their own formats, and take medians by target;
asv is left out where it is not installed. On a busy machine compare the CPU times.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import many_runs
import numpy as np

COMMAND = "import sys; from harness.cli import main; sys.argv[0] = 'harness'; main()"
LOAD = "import sys, harness; harness.load(sys.argv[1], of='targets', columns=['wall_ns'])"
LOAD_ALL = "import sys, harness; harness.load(sys.argv[1], columns=['target', 'wall_ns'])"
LOAD_ONE = "import sys, harness; harness.load(sys.argv[1], columns=['wall_ns'], target='target-3')"
IMPORTS = "import harness, pandas, pyarrow.parquet, scipy.special"
PYPERF = """
import sys, pathlib, collections, statistics, pyperf
times = collections.defaultdict(list)
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    for benchmark in pyperf.BenchmarkSuite.load(str(path)):
        times[benchmark.get_name()].extend(benchmark.get_values())
for own in times.values():
    statistics.median(own)
"""
ASV = """
import sys, pathlib, collections, statistics
from asv.results import Results
times = collections.defaultdict(list)
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    results = Results.load(str(path))
    for name in results.get_all_result_keys():
        for samples in results.get_result_samples(name, []):
            times[name].extend(samples)
for own in times.values():
    statistics.median(own)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    code: int


def cost_of(arguments: Sequence[str], env: dict[str, str]) -> Cost:
    """Run Python with arguments; what it prints is thrown away."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    began = time.perf_counter()
    command = [sys.executable, *arguments]
    child = os.posix_spawn(sys.executable, command, env, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, code)


def write_pyperf(folder: Path, runs: int, trials: int) -> None:
    """As many files of pyperf, each with the values of ten benchmarks."""
    for number in range(runs):
        values = np.random.default_rng(number).uniform(1e-3, 2e-3, (10, trials // 10)).tolist()
        metadata = {"loops": 1, "unit": "second"}
        benchmarks = [
            {"metadata": {"name": f"target-{n}"}, "runs": [{"values": own, "metadata": metadata}]}
            for n, own in enumerate(values)
        ]
        text = json.dumps({"version": "1.0", "metadata": {}, "benchmarks": benchmarks})
        (folder / f"{number:06}.json").write_text(text)


def write_asv(folder: Path, runs: int, trials: int) -> None:
    """As many results of asv, each with the samples of ten benchmarks."""
    columns = ["result", "params", "version", "started_at", "duration", "stats_ci_99_a"]
    columns += ["stats_ci_99_b", "stats_q_25", "stats_q_75", "stats_number", "stats_repeat"]
    columns += ["samples"]
    for number in range(runs):
        values = np.random.default_rng(number).uniform(1e-3, 2e-3, (10, trials // 10)).tolist()
        results = {
            f"target-{n}": [
                *([statistics.median(own)], [], "1", 0, 1.0, [1e-3], [2e-3], [1e-3], [2e-3]),
                *([1], [len(own)], [own]),
            ]
            for n, own in enumerate(values)
        }
        whole = {
            "commit_hash": f"{number:040x}",
            "env_name": "env",
            "date": 0,
            "params": {"machine": "box", "python": "3.11"},
            "python": "3.11",
            "requirements": {},
            "env_vars": {},
            "result_columns": columns,
            "results": results,
            "durations": {},
            "version": 2,
        }
        (folder / f"{number:06}.json").write_text(json.dumps(whole))


def ask_peers(runs: int, trials: int, scratch: Path, env: dict[str, str]) -> dict[str, Cost]:
    """The same medians from the peers' own files."""
    found = {}
    for name, write, read in (("pyperf", write_pyperf, PYPERF), ("asv", write_asv, ASV)):
        if importlib.util.find_spec(name) is None:
            print(f"{name} is not installed: left out")
            continue
        folder = scratch / name
        folder.mkdir()
        write(folder, runs, trials)
        found[name] = cost_of(["-c", read, str(folder)], env)
        if found[name].code:
            raise SystemExit(f"{name} failed: python -c {read!r} {folder}")
    return found


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    trials = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        env = {**os.environ, "XDG_CACHE_HOME": str(scratch / "cache")}
        results = Path(sys.argv[3]) if len(sys.argv) > 3 else scratch / "results"
        if not results.exists():
            many_runs.make_runs(results, runs, trials)
        at = ["--results", str(results)]
        bare = cost_of(["-c", IMPORTS], env)
        print(f"{runs} runs of {trials} trials; imports alone: {bare.cpu_s:.2f} s CPU")
        asked = {
            "history, first time": ["-c", COMMAND, "history", *at],
            "history": ["-c", COMMAND, "history", *at],
            "history --target": ["-c", COMMAND, "history", "--target", "target-3", *at],
            "compare --stored": ["-c", COMMAND, "compare", "target-0", "target-3", "--stored", *at],
            "load(of='targets')": ["-c", LOAD, str(results)],
            "load(target=...)": ["-c", LOAD_ONE, str(results)],
            "load(columns=[...]), every trial": ["-c", LOAD_ALL, str(results)],
        }
        costs = {name: cost_of(arguments, env) for name, arguments in asked.items()}
        costs |= ask_peers(runs, trials, scratch, env)
        ours = costs["load(of='targets')"]
        for name, cost in costs.items():
            more = max(0.0, cost.peak_mb - bare.peak_mb)
            print(
                f"{name}: {cost.wall_s:.2f} s, {cost.cpu_s:.2f} s CPU, {more:.0f} MB more,"
                f" {cost.cpu_s / ours.cpu_s:.1f}x the CPU of load(of='targets')"
            )


if __name__ == "__main__":
    main()
