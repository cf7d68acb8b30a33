"""The header beside google-benchmark: the time that each finds for one execution of a function.

    python benchmarks/in_process.py [--budget 2] [--rounds 3]

Both are compiled into one program each, of the same flags, and take turns. What is compared is a
short function (16 multiplications that wait for one another), of which a loop's own cost is a part
that can be seen. Needs g++ and libbenchmark-dev. nanobench is no package of Debian, and
BenchmarkTools and Chairmarks come from Julia's registry alone, so they are not beside them here.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from harness.adapterkit import INCLUDE

WORK = """
#include <cstdint>
static uint64_t state = 3;
static inline uint64_t work() {
    uint64_t x = state;
    for (int i = 0; i < 16; i++) x *= 0x9e3779b97f4a7c15u;
    return state = x;
}
"""
OURS = """
#include "harness_compare.h"
#include <cstdlib>
int main(int, char **words) {
    harness_comparison asked = {};
    auto call = [] { harness_keep(work()); };
    harness_side side = {"a", NULL, &call, NULL, harness_compare_batch<decltype(call)>};
    asked.file = words[1];
    asked.sides[0] = asked.sides[1] = side;
    asked.sides[1].name = "b";
    asked.budget_s = atof(words[2]);
    return harness_compare_with(&asked) != 0;
}
"""
PEER = """
#include <benchmark/benchmark.h>
static void body(benchmark::State &s) { for (auto _ : s) benchmark::DoNotOptimize(work()); }
BENCHMARK(body);
BENCHMARK_MAIN();
"""


def compiled(folder: Path, name: str, source: str, *words: str) -> Path:
    """A program of that source."""
    (folder / f"{name}.cc").write_text(WORK + source)
    flags = ["-std=c++17", "-O2", f"-I{INCLUDE}"]
    command = ["g++", *flags, f"{name}.cc", "-o", name, *words]
    subprocess.run(command, cwd=folder, check=True)
    return folder / name


def ours_ns(program: Path, budget_s: float) -> tuple[float, float]:
    """CPU time of one execution by the header, and the ratio of the function to itself."""
    path = program.with_suffix(".json")
    subprocess.run([program, path, str(budget_s)], check=True, capture_output=True)
    made = json.loads(path.read_text())
    batches = [function["batch"] for function in made["functions"]]
    times: list[list[float]] = [[], []]
    for block in made["blocks"]:
        for side, _, cpu_ns, *_ in block:
            times[side].append(cpu_ns / batches[side])
    ratios = [a / b for a, b in zip(*times, strict=True)]
    return statistics.median(times[0] + times[1]), statistics.median(ratios)


def peer_ns(program: Path, budget_s: float) -> float:
    """CPU time of one execution by google-benchmark."""
    words = ["--benchmark_format=json", f"--benchmark_min_time={budget_s / 10}"]
    words.append("--benchmark_repetitions=10")
    done = subprocess.run([program, *words], check=True, capture_output=True, text=True)
    runs = json.loads(done.stdout)["benchmarks"]
    return statistics.median(r["cpu_time"] for r in runs if r["run_type"] == "iteration")


def main() -> None:
    """Print a line per round, and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = compiled(folder, "ours", OURS)
        peer = compiled(folder, "peer", PEER, "-lbenchmark", "-lpthread")
        for _ in range(asked.rounds):
            (mine, itself), other = ours_ns(ours, asked.budget), peer_ns(peer, asked.budget)
            found.append(mine / other)
            print(f"harness_compare.h {mine:.2f} ns, google-benchmark {other:.2f} ns;", end=" ")
            print(f"the function against itself {itself:.4f}")
    print(f"header / google-benchmark, median of {asked.rounds}: {statistics.median(found):.3f}")


if __name__ == "__main__":
    main()
