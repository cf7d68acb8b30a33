"""Steady mode: are shapes told right, what does the handshake cost, does the time agree?

    python benchmarks/steady.py                             15 repetitions, minutes
    python benchmarks/steady.py 3                           a short form, half a minute
    python benchmarks/steady.py 22 --seeds 1 2 3 4 --only shapes

1. Synthetic traces of known shape (`synthetic_traces.py`), 45 a repetition and seed.
2. The handshake: a go and a done without work, in each language, not pinned and pinned to a CPU;
   and what each sample of real work is charged beyond the CPU time that it used.
3. `nbody` in C and Julia: each sample's wall time by the harness, against the time that the work
   itself took by a clock inside the process, for the very same executions.
4. `nbody` in C, timed by the harness and by a loop that reads the clocks itself, in interleaved
   pairs of processes: the ratio by wall and by CPU time. On a busy machine only the second says
   much; and in Julia not even that: its collector settles in either of two regimes, 35 % apart.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from figures import figure, rate
from rig import rig
from synthetic_traces import traces

from harness.errors import ToolchainMissing
from harness.model import Build, Case, Mode, SteadyPlan, Target, Trial, TrialPlan
from harness.plugins import Adapters
from harness.stats.steady import trace_of
from harness.system.process.runner import LocalRunner

ROOT = Path(__file__).parents[1]
SEED = 20170101
SAMPLES = 20
STEADY = SteadyPlan(samples=SAMPLES, budget_ns=1_000_000_000)
CASE = Case("bench", {"bodies": 64, "steps": 6}, seed=42)
SUFFIXES = {"c": "c", "julia": "jl", "python": "py"}

LOOP_C = """\
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int __real_main(int argc, char **argv);
static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}
int __wrap_main(int argc, char **argv) {
    int samples = atoi(getenv("LOOP_SAMPLES")), batch = atoi(getenv("LOOP_BATCH"));
    for (int i = 0; i < samples; i++) {
        double cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
        for (int k = 0; k < batch; k++) __real_main(argc, argv);
        wall = now(CLOCK_MONOTONIC) - wall;
        cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        fprintf(stderr, "%.3f %.3f\\n", wall / batch, cpu / batch);
    }
    return 0;
}
"""
INSIDE = {
    "c": """\
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
enum { MOST = 1 << 20 };
static double inside_ns[MOST];
static int calls;
int __real_main(int argc, char **argv);
int timed(int argc, char **argv);
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}
static void say(void) {
    for (int i = 0; i < calls; i++) fprintf(stderr, "%.0f\\n", inside_ns[i]);
}
int timed(int argc, char **argv) {
    double begun = now();
    int code = __real_main(argc, argv);
    if (calls == 0) atexit(say);
    if (calls == MOST) abort();
    inside_ns[calls++] = now() - begun;
    return code;
}
""",
    "julia": """
const INSIDE_NS = UInt64[]
function timed()
    begun = time_ns()
    main()
    push!(INSIDE_NS, time_ns() - begun)
end
atexit(() -> foreach(ns -> println(stderr, Int(ns)), INSIDE_NS))
""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("repetitions", type=int, nargs="?", default=15)
    parser.add_argument("--seeds", type=int, nargs="+", default=[SEED], help="of the shapes")
    parser.add_argument("--only", choices=("shapes", "times"), help="leave out the other part")
    options = parser.parse_args()
    print(rig())
    if options.only != "times":
        synthetic(options.repetitions, options.seeds)
    if options.only != "shapes":
        times(options.repetitions)


def times(repetitions: int) -> None:
    """What handshakes cost, and whether the time agrees with clocks inside."""
    # On a disk, a file that is written anew in every execution takes milliseconds (ext4).
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        lab = Lab(Path(name))
        try:
            handshakes(lab, repetitions)
            for language in INSIDE:
                same_executions(lab, language, repetitions)
            paired_processes(lab, repetitions)
        finally:
            lab.runner.close()


# -- 1 --------------------------------------------------------------------------------------------


