"""Eight variants, one faster by 3 % and seven that change nothing: one call of `harness try`.

    python benchmarks/try_variants.py --repeats 3 --ms 100

A C program of about 0.1 s; the faster one does 3 % less work, the others have another constant that
nothing reads: a comment alone builds to the same bytes, and is not raced.
Says for each call how long it took, what was found, and with which figure; then whether the
faster one was found in all of them, and within a minute in the median.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from figures import figure

import harness

PROGRAM = """#include <stdio.h>
int main(void) {
    unsigned x = 1;
    for (long i = 0; i < %ROUNDS%; i++) { x = x * 3u + 1u; __asm__ volatile("" : "+r"(x)); }
    printf("sum: 1\\n");
    return 0;
}
"""

TOML = """[tasks.work.cases.only]
[tasks.work.outputs.sum]
key = "sum"
[targets.p]
task = "work"
adapter = "c"
sources = ["p.c"]
"""


WANTED_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ms", type=float, default=100.0, help="of one run")
    parser.add_argument("--gain", type=float, default=0.03)
    parser.add_argument("--budget", default="60s")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.chdir(folder)
        rounds = make_project(folder, asked.ms)
        names = make_variants(folder, rounds, asked.gain)
        took, found = [], []
        for _ in range(asked.repeats):
            begun = time.monotonic()
            result = harness.try_variants(*names, budget=asked.budget)
            took.append(time.monotonic() - begun)
            found.append(result.winner == names[0])
            print(said(result, took[-1]), flush=True)
    middle = sorted(took)[len(took) // 2]
    fine = figure("s of a call, median", f"{middle:.1f}", f"{WANTED_S:.0f}", middle <= WANTED_S)
    name = f"calls that found and confirmed the gain of {asked.gain:.0%}"
    fine &= figure(name, f"{sum(found)} of {len(found)}", "all", all(found))
    return 0 if fine else 1


def make_project(folder: Path, ms: float) -> int:
    """A repository with the program; how many rounds take so long here."""
    (folder / "harness.toml").write_text(TOML)
    write(folder / "p.c", 10_000_000)
    shell(folder, "git init -q && git add -A && git -c user.name=b -c user.email=b@b commit -qm p")
    trial = harness.run("p", trials=5)["p"]
    rounds = int(10_000_000 * ms * 1e6 / trial.cpu_ns.point)
    write(folder / "p.c", rounds)
    return rounds


def make_variants(folder: Path, rounds: int, gain: float) -> list[str]:
    for number in range(7):
        write(folder / f"null{number}" / "p.c", rounds, f'const char mark[] = "{number}";\n')
    write(folder / "better" / "p.c", int(rounds / (1 + gain)))
    return ["better", *(f"null{number}" for number in range(7))]


def write(path: Path, rounds: int, more: str = "") -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(PROGRAM.replace("%ROUNDS%", str(rounds)) + more)


def shell(folder: Path, words: str) -> None:
    subprocess.run(words, shell=True, cwd=folder, check=True)


def said(result: harness.TryResult, seconds: float) -> str:
    ratio = result.comparison.ratio if result.comparison else None
    figure = f"{ratio.point:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]" if ratio else "-"
    blocks = max(s.blocks for s in result.standings)
    return (
        f"{seconds:5.1f} s, {blocks} blocks by {result.metric}: winner {result.winner},"
        f" confirmed {figure}; race: {result.stopped_because}; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
