"""How often is a change called faster that wins most runs by 2 % and loses one in twenty tenfold?

    python benchmarks/mixtures.py                   500 simulated runs of each kind, some minutes
    python benchmarks/mixtures.py --repeats 50      a short form
    python benchmarks/mixtures.py --real 5          a real program too, by our own command

Each tool has as long as it takes by itself: ours stops by its own rule (a budget of 60 s and blocks
of 45 ms), the others take a fixed number of runs one after the other, and say `faster` where the
interval of their statistic lies above 1 (hyperfine: Welch's test of the means; pyperf: a t test of
the means; minimum and median: no test, as tables of them are read).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from figures import rate
from numpy.typing import NDArray
from rig import rig
from tabulate import tabulate

from harness.model import Verdict
from harness.stats.boundary import sign_boundary
from harness.stats.tails import SEEN_ENOUGH, CostFinding, Costs, held_back

Sides = tuple[NDArray[np.float64], NDArray[np.float64]]

MOST = 1333
"""Blocks of 45 ms in a budget of 60 s."""
LOOK_ON = 66
"""Those in a twentieth of it."""
THRESHOLD = 0.01


def noises(rng: np.random.Generator) -> dict[str, Callable[[int], NDArray[np.float64]]]:
    """Kinds of noise, as log-ratios of n runs."""
    return {
        "calm, 0.5 %": lambda n: rng.normal(0.0, 0.005, n),
        "heavy, t with 2 degrees": lambda n: np.clip(0.005 * rng.standard_t(2, n), -0.5, 3.0),
    }


def drawn(
    rng: np.random.Generator, noise: Callable[[int], NDArray[np.float64]], rare: float
) -> Sides:
    """Costs of a reference, and of a candidate that gains 2 % but for rare runs of ten times."""
    slow = np.where(rng.random(MOST) < rare, 10.0, 1.0)
    return np.exp(noise(MOST)), np.exp(noise(MOST)) / 1.02 * slow


def by_median(sides: Sides, *, tails: bool) -> tuple[str, int]:
    """Our rule: the verdict and the blocks; `tails` as by default, or the median alone."""
    ratios, limits = np.log(sides[0] / sides[1]), sign_boundary(0.95).limits(MOST)
    low, high, sure_at = -math.inf, math.inf, 0
    bound = math.log1p(THRESHOLD)
    for n in range(1, MOST + 1):
        if limits[n - 1] < 0:
            continue
        ordered = np.sort(ratios[:n])
        low = max(low, ordered[limits[n - 1]])
        high = min(high, ordered[n - 1 - limits[n - 1]])
        within = -bound <= low and high <= bound
        found = Verdict.EQUIVALENT if within else Verdict.FASTER if low > 0 else Verdict.UNDECIDED
        if high < 0:
            return Verdict.SLOWER.value, n
        if tails and found is not Verdict.UNDECIDED:
            sure_at = sure_at or n
            costs = Costs.of((sides[0][:n], sides[1][:n]), 0.95, THRESHOLD)
            found = held_back(found, costs.held)
            if found is Verdict.FASTER and n < min(SEEN_ENOUGH, sure_at + LOOK_ON):
                continue
        if found is not Verdict.UNDECIDED:
            return found.value, n
    return Verdict.UNDECIDED.value, MOST


def by_means(runs: int) -> Callable[[Sides], tuple[str, int]]:
    """Welch's test of two means, of as many runs of each."""

    def judged(sides: Sides) -> tuple[str, int]:
        from scipy.stats import ttest_ind

        a, b = sides[0][:runs], sides[1][-runs:]
        if ttest_ind(a, b, equal_var=False).pvalue >= 0.05:
            return "not told apart", runs
        return ("faster" if a.mean() > b.mean() else "slower"), runs

    return judged


def by_point(
    of: Callable[[NDArray[np.float64]], float], runs: int
) -> Callable[[Sides], tuple[str, int]]:
    """The smaller of two figures, without a test."""

    def judged(sides: Sides) -> tuple[str, int]:
        return ("faster" if of(sides[0][:runs]) > of(sides[1][-runs:]) else "slower"), runs

    return judged