def synthetic(repetitions: int, seeds: Sequence[int]) -> None:
    """Count the right shapes, by family of mean, noise and seed."""
    right: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    off_by: list[int] = []
    for seed in seeds:
        for truth in traces(seed, repetitions):
            found = trace_of(truth.samples)
            for group in ("all", truth.family, truth.noise, f"seed {seed}"):
                seen[group] += 1
                right[group] += found.shape is truth.shape
            if found.steady_from is not None and truth.steady_from is not None:
                off_by.append(abs(found.steady_from - truth.steady_from))
    print("\nsynthetic traces: right shapes")
    for group in seen:
        print(
            f"  {group:<16}{right[group]:6d} of {seen[group]:5d}{right[group] / seen[group]:8.1%}"
        )
    near = sum(distance <= 2 for distance in off_by)
    print(f"  steady from the true sample, give or take two: {near} of {len(off_by)}")
    hits = [i < right["all"] for i in range(seen["all"])]
    rate("synthetic traces classed right", hits, least=0.95)


# -- 2 --------------------------------------------------------------------------------------------


class Lab:
    """Builds and runs programs in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runner = LocalRunner(folder / "scratch", folder / "cache")
        self.adapters = Adapters()

    def build(self, language: str, *sources: Path, **changes: Any) -> Build:
        """Built for steady mode, unless `changes` say something else."""
        name, args = f"nbody-{language}", ("{bodies}", "{steps}", "{seed}")
        target = Target(name, "nbody", language, ROOT, sources, args=args, steady=True)
        adapter = self.adapters.get(language)
        workdir = self.folder / "builds" / language
        workdir.mkdir(parents=True, exist_ok=True)
        return adapter.build(
            replace(target, **changes), adapter.probe(self.runner), workdir, self.runner
        )

    def time(self, build: Build, plan: TrialPlan) -> Trial:
        trial = self.adapters.get(build.target.adapter).time(build, CASE, plan, self.runner)
        if not trial.ok:
            sys.exit(f"{build.target.name}: {trial.message}")
        return trial


def lower_decile(values: Iterable[float]) -> float:
    return statistics.quantiles(values, n=10)[0]


def example(language: str) -> Path:
    return ROOT / "examples" / language / "plain" / f"nbody.{SUFFIXES[language]}"


def handshakes(lab: Lab, repetitions: int) -> None:
    """Print what a go and a done cost, and what a sample of work is charged beyond its CPU time."""
    print(
        "\nhandshake in us, over trials (at most 20); wall - CPU time of samples of 10 ms or more"
    )
    print(f"  {'target':<22}{'median':>8}{'largest':>9}{'wall - cpu':>12}{'of wall':>9}")
    last_cpu = max(os.sched_getaffinity(0))
    medians: dict[str, float] = {}
    for language in SUFFIXES:
        try:
            build = lab.build(language, example(language))
        except ToolchainMissing as problem:
            print(f"  {language}: left out: {problem}")
            continue
        for words, cpus in (("not pinned", ()), ("pinned", (last_cpu,))):
            plan = TrialPlan(Mode.STEADY, cpus=cpus, phases=False, steady=STEADY)
            trials = [lab.time(build, plan) for _ in range(repetitions)]
            costs = [trial.handshake_ns / 1e3 for trial in trials if trial.handshake_ns]
            timed = [s for trial in trials for s in trial.samples if not s.calibration]
            medians[f"{language}, {words}"] = statistics.median(costs)
            extra = lower_decile(s.wall_ns - s.cpu_ns for s in timed) / 1e3
            share = lower_decile((s.wall_ns - s.cpu_ns) / s.wall_ns for s in timed)
            print(
                f"  {language + ', ' + words:<22}{statistics.median(costs):8.1f}{max(costs):9.1f}"
                f"{extra:12.1f}{share:9.2%}"
            )
    for name, cost in medians.items():
        figure(f"handshake in {name}, median", f"{cost:.1f} us", "at most 20 us", cost <= 20)


# -- 3 --------------------------------------------------------------------------------------------


def same_executions(lab: Lab, language: str, repetitions: int) -> None:
    """Print the ratio of outside to inside time, sample by sample."""
    try:
        build = timed_build(lab, language)
    except ToolchainMissing as problem:
        print(f"  {language}: left out: {problem}")
        return
    ratios: list[float] = []
    for _ in range(repetitions):
        trial = lab.time(build, TrialPlan(Mode.STEADY, phases=False, steady=STEADY))
        inside = iter(figures_in_stderr(lab, trial))
        for sample in trial.samples:
            inside_ns = sum(next(inside)[0] for _ in range(sample.batch))
            if not sample.calibration:
                ratios.append(sample.wall_ns / inside_ns)
    print(f"\nnbody in {language}, {CASE.params}: harness / a clock inside, the same executions")
    show("wall time", ratios, "samples")
    agrees(f"{language}, the same executions by wall time", ratios)


def timed_build(lab: Lab, language: str) -> Build:
    """`nbody` with a clock of its own around the work."""
    path = lab.folder / f"timed.{SUFFIXES[language]}"
    if language == "c":
        path.write_text(INSIDE["c"])
        return lab.build("c", example("c"), path, entry="timed")
    text = example("julia").read_text()
    if not text.endswith("\nmain()\n"):
        sys.exit(f"{example('julia')} does not end with a call of main")
    path.write_text(text.removesuffix("main()\n") + INSIDE["julia"])
    return lab.build("julia", path, entry="timed")


def figures_in_stderr(lab: Lab, trial: Trial) -> list[list[float]]:
    """The numbers that a program wrote, a list for each line."""
    assert trial.output is not None
    lines = trial.output.stderr.read_text().splitlines()
    lab.runner.discard(trial.output)
    return [[float(word) for word in line.split()] for line in lines]


# -- 4 --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Times:
    """Nanoseconds of one execution of the work, medians over the samples of one process."""

    wall_ns: float
    cpu_ns: float


def paired_processes(lab: Lab, repetitions: int) -> None:
    """Print the ratio of the two ways to time the same program in processes of their own."""
    path = lab.folder / "loop.c"
    path.write_text(LOOP_C)
    wrap = {"link_flags": ["-Wl,--wrap=main"]}
    steady = lab.build("c", example("c"))
    loop = lab.build("c", example("c"), path, steady=False, options=wrap)
    batch = lab.time(steady, TrialPlan(Mode.STEADY, phases=False, steady=STEADY)).samples[-1].batch
    pairs: list[tuple[Times, Times]] = []
    for i in range(repetitions):
        if i % 2:
            pairs.append((by_harness(lab, steady), by_loop(lab, loop, batch)))
        else:
            looped = by_loop(lab, loop, batch)
            pairs.append((by_harness(lab, steady), looped))
    print(f"\nnbody in c, {CASE.params}: harness / in-process loop, interleaved processes")
    wall = [ours.wall_ns / looped.wall_ns for ours, looped in pairs]
    cpu = [ours.cpu_ns / looped.cpu_ns for ours, looped in pairs]
    show("wall time", wall, "pairs")
    show("CPU time", cpu, "pairs")
    agrees("c, processes of their own by wall time", wall)
    agrees("c, processes of their own by CPU time", cpu)


def by_harness(lab: Lab, build: Build) -> Times:
    """Medians over the samples: what `harness run` reports where the trace is flat."""
    trial = lab.time(build, TrialPlan(Mode.STEADY, phases=False, steady=STEADY))
    timed = [sample for sample in trial.samples if not sample.calibration]
    return Times(
        statistics.median(sample.wall_ns / sample.batch for sample in timed),
        statistics.median(sample.cpu_ns / sample.batch for sample in timed),
    )


def by_loop(lab: Lab, build: Build, batch: int) -> Times:
    """Medians over the samples, as the loop says itself."""
    env = {"LOOP_SAMPLES": str(SAMPLES), "LOOP_BATCH": str(batch)}
    looping = replace(build, target=replace(build.target, env=env))
    figures = figures_in_stderr(lab, lab.time(looping, TrialPlan(phases=False)))
    return Times(*(statistics.median(column) for column in zip(*figures, strict=True)))


def agrees(name: str, ratios: Sequence[float]) -> None:
    """Is the median of the ratios within 1 % of 1?"""
    point = statistics.median(ratios)
    near = abs(point - 1) <= 0.01
    figure(f"steady time / in-process time, {name}", f"{point:.4f}", "within 1 % of 1", near)


def show(name: str, ratios: Sequence[float], what: str) -> None:
    """Print the median of some ratios with their quartiles."""
    low, point, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [*ratios] * 3
    print(f"  {name:<10}{point:.4f} (quartiles {low:.4f} .. {high:.4f}; {len(ratios)} {what})")


if __name__ == "__main__":
    main()
