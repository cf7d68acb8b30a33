"""How many blocks does a verdict take, by how far identical trials lie apart? No trials are run.

    python benchmarks/needed.py                          a table over spreads, half a minute
    python benchmarks/needed.py --block 0.058 --budget 5   in seconds, of a program of 26 ms

The spread is the median size of a log-ratio within blocks of identical programs. Signs see of it
what share of log-ratios lies nearer to 0 than the threshold: with a share s the sign of a
difference from the threshold comes up one way with probability (1 + s) / 2, and a boundary that may
be looked at after every block wants as many blocks as the walk of such a coin takes to reach it.
Both ends of an interval have to get there for `equivalent`, one for a difference of that size. Here
the walks are drawn, with noise of Student's t with 2 degrees (recorded noise is like it) and of
Gauss.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator

import numpy as np
from noise_trace import Array
from tabulate import tabulate

from harness.stats.boundary import sign_boundary

SPREADS = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.035, 0.05)
MOST, SHARE = 3000, 0.95
HALF_OF_T, HALF_OF_GAUSSIAN = math.sqrt(2 / 3), 0.67449
"""The third quartiles of the two laws: half of the sizes lie within."""


def reached(inside: Array) -> Array:
    """When each row of walks is first proof, from whether each difference lies on its side."""
    limits = sign_boundary(0.95).limits(inside.shape[1])
    hits = np.cumsum(~inside.astype(bool), axis=1) <= limits
    return np.where(hits.any(axis=1), np.argmax(hits, axis=1) + 1.0, np.inf)


def blocks_for(noise: Array, effect: float, threshold: float) -> tuple[Array, Array]:
    """The blocks until a difference of this size is sure; and until none is, within a threshold."""
    found = reached(noise + math.log1p(effect) > 0)
    bound = math.log1p(threshold)
    same = np.maximum(reached(noise > -bound), reached(noise < bound))
    return found, same


def drawn(rng: np.random.Generator, walks: int) -> dict[str, Array]:
    """Noise whose median size is 1."""
    return {
        "t, 2 degrees": rng.standard_t(2, (walks, MOST)) / HALF_OF_T,
        "Gaussian": rng.standard_normal((walks, MOST)) / HALF_OF_GAUSSIAN,
    }


def rows(walks: int, seed: int, block: float, budget: float) -> Iterator[list[str]]:
    noises = drawn(np.random.default_rng(seed), walks)
    for name, noise in noises.items():
        for spread in SPREADS:
            cells = []
            for effect in (0.01, 0.005):
                found, same = blocks_for(noise * spread, effect, 0.01)
                cells.append(_shown(found, block, budget))
            yield [name, f"{spread:.2%}", *cells, _shown(same, block, budget)]


def _shown(blocks: Array, block: float, budget: float) -> str:
    """Median and 95th percentile, and how many end within the budget."""
    middle, late = (np.quantile(blocks, q, method="higher") for q in (0.5, SHARE))
    words = " / ".join(f"{n:.0f}" if n < math.inf else f"over {MOST}" for n in (middle, late))
    return f"{words} ({np.mean(blocks * block <= budget):.0%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--walks", type=int, default=400)
    parser.add_argument("--block", type=float, default=0.058, help="seconds of a block of two")
    parser.add_argument("--budget", type=float, default=5.0, help="seconds of blocks")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    within = f"(within {options.budget:g} s of blocks of {options.block:g} s)"
    headers = ["noise", "spread", "1 % found", "0.5 % found", "equivalent within 1 %"]
    table = rows(options.walks, options.seed, options.block, options.budget)
    print(f"Blocks, median / {SHARE:.0%} {within}\n")
    print(tabulate(table, headers, "github", disable_numparse=True))


if __name__ == "__main__":
    main()
