"""What do campaigns keep that is nothing, and how soon do they find what is something?

    python benchmarks/false_keeps.py [--campaigns 50] [--iterations 15] [--seed 1]

A campaign measures candidates, some of which are no faster than what they are compared with, under
noise of several kinds: heavy tails with stolen time, drift, a neighbour that comes and goes, and
trials recorded in a bad hour (`tests/data/noise_trace.parquet`). It keeps each whose verdict is
`faster`. The user is stubborn: an undecided candidate is looked at for twice as long. Editions 1
and 2 of the rules judge by signs at a level shared out over all looks; edition 3 weighs signs and
sizes, and shares its rate of false keeps out over attempts. Verdicts, intervals and levels are
those of the harness itself, and so is the noise that edition 3 goes by: what trials of one build,
one after the other, differed by at the start and in the last looks.

Prints for each edition and kind of noise: the share of campaigns of nothing that keep anything, the
share of false keeps among all that campaigns with one true gain in three keep, and the blocks until
gains of some sizes are found.

Short form: --campaigns 3.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from figures import rate
from noise_trace import read_trace
from numpy.typing import NDArray
from rig import rig
from tabulate import tabulate

from harness.analysis.weighing import Weighed
from harness.campaign.spending import attempt_confidence, confidence_of
from harness.campaign.values import Terms
from harness.model import Noise, Verdict
from harness.stats.boundary import sign_boundary
from harness.stats.paired import PairedSequence, judge_bounds
from harness.stats.scatter import noise_of, together

Array: TypeAlias = NDArray[np.float64]

TYPICAL_NS = 50_000_000.0
BLOCKS = 40
"""How many blocks the first look at a candidate may take; the second may take twice as many."""
LONGEST = 400
"""Blocks after which a gain counts as not found."""
AT_START = 10
"""Trials of the baseline, one after the other, at the start of a campaign."""

Confidence: TypeAlias = Callable[[int], float]
"""The confidence of a look, by its number in the campaign."""

Trials: TypeAlias = Callable[[np.random.Generator, int], Array]
"""So many trials, one after the other, as factors of their time on an empty machine."""


# -- noise ----------------------------------------------------------------------------------------


def heavy(rng: np.random.Generator, count: int) -> Array:
    """Student's t with 2 degrees of freedom, so that pairs differ by about 2 %."""
    return np.exp(0.014 * rng.standard_t(2, size=count).clip(-20, 20))


def stolen(rng: np.random.Generator, count: int) -> Array:
    """The same, and now and then half as much again is stolen."""
    return heavy(rng, count) * (1 + 0.5 * (rng.random(count) < 0.03))


def drift(rng: np.random.Generator, count: int) -> Array:
    """The same as the first, on a machine whose speed wanders by 20 %."""
    steps, level = rng.standard_normal(count) * 0.2 * math.sqrt(1 - 0.95**2), 0.0
    levels = np.empty(count)
    for i, step in enumerate(steps):
        level = 0.95 * level + step
        levels[i] = level
    return heavy(rng, count) * np.exp(levels)


def neighbour(stay: float) -> Trials:
    """A neighbour that makes a trial 1.7 times as long and stays for so many trials in the mean."""

    def trials(rng: np.random.Generator, count: int) -> Array:
        turns = rng.random(count) < 1 / stay
        here = (np.cumsum(turns) + (rng.random() < 0.5)) % 2
        return heavy(rng, count) * np.where(here == 1, 1.7, 1.0)

    return trials


def recorded() -> Trials:
    """Wall times of identical programs as they were recorded, one after the other."""
    trace = read_trace()
    pairs = trace.wall_ns[:, :2]
    order = np.argsort(trace.position[:, :2], axis=1)
    every = np.take_along_axis(pairs, order, axis=1).ravel()

    def trials(rng: np.random.Generator, count: int) -> Array:
        start = int(rng.integers(0, len(every) - count))
        found: Array = every[start : start + count] / np.median(every)
        return found

    return trials


