"""Steady mode: are shapes told right, what does the handshake cost, does the time agree?

    python benchmarks/steady.py [REPETITIONS]

1. Synthetic traces of known shape (`synthetic_traces.py`), 45 a repetition.
2. The handshake: a go and a done without work, in each language, not pinned and pinned to a CPU;
   and what each sample of real work is charged beyond the CPU time that it used.
3. `nbody` in C and Julia, timed by the harness and by a loop inside the process that reads the
   clocks itself, in interleaved pairs of processes: the ratio of the two, by wall and by CPU time.
   On a machine that is busy with something else only the second says anything.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rig import rig
from synthetic_traces import traces

from harness.edge.process import LocalRunner
from harness.errors import ToolchainMissing
from harness.model import Build, Case, Mode, SteadyPlan, Target, Trial, TrialPlan
from harness.plugins import Adapters
from harness.stats.steady import trace_of

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
LOOP_JULIA = """
function cpu_ns()
    time = zeros(Int, 2)
    ccall(:clock_gettime, Cint, (Cint, Ptr{Int}), 2, time) # of the process
    return time[1] * 10^9 + time[2]
end
function loop()
    samples, batch = parse(Int, ENV["LOOP_SAMPLES"]), parse(Int, ENV["LOOP_BATCH"])
    main() # compiles
    for _ in 1:samples
        cpu, wall = cpu_ns(), time_ns()
        for _ in 1:batch
            main()
        end
        wall, cpu = time_ns() - wall, cpu_ns() - cpu
        println(stderr, wall / batch, " ", cpu / batch)
    end
end
loop()
"""


def main(repetitions: int = 15) -> None:
    print(rig())
    synthetic(repetitions)
    with tempfile.TemporaryDirectory() as name:
        lab = Lab(Path(name))
        try:
            handshakes(lab, repetitions)
            for language in ("c", "julia"):
                agreement(lab, language, repetitions)
        finally:
            lab.runner.close()


# -- 1 --------------------------------------------------------------------------------------------


def synthetic(repetitions: int) -> None:
    """Count the right shapes, by family of mean and of noise."""
    right: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    off_by: list[int] = []
    for truth in traces(SEED, repetitions):
        found = trace_of(truth.samples)
        for group in ("all", truth.family, truth.noise):
            seen[group] += 1
            right[group] += found.shape is truth.shape
        if found.steady_from is not None and truth.steady_from is not None:
            off_by.append(abs(found.steady_from - truth.steady_from))
    print(f"\nsynthetic traces, seed {SEED}: right shapes")
    for group in seen:
        print(
            f"  {group:<16}{right[group]:6d} of {seen[group]:5d}{right[group] / seen[group]:8.1%}"
        )
    near = sum(distance <= 2 for distance in off_by)
    print(f"  steady from the true sample, give or take two: {near} of {len(off_by)}")


# -- 2 --------------------------------------------------------------------------------------------


class Lab:
    """Builds and runs programs in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runner = LocalRunner(folder / "scratch", folder / "cache")
        self.adapters = Adapters()

    def build(self, language: str, sources: Sequence[Path], **options: object) -> Build:
        name = f"{sources[-1].stem}-{language}"
        args = ("{bodies}", "{steps}", "{seed}")
        target = Target(name, "nbody", language, ROOT, tuple(sources), args=args, options=options)
        return self.made(replace(target, steady="loop" not in name))

    def made(self, target: Target) -> Build:
        adapter = self.adapters.get(target.adapter)
        workdir = self.folder / "builds" / target.adapter
        workdir.mkdir(parents=True, exist_ok=True)
        return adapter.build(target, adapter.probe(self.runner), workdir, self.runner)

    def time(self, build: Build, plan: TrialPlan) -> Trial:
        trial = self.adapters.get(build.target.adapter).time(build, CASE, plan, self.runner)
        if not trial.ok:
            sys.exit(f"{build.target.name}: {trial.message}")
        return trial


def lower_decile(values: Iterable[float]) -> float:
    return statistics.quantiles(values, n=10)[0]


def example(language: str) -> Path:
    return ROOT / "examples" / language / f"nbody.{SUFFIXES[language]}"


