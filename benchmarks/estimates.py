"""By how much does the point of a gain flatter, and what does measuring it afresh cost?

    python benchmarks/estimates.py                  400 simulated looks of each kind, some minutes
    python benchmarks/estimates.py --repeats 100    a short form

Looks of a campaign are simulated by its own rule and judge: blocks of two trials, at most `--most`,
whose log-ratios are noise about a gain of 1, 2 or 5 %. Each is ended as it is ended for real, once
by the rules before the sixth edition, where the point is the median of all blocks, and once by
those since, where it is that of blocks made after the gain was sure. Told is the median over looks
of the logged gain, of all looks and of those alone that said `faster`, with its share above the
truth: half, of a point that does not flatter.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from figures import figure
from noise_trace import Trace, read_trace
from numpy.typing import NDArray
from rig import rig
from tabulate import tabulate

from harness.analysis import Judge, Question, Span, sequential_rule, weighing_rule
from harness.analysis.schedule import Block, StopRule
from harness.model import Metric, Mode, Trial, TrialRecord, TrialStatus, Verdict
from harness.model.noise import Noise

EFFECTS = (0.01, 0.02, 0.05)
SIDES = ("a", "b")
WORK_NS = 40_000_000
Draw = Callable[[int], NDArray[np.float64]]


def noises(rng: np.random.Generator, trace: Trace) -> dict[str, tuple[Draw, float]]:
    """Noise of log-ratios within blocks, and the scale that a campaign knows of it."""
    seen = trace.log_ratio("identical", Metric.CPU)

    def recorded(n: int) -> NDArray[np.float64]:
        start = int(rng.integers(len(seen) - n))
        return seen[start : start + n] * rng.choice((-1.0, 1.0), n)  # the order is drawn anew

    return {
        "Gaussian, 2 %": (lambda n: rng.normal(0.0, 0.02, n), 0.02),
        "heavy (t, 2 degrees), 1 %": (lambda n: 0.01 * rng.standard_t(2, n), 0.01),
        "recorded, CPU time": (recorded, 0.015),
    }


def block_of(number: int, log_ratio: float) -> Block:
    """A block of two trials whose log-ratio is given."""
    times = (WORK_NS * math.exp(log_ratio), WORK_NS)
    return {
        name: [
            TrialRecord(
                *("simulated", "work", "one", name, "c", "c", "digest", Mode.COLD),
                block=number,
                position=at,
                warmup=False,
                started_at_ns=number * 100_000_000 + at * 50_000_000,
                trial=Trial(TrialStatus.OK, wall_ns=round(ns), user_ns=round(ns)),
            )
        ]
        for at, (name, ns) in enumerate(zip(SIDES, times, strict=True))
    }


def ended(rule: StopRule, question: Question, ratios: NDArray[np.float64]) -> Judge:
    """A look that goes on until its rule ends it, as a judge of its blocks."""
    blocks: list[Block] = []
    for number, ratio in enumerate(ratios):
        blocks.append(block_of(number, float(ratio)))
        if rule(blocks) is not None:
            break
    judge = Judge(*SIDES, question)
    judge.read(blocks)
    return judge


def kinds(scale: float, most: int) -> Iterator[tuple[str, Question, Callable[[], StopRule]]]:
    """Name, question and rule of each way to end a run."""
    asked = Question(Metric.WALL, 0.95, 0.01, noise=Noise(20, scale), early=False)
    span = Span(max_blocks=most)
    fresh = replace(asked, confirm=True)
    yield "campaign, all blocks", asked, lambda: weighing_rule(SIDES, asked, span)
    yield "campaign, fresh blocks", fresh, lambda: weighing_rule(SIDES, fresh, span)
    compared = Question(Metric.WALL, 0.95, 0.01)
    old, sure = replace(compared, late=False), replace(compared, confirm=True)

    def compare(question: Question, look_on_ns: float) -> Callable[[], StopRule]:
        return lambda: sequential_rule("a", question, most, look_on_ns=look_on_ns)

    yield "compare, all blocks", old, compare(old, 3e9)
    yield "compare", compared, compare(compared, 3e9)
    yield "compare, no look for slow runs", compared, compare(compared, 0.0)
    yield "compare --confirm", sure, compare(sure, 0.0)


def rows(repeats: int, most: int, seed: int) -> Iterator[tuple[tuple[str, ...], list[float]]]:
    """For each noise, effect and rule: the logged logs of gains, and the blocks."""
    rng = np.random.default_rng(seed)
    for noise, (draw, scale) in noises(rng, read_trace()).items():
        for effect in EFFECTS:
            drawn = [draw(most) + math.log1p(effect) for _ in range(repeats)]
            for name, question, rule in kinds(scale, most):
                judges = [ended(rule(), question, ratios) for ratios in drawn]
                points = np.array([math.expm1(j.interval.point) for j in judges])
                gains = np.array([j.verdict is Verdict.FASTER for j in judges])
                told = points[gains] if gains.any() else np.array([math.nan])
                spread = float(np.median(np.abs(told - effect)))
                of_all = float(np.median(points))
                of_gains, above = float(np.median(told)), float(np.mean(told > effect))
                blocks = float(np.median([len(j.pairs) for j in judges]))
                yield (
                    (noise, f"{effect:.0%}", name),
                    [float(gains.mean()), of_all, of_gains, above, spread, blocks],
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--most", type=int, default=300, help="blocks of a look")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(rig())
    shown, flatters = [], []
    for (noise, effect, name), found in rows(options.repeats, options.most, options.seed):
        gains, of_all, of_gains, above, spread, blocks = found
        if name == "campaign, fresh blocks":
            flatters.append(above)
        shares = (f"{100 * x:.2f} %" for x in (of_all, of_gains))
        rest = (f"{above:.0%}", f"{100 * spread:.2f} %", f"{blocks:.0f}")
        shown.append([noise, effect, name, f"{gains:.0%}", *shares, *rest])
    headers = ["noise", "gain", "rule", "found", "logged: all looks", "logged: gains"]
    headers += ["above the truth", "off by (median)", "blocks (median)"]
    print(f"\n{tabulate(shown, headers, 'github', disable_numparse=True)}\n")
    worst = max(flatters, key=lambda share: abs(share - 0.5))
    # Of n looks the share above is within two standard errors of a half 19 times in 20.
    slack = 3 / (2 * math.sqrt(options.repeats / 2))
    figure(
        "points of gains above the truth, the worst",
        f"{worst:.0%}",
        f"half, within {slack:.0%}",
        abs(worst - 0.5) <= slack if options.repeats >= 100 else None,
    )


if __name__ == "__main__":
    main()
