"""How often does a whole campaign of changes that do nothing keep one of them?

    python benchmarks/false_keeps.py [--campaigns 1000] [--iterations 50] [--seed 1]

Each campaign measures 50 candidates that are no faster than what they are compared with, under
heavy-tailed noise (Student's t with 2 degrees of freedom, and now and then a block during which
time was stolen from one side), and keeps each whose verdict is `faster`. The user is stubborn: an
undecided candidate is measured again with twice the blocks. The verdict, its interval and the
confidence of each look are those of the harness itself. Prints the share of campaigns with any
false keep, at the level of the campaign and, for comparison, with every look at 95 %; then what
the care costs: how many blocks a true gain needs until it is found.

Short form: --campaigns 30.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from figures import rate
from rig import rig

from harness.campaign.spending import confidence_of
from harness.campaign.values import Terms
from harness.model import Verdict
from harness.stats.boundary import sign_boundary
from harness.stats.paired import PairedSequence, judge_bounds

TYPICAL_NS = 50_000_000.0
BLOCKS = 40
"""How many blocks the first look at a candidate may take; the second may take twice as many."""

Confidence = Callable[[int], float]
"""The confidence of a look, by its number in the campaign."""


@dataclass(frozen=True, slots=True)
class Noise:
    """What the machine adds to every trial."""

    scale: float = 0.02
    """The scale of the noise, Student's t with 2 degrees of freedom, as a share of the time."""
    stolen: float = 0.03
    """The share of trials during which half as much again was stolen."""

    def times(self, rng: np.random.Generator, count: int, gain: float) -> np.ndarray:
        """Reference and candidate of `count` blocks, in ns; the candidate is `gain` faster."""
        noise = np.exp(self.scale * rng.standard_t(2, size=(count, 2)).clip(-20, 20))
        stolen = 1 + 0.5 * (rng.random((count, 2)) < self.stolen)
        drift = np.exp(0.2 * rng.standard_normal((count, 1)))
        return TYPICAL_NS * noise * stolen * drift / np.array([1.0, gain])


def look(times: np.ndarray, confidence: float, threshold: float) -> tuple[Verdict, int]:
    """The verdict of one look that stops as soon as it is sure, and the blocks it took."""
    boundary = sign_boundary(confidence)
    sequence = PairedSequence(boundary, resolution=1.0)
    first = boundary.first_proof()
    for number, (reference, candidate) in enumerate(times, start=1):
        sequence.add(float(reference), float(candidate))
        if number >= first:
            verdict = judge_bounds(sequence.bounds, threshold)
            if verdict is not Verdict.UNDECIDED:
                return verdict, number
    return Verdict.UNDECIDED, len(times)


def false_keeps(
    rng: np.random.Generator, terms: Terms, confidence: Confidence, noise: Noise
) -> int:
    """How many of a campaign's changes that do nothing are kept."""
    kept = looks = 0
    for _ in range(terms.max_iterations):
        for blocks in (BLOCKS, 2 * BLOCKS):
            looks += 1
            times = noise.times(rng, blocks, 1.0)
            verdict, _ = look(times, confidence(looks), terms.threshold)
            if verdict is not Verdict.UNDECIDED:
                break
        kept += verdict is Verdict.FASTER
    return kept


def share_of_campaigns(
    campaigns: int, terms: Terms, confidence: Confidence, seed: int
) -> tuple[int, int]:
    """How many campaigns kept anything, and how many keeps there were."""
    rng = np.random.default_rng(seed)
    kept = [false_keeps(rng, terms, confidence, Noise()) for _ in range(campaigns)]
    return sum(k > 0 for k in kept), sum(kept)


def blocks_to_find(gain: float, confidence: float, repeats: int, seed: int) -> float:
    """The median number of blocks until a true gain is called faster; inf: not within 400."""
    rng = np.random.default_rng(seed)
    needed = []
    for _ in range(repeats):
        verdict, blocks = look(Noise().times(rng, 400, gain), confidence, 0.01)
        needed.append(blocks if verdict is Verdict.FASTER else math.inf)
    return float(np.median(needed))


def every_look(number: int) -> float:
    """The confidence of one who counts no looks."""
    return 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--campaigns", type=int, default=1000)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(rig())
    terms = Terms("nothing", "fast", max_iterations=given.iterations)
    print(
        f"{given.campaigns} campaigns of {given.iterations} changes that do nothing, seed"
        f" {given.seed}; level of a campaign {terms.total_level:.0%}"
    )
    started = time.monotonic()
    levels: dict[str, Confidence] = {
        "level spent over the campaign": lambda n: confidence_of(n, terms),
        "every look at 95 %": every_look,
    }
    for name, confidence in levels.items():
        wrong, kept = share_of_campaigns(given.campaigns, terms, confidence, given.seed)
        share = wrong / given.campaigns
        print(f"{name}: {wrong} campaigns with a false keep ({share:.2%}), {kept} false keeps")
        if confidence is not every_look:
            hits = [True] * wrong + [False] * (given.campaigns - wrong)
            rate("campaigns of changes that do nothing with a false keep", hits, most=0.05)
    print(f"({time.monotonic() - started:.0f} s)")
    print("blocks until a true gain is found (median): at 95 %, and at this campaign's level")
    repeats = max(5, given.campaigns // 20)
    for gain in (1.02, 1.05, 1.1, 1.5):
        cost = [
            blocks_to_find(gain, c, repeats, given.seed) for c in (0.95, confidence_of(1, terms))
        ]
        print(f"  {gain:g}x: {cost[0]:g}, {cost[1]:g}")


if __name__ == "__main__":
    main()