def handshakes(lab: Lab, repetitions: int) -> None:
    """Print what a go and a done cost, and what a sample of work is charged beyond its CPU time."""
    print(
        "\nhandshake in us, over trials (at most 20); wall - CPU time of samples of 10 ms or more"
    )
    print(f"  {'target':<22}{'median':>8}{'largest':>9}{'wall - cpu':>12}{'of wall':>9}")
    last_cpu = max(os.sched_getaffinity(0))
    for language in SUFFIXES:
        try:
            build = lab.build(language, [example(language)])
        except ToolchainMissing as problem:
            print(f"  {language}: left out: {problem}")
            continue
        for words, cpus in (("not pinned", ()), ("pinned", (last_cpu,))):
            plan = TrialPlan(Mode.STEADY, cpus=cpus, phases=False, steady=STEADY)
            trials = [lab.time(build, plan) for _ in range(repetitions)]
            costs = [trial.handshake_ns / 1e3 for trial in trials if trial.handshake_ns]
            timed = [s for trial in trials for s in trial.samples if not s.calibration]
            extra = lower_decile(s.wall_ns - s.cpu_ns for s in timed) / 1e3
            share = lower_decile((s.wall_ns - s.cpu_ns) / s.wall_ns for s in timed)
            print(
                f"  {language + ', ' + words:<22}{statistics.median(costs):8.1f}{max(costs):9.1f}"
                f"{extra:12.1f}{share:9.2%}"
            )


# -- 3 --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Times:
    """Nanoseconds of one execution of the work, medians over the samples of one process."""

    wall_ns: float
    cpu_ns: float


def agreement(lab: Lab, language: str, repetitions: int) -> None:
    """Print the ratio of the two ways to time the same work."""
    try:
        steady, loop = lab.build(language, [example(language)]), loop_build(lab, language)
    except ToolchainMissing as problem:
        print(f"  {language}: left out: {problem}")
        return
    pairs = [pair(lab, steady, loop, harness_first=i % 2 == 0) for i in range(repetitions)]
    typical = statistics.median(looped.cpu_ns for _, looped in pairs)
    print(
        f"\nnbody in {language}, {CASE.params}, {typical / 1e6:.3f} ms: harness / in-process loop"
    )
    show("wall time", [ours.wall_ns / looped.wall_ns for ours, looped in pairs])
    show("CPU time", [ours.cpu_ns / looped.cpu_ns for ours, looped in pairs])


def show(name: str, ratios: Sequence[float]) -> None:
    """Print the median of some ratios with their quartiles."""
    low, point, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [*ratios] * 3
    print(f"  {name:<10}{point:.4f} (quartiles {low:.4f} .. {high:.4f}; {len(ratios)} pairs)")


def loop_build(lab: Lab, language: str) -> Build:
    """The same work in a loop that reads the clocks itself."""
    path = lab.folder / f"loop.{SUFFIXES[language]}"
    if language == "c":
        path.write_text(LOOP_C)
        return lab.build("c", [example("c"), path], link_flags=["-Wl,--wrap=main"])
    text = example("julia").read_text()
    if not text.endswith("\nmain()\n"):
        sys.exit(f"{example('julia')} does not end with a call of main")
    path.write_text(text.removesuffix("main()\n") + LOOP_JULIA)
    return lab.build("julia", [path])


def pair(lab: Lab, steady: Build, loop: Build, harness_first: bool) -> tuple[Times, Times]:
    """By the harness and by the loop: one process each, with equal batches."""
    batch = lab.time(steady, TrialPlan(Mode.STEADY, phases=False, steady=STEADY)).samples[-1].batch
    looped = by_loop(lab, loop, batch) if not harness_first else None
    ours = by_harness(lab, steady)
    return ours, looped or by_loop(lab, loop, batch)


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
    output = lab.time(looping, TrialPlan(phases=False)).output
    assert output is not None
    lines = [line.split() for line in output.stderr.read_text().splitlines()]
    lab.runner.discard(output)
    return Times(*(statistics.median(map(float, column)) for column in zip(*lines, strict=True)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