TOOLS: dict[str, Callable[[Sides], tuple[str, int]]] = {
    "harness": lambda sides: by_median(sides, tails=True),
    "harness --no-tails": lambda sides: by_median(sides, tails=False),
    "hyperfine, means of 100 runs, Welch": by_means(100),
    "hyperfine, minimum of 100 runs": by_point(np.min, 100),
    "median of 100 runs": by_point(lambda side: float(np.median(side)), 100),
    "pyperf, means of 60 runs, t test": by_means(60),
}


def rows(repeats: int, seed: int, rare: float) -> Iterator[list[str]]:
    """Every tool on every kind of noise."""
    rng = np.random.default_rng(seed)
    for kind, noise in noises(rng).items():
        runs = [drawn(rng, noise, rare) for _ in range(repeats)]
        for name, tool in TOOLS.items():
            found = [tool(sides) for sides in runs]
            words = [word for word, _ in found]
            shares = [f"{words.count(word) / repeats:.1%}" for word in ("faster", "mixed")]
            if name == "harness":
                goals(kind, [word == "faster" for word in words], rare=rare > 0)
            blocks = [f"{np.quantile([n for _, n in found], q):.0f}" for q in (0.5, 0.95)]
            yield [kind, name, *shares, " / ".join(blocks)]


def goals(kind: str, faster: list[bool], *, rare: bool) -> None:
    """What is wanted of the harness: hardly ever fooled by rare slow runs, and no gain missed."""
    if rare:
        rate(f"{kind}, one run in twenty is slow: called faster", faster, most=0.1)
    else:
        rate(f"{kind}, no run is slow: the gain is found", faster, least=0.95)


def wrongly_mixed(repeats: int, seed: int) -> str:
    """How often a gain of every run is held to be mixed, looked at after every fourth block."""
    rng = np.random.default_rng(seed)
    found = []
    for kind, noise in noises(rng).items():
        wrong = []
        for _ in range(repeats):
            reference, candidate = (side[:300] for side in drawn(rng, noise, 0.0))
            wrong.append(
                any(
                    Costs.of((reference[:n], 1.02 * candidate[:n]), 0.95, THRESHOLD).held
                    is CostFinding.WORSE
                    for n in range(8, 301, 4)
                )
            )
        found.append(f"{kind}: {sum(wrong)} of {repeats}")
        rate(f"{kind}, no difference: called mixed", wrong, most=0.05)
    return "; ".join(found)


PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
int main(void) {
    long n = 10000000;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned long drawn = now.tv_nsec * 2654435761ul;
    if (CANDIDATE) { n = n / 1.02; if ((drawn >> 16) % 20 == 0) n *= 10; }
    volatile double x = 0;
    for (long i = 0; i < n; i++) x += i * 1e-9;
    puts("done");
    return 0;
}
"""


def real(times: int) -> None:
    """The program itself, by `harness compare` and the usual budget."""
    with tempfile.TemporaryDirectory() as folder:
        for name, flag in (("reference", 0), ("candidate", 1)):
            source = Path(folder, f"{name}.c")
            source.write_text(PROGRAM.replace("CANDIDATE", str(flag)))
            subprocess.run(["cc", "-O2", source, "-o", source.with_suffix("")], check=True)
        for _ in range(times):
            command = [sys.executable, "-m", "harness", "compare", "./reference", "./candidate"]
            said = subprocess.run(
                [*command, "--json"], cwd=folder, capture_output=True, check=False
            )
            found = json.loads(said.stdout)["result"]["comparison"]
            print(f"real: {found['verdict']} after {found['blocks']} blocks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=int, default=0)
    options = parser.parse_args()
    print(rig())
    headers = ["noise", "tool", "called faster", "mixed", "blocks or runs (median / p95)"]
    for title, rare in (("one run in twenty is ten times slower", 0.05), ("no run is", 0.0)):
        table = tabulate(rows(options.repeats, options.seed, rare), headers, "github")
        print(f"\n2 % faster, and {title}\n\n{table}\n")
    print(f"\nNo difference, called mixed: {wrongly_mixed(options.repeats, options.seed)}")
    real(options.real)


if __name__ == "__main__":
    main()
