"""What a pair of phase markers costs, in C, Julia and Python, on and off.

    python benchmarks/phases.py [REPETITIONS]

Each language runs one program that executes a loop three ways: bare, with a pair of markers around
a piece of work that the compiler cannot remove, and the same nested in another phase. The programs
run interleaved, with the markers on and off; the cost of a pair is the difference to the bare loop
of the same process, and the figure printed is the median over the repetitions with its quartiles.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from figures import figure
from rig import rig

from harness.errors import ToolchainMissing
from harness.model import Build, Case, Target, TrialPlan
from harness.plugins import Adapters
from harness.system.process.runner import LocalRunner

CASE = Case("only")
LIMITS_NS = {"c": 40, "julia": 100, "python": 500}
"""What a pair may cost when on."""

PROGRAMS = {
    "c": """\
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <time.h>
#include "harness_phases.h"
enum { TIMES = 1000000 };
static volatile unsigned sink;
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}
static double bare(void) {
    double begun = now();
    for (int i = 0; i < TIMES; i++) sink += i;
    return (now() - begun) / TIMES;
}
static double marked(void) {
    double begun = now();
    for (int i = 0; i < TIMES; i++) {
        harness_phase_begin("inner");
        sink += i;
        harness_phase_end("inner");
    }
    return (now() - begun) / TIMES;
}
int main(void) {
    bare();
    marked();
    double without = bare(), with = marked();
    harness_phase_begin("outer");
    double nested = marked();
    harness_phase_end("outer");
    printf("%.3f %.3f\\n", with - without, nested - without);
    return 0;
}
""",
    "julia": """\
using HarnessPhases
const TIMES = 1_000_000
const SINK = Ref(0)
@noinline work(i) = (SINK[] += i; nothing)
function bare()
    begun = time_ns()
    for i in 1:TIMES
        work(i)
    end
    return (time_ns() - begun) / TIMES
end
function marked()
    begun = time_ns()
    for i in 1:TIMES
        @phase "inner" work(i)
    end
    return (time_ns() - begun) / TIMES
end
function main()
    bare()
    marked()
    without, with = bare(), marked()
    nested = @phase "outer" marked()
    println(with - without, " ", nested - without)
end
main()
""",
    "python": """\
from time import perf_counter_ns
from harness_phases import phase

TIMES = 200_000


def work(i):
    pass


def bare():
    begun = perf_counter_ns()
    for i in range(TIMES):
        work(i)
    return (perf_counter_ns() - begun) / TIMES


def marked():
    begun = perf_counter_ns()
    for i in range(TIMES):
        with phase("inner"):
            work(i)
    return (perf_counter_ns() - begun) / TIMES


def main():
    bare()
    marked()
    without, marked_ns = bare(), marked()
    with phase("outer"):
        nested = marked()
    print(marked_ns - without, nested - without)


main()
""",
}
SUFFIXES = {"c": ".c", "julia": ".jl", "python": ".py"}


def main(repetitions: int = 7) -> None:
    print(rig())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runner = LocalRunner(folder / "scratch", folder / "cache")
        adapters = Adapters()
        builds = {}
        for language in PROGRAMS:
            try:
                builds[language] = build(language, folder, adapters, runner)
            except ToolchainMissing as problem:
                print(f"{language}: left out: {problem}")
        figures: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for _ in range(repetitions):
            for language, made in builds.items():
                for state in ("on", "off"):
                    figures.setdefault((language, state), []).append(
                        cost(made, adapters, runner, state == "on")
                    )
        runner.close()
    show(figures)


def build(language: str, folder: Path, adapters: Adapters, runner: LocalRunner) -> Build:
    path = folder / f"phases{SUFFIXES[language]}"
    path.write_text(PROGRAMS[language])
    target = Target(f"phases-{language}", "phases", language, folder, (path,))
    adapter = adapters.get(language)
    workdir = folder / "builds" / language
    workdir.mkdir(parents=True)
    return adapter.build(target, adapter.probe(runner), workdir, runner)


def cost(build: Build, adapters: Adapters, runner: LocalRunner, on: bool) -> tuple[float, float]:
    """Nanoseconds of a pair: alone, and within another phase."""
    plan = TrialPlan(phases=on)
    trial = adapters.get(build.target.adapter).time(build, CASE, plan, runner)
    if trial.output is None or bool(trial.phases) is not on:
        sys.exit(f"{build.target.name}: {trial.message or 'phases are not as asked for'}")
    alone, nested = map(float, trial.output.stdout.read_text().split())
    runner.discard(trial.output)
    return alone, nested


def show(figures: dict[tuple[str, str], list[tuple[float, float]]]) -> None:
    print(f"{'markers':<16}{'ns per pair':>12}{'quartiles':>20}{'nested':>9}{'limit':>8}")
    for (language, state), pairs in figures.items():
        alone = [pair[0] for pair in pairs]
        low, point, high = statistics.quantiles(alone, n=4) if len(alone) > 1 else alone * 3
        nested = statistics.median(pair[1] for pair in pairs)
        limit = f"{LIMITS_NS[language]:8d}" if state == "on" else ""
        quartiles = f"{low:.1f} .. {high:.1f}"
        print(f"{language + ' ' + state:<16}{point:12.1f}{quartiles:>20}{nested:9.1f}{limit}")
    print()
    for language, limit_ns in LIMITS_NS.items():
        if pairs := figures.get((language, "on")):
            point = statistics.median(pair[0] for pair in pairs)
            name = f"a pair of phase markers in {language}"
            figure(name, f"{point:.0f} ns", f"at most {limit_ns} ns", point <= limit_ns)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
