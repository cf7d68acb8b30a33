"""Do stakes that follow the size of a difference find more than counting signs, in `compare`?

    python benchmarks/size_bets.py                  400 windows or simulated runs of each, a minute
    python benchmarks/size_bets.py --runs 40        a short form

Given all sizes the signs of log-ratios are fair coins, so that a stake may depend on the size of
the difference that is bet on, and on all that came before: such a bet is a martingale whatever the
noise is (`harness.stats.evidence.by_sign`). Candidates: coins at fixed odds, which look at no size;
stakes by size whose width follows the median size so far; those of a campaign, which knows the
noise of identical builds beforehand; and the exact boundary of signs with half of the error beside
stakes by size with the other half. Each is looked at after every block at 95 %, on the recorded bad
hour, on synthetic noise, and on the blocks that campaigns kept (`optim/`), as far as these go.
"""

from __future__ import annotations

import argparse
import bisect
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from figures import figure
from noise_trace import Array, read_trace, share, spread
from rig import rig
from synthetic_traces import NOISES
from tabulate import tabulate

from harness.model import Metric
from harness.stats.boundary import sign_boundary
from harness.stats.evidence import _COINS as COINS
from harness.stats.evidence import _EFFECTS as EFFECTS
from harness.stats.evidence import _POWER as POWER
from harness.stats.evidence import _WIDTHS as WIDTHS

RECORDS = Path(__file__).parents[1] / "optim"
ERROR, MOST = 0.05, 240
BOUND = math.log1p(0.01)
EFFECTS_SHOWN = (0.0, 0.01, 0.02, 0.1)
Refuses = Callable[[Array], Array]
"""From log-ratios to the log of the evidence that their median lies above 0, after each."""


def limit(error: float) -> float:
    """What evidence of either side has to reach."""
    return math.log(2 / error)


def signs(error: float = ERROR) -> Refuses:
    """The exact boundary: beyond every limit where the minority is proof."""
    limits = sign_boundary(1 - error).limits(MOST)

    def found(values: Array) -> Array:
        minority = np.cumsum(values <= 0)
        return np.where(minority <= limits[: len(values)], math.inf, -math.inf)

    return found


def coins(values: Array) -> Array:
    """Fixed odds, whatever the size."""
    won = np.where(values[:, None] > 0, np.log(2 * COINS), np.log(2 * (1 - COINS)))
    return mixed(won)


def mixed(won: Array) -> Array:
    """The log of the mean over bets of what each has won by each block."""
    total = np.cumsum(won, axis=0)
    summed: Array = np.logaddexp.reduce(total, axis=1) - math.log(total.shape[1])
    return summed


def by_size(known: float | None = None) -> Refuses:
    """Stakes by size; `known`: the scale of the noise; None: the median size of earlier blocks."""

    def found(values: Array) -> Array:
        scales = np.full(len(values), known) if known else running(np.abs(values))
        widths = 2 * (scales[:, None, None] * WIDTHS[None, :, None]) ** 2
        at, effects = values[:, None, None], EFFECTS[None, None, :]
        odds = ((widths + (at - effects) ** 2) / (widths + (at + effects) ** 2)) ** POWER
        won = np.log(2 / (1 + odds)).reshape(len(values), -1)
        flat = np.where(values[:, None] > 0, np.log(2 * COINS), np.log(2 * (1 - COINS)))
        return mixed(np.concatenate((won, flat), axis=1))

    return found