def kinds() -> dict[str, tuple[Trials, Trials]]:
    """Noise at the start of a campaign, and while it measures, by name."""
    return {
        "heavy tails": (heavy, heavy),
        "heavy tails, stolen time": (stolen, stolen),
        "drift": (drift, drift),
        "neighbour, 20 trials": (neighbour(20), neighbour(20)),
        "neighbour, 5 trials": (neighbour(5), neighbour(5)),
        "neighbour, 2 trials, calm at the start": (heavy, neighbour(2)),
        "recorded, a bad hour": (recorded(), recorded()),
    }


def blocks_of(rng: np.random.Generator, trials: Trials, count: int, gain: float) -> Array:
    """Reference and candidate of so many blocks, in ns; the candidate is `gain` faster."""
    pairs = trials(rng, 2 * count).reshape(count, 2)
    swapped = rng.random(count) < 0.5
    times = np.where(swapped[:, None], pairs[:, ::-1], pairs)
    found: Array = TYPICAL_NS * times / np.array([1.0, gain])
    return found


# -- editions of the rules -------------------------------------------------------------------------


def look(times: Array, confidence: float, threshold: float) -> tuple[Verdict, int]:
    """Signs alone: the verdict of a look that stops as soon as it is sure, and its blocks."""
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


def weighed_look(
    times: Array, confidence: float, threshold: float, before: Noise
) -> tuple[Verdict, int]:
    """Signs and sizes: the same."""
    sequence = PairedSequence(sign_boundary(confidence), resolution=1.0)
    for number, (reference, candidate) in enumerate(times, start=1):
        sequence.add(float(reference), float(candidate))
        verdict = Weighed.of(sequence, before, confidence, threshold).verdict
        if verdict is not Verdict.UNDECIDED:
            return verdict, number
    return Verdict.UNDECIDED, len(times)


class Signs:
    """A campaign by editions 1 and 2; without spending where every look has one confidence."""

    def __init__(self, terms: Terms, start: Array, confidence: Confidence | None = None) -> None:
        self._terms, self._looks = terms, 0
        self._confidence = confidence or (lambda look: confidence_of(look, terms))

    def attempt(self, times: Array) -> tuple[Verdict, int]:
        """Measure a candidate; where that decides nothing, begin a longer look."""
        first, rest = times[: len(times) // 3], times[len(times) // 3 :]
        spent = 0
        for part in (first, rest):
            self._looks += 1
            confidence = self._confidence(self._looks)
            verdict, blocks = look(part, confidence, self._terms.threshold)
            spent += blocks
            if verdict is not Verdict.UNDECIDED:
                break
        return verdict, spent


@dataclass(slots=True)
class WeighedCampaign:
    """A campaign by edition 3."""

    terms: Terms
    noises: list[Noise]
    attempts: int = 0
    kept: int = 0
    recent: int = field(default=3)

    def attempt(self, times: Array) -> tuple[Verdict, int]:
        """Measure a candidate; a longer look at it goes on with its evidence."""
        self.attempts += 1
        confidence = attempt_confidence(self.attempts, self.kept, self.terms)
        before = together(self.noises[-self.recent :])
        verdict, blocks = weighed_look(times, confidence, self.terms.threshold, before)
        self.noises.append(noise_of(times[:blocks].T))
        self.kept += verdict is Verdict.FASTER
        return verdict, blocks


Campaign: TypeAlias = Signs | WeighedCampaign
Edition: TypeAlias = Callable[[Array], Campaign]
"""Begins a campaign whose baseline took these times."""


def editions(iterations: int) -> dict[str, Edition]:
    old = Terms("nothing", "fast", max_iterations=iterations, rules=2)
    new = Terms("nothing", "fast", max_iterations=iterations, rules=3)
    return {
        "every look at 95 %": lambda start: Signs(old, start, every_look),
        "edition 2": lambda start: Signs(old, start),
        "edition 3": lambda start: WeighedCampaign(new, [noise_of([start])]),
    }


def every_look(number: int) -> float:
    """The confidence of one who counts no looks."""
    return 0.95


# -- what is asked ---------------------------------------------------------------------------------

GAINS = (2.0, 1.2, 1.05)
"""True gains that campaigns of some gains have."""


def campaign(
    rng: np.random.Generator, begin: Edition, noise: tuple[Trials, Trials], gains: Iterator[float]
) -> tuple[int, int]:
    """How many changes a campaign keeps, and how many of them are nothing."""
    calm, busy = noise
    running = begin(TYPICAL_NS * calm(rng, AT_START))
    kept = wrong = 0
    for gain in gains:
        verdict, _ = running.attempt(blocks_of(rng, busy, 3 * BLOCKS, gain))
        kept += verdict is Verdict.FASTER
        wrong += verdict is Verdict.FASTER and gain <= 1
    return kept, wrong


def nothing(count: int) -> Iterator[float]:
    """Changes that do nothing."""
    return iter([1.0] * count)


def mixed(rng: np.random.Generator, count: int) -> Iterator[float]:
    """One true gain in three, in the mean."""
    true = rng.random(count) < 1 / 3
    return iter(np.where(true, rng.choice(GAINS, size=count), 1.0).tolist())


def blocks_to_find(begin: Edition, noise: tuple[Trials, Trials], gain: float, seeds: range) -> str:
    """The blocks until a first candidate of a true gain is kept: in the median, and in 9 of 10."""
    needed = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        running = begin(TYPICAL_NS * noise[0](rng, AT_START))
        verdict, blocks = running.attempt(blocks_of(rng, noise[1], 3 * LONGEST, gain))
        needed.append(blocks if verdict is Verdict.FASTER and blocks <= LONGEST else math.inf)
    middle, late = (np.quantile(needed, q, method="higher") for q in (0.5, 0.9))
    return f"{middle:g} / {late:g}"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the campaigns of one edition kept under one kind of noise."""

    any_of_nothing: list[bool]
    shares: list[float]
    """By campaign, the share of kept changes that were nothing; 0 where nothing was kept."""
    missed: int
    """True gains of 20 % and more that were not kept, in all."""


def keeps(begin: Edition, noise: tuple[Trials, Trials], given: argparse.Namespace) -> Kept:
    """Run the campaigns."""
    hits, shares, missed = [], [], 0
    for number in range(given.campaigns):
        rng = np.random.default_rng((given.seed, number))
        kept, _ = campaign(rng, begin, noise, nothing(given.iterations))
        hits.append(kept > 0)
        changes = list(mixed(rng, given.iterations))
        kept, wrong = campaign(rng, begin, noise, iter(changes))
        shares.append(wrong / kept if kept else 0.0)
        missed += max(0, sum(gain >= 1.2 for gain in changes) - (kept - wrong))
    return Kept(hits, shares, missed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--campaigns", type=int, default=50)
    parser.add_argument("--iterations", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(rig())
    print(f"{given.campaigns} campaigns of {given.iterations} changes, seed {given.seed}")
    started = time.monotonic()
    rows = []
    for kind, noise in kinds().items():
        for name, begin in editions(given.iterations).items():
            found = keeps(begin, noise, given)
            share = float(np.mean(found.shares))
            seeds = range(given.seed, given.seed + max(5, given.campaigns // 10))
            costs = [blocks_to_find(begin, noise, g, seeds) for g in (3.0, 2.0, 1.2, 1.05, 1.03)]
            any_kept = float(np.mean(found.any_of_nothing))
            rows.append([kind, name, f"{any_kept:.1%}", f"{share:.2%}", found.missed, *costs])
            if name == "edition 3":
                rate(f"campaigns of nothing that keep any: {kind}", found.any_of_nothing, most=0.05)
    headers = ["noise", "rules", "of nothing, any kept", "false among kept", "20 % missed"]
    print(tabulate(rows, [*headers, "3x", "2x", "1.2x", "1.05x", "1.03x"], "github"))
    print("blocks until found: median / 9 in 10")
    print(f"({time.monotonic() - started:.0f} s)")


if __name__ == "__main__":
    main()