def running(sizes: Array) -> Array:
    """The median of the sizes before each block; 1 % before the first."""
    seen: list[float] = []
    medians = []
    for size in sizes:
        medians.append(max(seen[len(seen) // 2], 1e-4) if seen else 0.01)
        bisect.insort(seen, float(size))
    return np.array(medians)


def first(values: Array, refuses: list[tuple[Refuses, float]]) -> tuple[float, float]:
    """When a difference, and when equivalence, is first sure by any of some tests."""
    different = equivalent = math.inf
    for test, error in refuses:
        reach = limit(error)
        different = min(different, *(_at(test(v) >= reach) for v in (values, -values)))
        within = [np.maximum.accumulate(test(v) >= reach) for v in (values + BOUND, BOUND - values)]
        equivalent = min(equivalent, _at(within[0] & within[1]))
    return different, equivalent


def _at(hits: Array) -> float:
    return float(np.argmax(hits)) + 1 if hits.any() else math.inf


def rules(known: float) -> dict[str, list[tuple[Refuses, float]]]:
    """The candidates, each as tests that share the error."""
    return {
        "signs, exact boundary (ours)": [(signs(), ERROR)],
        "coins at fixed odds": [(coins, ERROR)],
        "stakes by size": [(by_size(), ERROR)],
        "stakes by size, noise known": [(by_size(known), ERROR)],
        "signs and stakes by size": [(signs(ERROR / 2), ERROR / 2), (by_size(), ERROR / 2)],
    }


def runs(number: int, seed: int) -> Iterator[tuple[str, float, list[list[Array]]]]:
    """Name, scale of the noise, and for each effect as many runs."""
    rng, trace = np.random.default_rng(seed), read_trace()
    for metric in (Metric.CPU, Metric.WALL):
        ratios = trace.log_ratio("identical", metric)
        starts = rng.integers(len(ratios) - MOST, size=number)
        coin = [rng.choice((-1.0, 1.0), MOST) for _ in starts]  # the order is drawn anew
        same = [ratios[at : at + MOST] * side for at, side in zip(starts, coin, strict=True)]
        scale = float(np.quantile(np.abs(ratios), 0.5))
        of_effects = [[each + math.log1p(e) for each in same] for e in EFFECTS_SHOWN]
        yield f"recorded, {metric.value}", scale, of_effects
    for name, noise in NOISES.items():
        sides = [[noise(rng, MOST, 0.01) for _ in range(2)] for _ in range(number)]
        same = [(one - other) * rng.choice((-1.0, 1.0), MOST) for one, other in sides]
        scale = float(np.quantile(np.abs(np.concatenate(same)), 0.5))
        yield name, scale, [[s + math.log1p(e) for s in same] for e in EFFECTS_SHOWN]


def recorded_looks() -> Iterator[Array]:
    """The log-ratios of each look that a campaign kept, until it ended."""
    import pandas as pd

    for path in sorted(RECORDS.glob("*/runs/*.parquet")):
        rows = pd.read_parquet(path, columns=["target", "block", "wall_ns", "warmup"])
        times = rows[~rows.warmup].pivot_table(index="block", columns="target", values="wall_ns")
        reference = "kept" if "kept" in times else "baseline"
        if {reference, "current"} <= set(times.columns):
            yield np.log(times[reference] / times["current"]).dropna().to_numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(rig())
    rows, gains = [], []
    for noise, scale, of_effects in runs(options.runs, options.seed):
        middle = {}
        for name, tests in rules(scale).items():
            found = [[first(each, tests) for each in drawn] for drawn in of_effects]
            sure = [[different for different, _ in of_effect] for of_effect in found]
            same = [equivalent for _, equivalent in found[0]]
            rows.append([noise, name, share(sure[0]), *map(spread, sure[1:]), spread(same)])
            middle[name] = [float(np.median(each)) for each in (*sure[1:], same)]
        ours, bets = (middle[name] for name in ("signs, exact boundary (ours)", "stakes by size"))
        both = zip(ours, bets, strict=True)
        gains += [a / b for a, b in both if math.isfinite(a) and math.isfinite(b)]
    headers = ["noise", "rule", "identical called different"]
    headers += [f"{effect:.0%}: blocks (median / p95)" for effect in EFFECTS_SHOWN[1:]]
    print(f"\n{tabulate(rows, [*headers, 'equivalent: blocks'], 'github')}\n")
    looks = [each for each in recorded_looks() if len(each) >= 4]
    rows = [
        [name, share(sure), f"{np.mean(np.minimum(sure, [len(each) for each in looks])):.1f}"]
        for name, tests in rules(0.02).items()
        for sure in [[min(first(each, tests)) for each in looks]]
    ]
    headers = ["rule", "looks decided by the blocks that were kept", "blocks (mean)"]
    print(f"{len(looks)} looks of recorded campaigns:\n\n{tabulate(rows, headers, 'github')}\n")
    worst, middle_gain = min(gains), float(np.median(gains))
    figure(
        "signs do as well: their blocks over those of stakes by size, median and worst",
        f"{middle_gain:.2f}, {worst:.2f}",
        "below 1.1, or now and then below 0.95; else stakes by size are to be adopted",
        (middle_gain < 1.1 or worst < 0.95) if options.runs >= 100 else None,
    )


if __name__ == "__main__":
    main()
