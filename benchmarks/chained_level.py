"""How often is what a campaign says of all its gains together right, and how far off is it?

    python benchmarks/chained_level.py                 40 campaigns under each kind of noise
    python benchmarks/chained_level.py --campaigns 3   a short form, two minutes

A campaign of fifteen changes, of which one in three is a gain in the mean, keeps each whose look is
sure of one. Looks are weighed, ended and measured afresh as the harness does it, under the kinds of
noise of `false_keeps.py`. What is said at the end is the product of the kept steps, with the
product of their ends. The truth is known: the product of the true gains that were kept. Told of
each kind of noise are the share of campaigns that kept anything that is nothing, and the mean share
of that among what is kept; of the campaigns that kept anything how often the interval holds the
truth, beside the confidence that is said in the mean (by the doubts of all attempts, and by those
of the kept ones alone, as before the seventh edition of the rules); and how far the point is from
the truth, and by how much it claims too much, in the mean.

The confidences are arithmetic: the first lines say what they are where all fifteen are kept, and
where the fourth one alone is.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from false_keeps import AT_START, BLOCKS, TYPICAL_NS, Trials, blocks_of, kinds, mixed
from figures import figure, rate
from numpy.typing import NDArray
from rig import rig
from tabulate import tabulate

from harness.analysis.confirming import OBVIOUS, Fresh, confirmed_at
from harness.analysis.weighing import Weighed
from harness.campaign.chained_ratio import doubted, product
from harness.campaign.chaining import RECENT
from harness.campaign.spending import attempt_confidence
from harness.campaign.values import RULES, Ratio, Terms
from harness.model import Noise, Verdict
from harness.stats.boundary import sign_boundary
from harness.stats.paired import PairedSequence
from harness.stats.scatter import noise_of, together

Array: TypeAlias = NDArray[np.float64]

ATTEMPTS = 15
TERMS = Terms("simulated", "fast", max_iterations=ATTEMPTS, rules=RULES)


@dataclass(frozen=True, slots=True)
class Told:
    """What a campaign says of all that it kept, beside what is so."""

    kept: int
    false_keeps: int
    truth: float
    """The product of the true gains of what was kept."""
    whole: Ratio
    """The product of the kept steps, at the confidence that their own doubts leave."""
    confidence: float
    """What the doubts of all attempts leave."""

    @property
    def holds(self) -> bool:
        return self.whole.low <= self.truth <= self.whole.high

    @property
    def claimed(self) -> float:
        """The log of what the point claims over the truth."""
        return math.log(self.whole.point / self.truth)


def look(times: Array, confidence: float, before: Noise) -> tuple[Ratio, int]:
    """A look at a candidate, which goes on for fresh blocks where it gains; and its blocks."""
    sequence, end, sure_at = (
        PairedSequence(sign_boundary(confidence), resolution=1.0),
        len(times),
        0,
    )
    for number, (reference, candidate) in enumerate(times, start=1):
        sequence.add(float(reference), float(candidate))
        if not sure_at:
            weighed = Weighed.of(sequence, before, confidence, TERMS.threshold)
            if weighed.verdict is not Verdict.UNDECIDED:
                sure_at, end = number, min(len(times), ended_at(weighed, number))
        if number >= end:
            break
    weighed = Weighed.of(sequence, before, confidence, TERMS.threshold)
    told = Fresh.of(sequence.ratios, sure_at or number).told(weighed.interval())
    ends = (math.exp(end) for end in (told.point, told.low, told.high))
    return Ratio(*ends, confidence, weighed.verdict), number


def ended_at(weighed: Weighed, sure_at: int) -> int:
    """After how many blocks a look ends that is sure now."""
    afresh = weighed.verdict is Verdict.FASTER and weighed.interval().low <= OBVIOUS
    return confirmed_at(sure_at) if afresh else sure_at


def campaign(
    rng: np.random.Generator, noise: tuple[Trials, Trials], gains: Iterable[float]
) -> Told:
    """A campaign of changes of these true gains."""
    calm, busy = noise
    noises, kept, true, confidences = [noise_of([TYPICAL_NS * calm(rng, AT_START)])], [], [], []
    for attempt, gain in enumerate(gains, start=1):
        confidences.append(attempt_confidence(attempt, len(kept), TERMS))
        times = blocks_of(rng, busy, 3 * BLOCKS, gain)
        step, blocks = look(times, confidences[-1], together(noises[-RECENT:]))
        noises.append(noise_of(times[:blocks].T))
        if step.verdict is Verdict.FASTER:
            kept.append(step)
            true.append(gain)
    whole = product(kept)
    false_keeps = sum(gain <= 1 for gain in true)
    return Told(len(kept), false_keeps, math.prod(true), whole, left_by(whole, confidences))


def left_by(whole: Ratio, confidences: Sequence[float]) -> float:
    """The confidence that the doubts of attempts leave."""
    return doubted(whole, sum(1 - each for each in confidences)).confidence


def said_of(kept: Sequence[int]) -> tuple[float, float]:
    """The confidence where these of all attempts are kept: by all doubts, and by the kept ones'."""
    each = [
        attempt_confidence(attempt, sum(k < attempt for k in kept), TERMS)
        for attempt in range(1, ATTEMPTS + 1)
    ]
    nothing = product([])
    return left_by(nothing, each), left_by(nothing, [each[attempt - 1] for attempt in kept])


def arithmetic() -> None:
    """Print what is said where all attempts are kept, and where one is."""
    every, _ = said_of(range(1, ATTEMPTS + 1))
    one, before = said_of([4])
    figure("said of 15 attempts, all kept", f"{every:.1%}", "48 %", round(every, 2) == 0.48)
    figure("said of 15, the fourth kept", f"{one:.1%}", "86 %", round(one, 2) == 0.86)
    figure("the same before edition 7", f"{before:.1%}", "99.4 %", round(before, 3) == 0.994)


def rows(campaigns: int, seed: int) -> Iterator[list[str]]:
    """For each kind of noise what its campaigns say; their figures are printed on the way."""
    for kind, noise in kinds().items():
        found = []
        for number in range(campaigns):
            rng = np.random.default_rng((seed, number))
            gains = list(mixed(rng, ATTEMPTS))
            found.append(campaign(rng, noise, gains))
        some = [told for told in found if told.kept]
        said = float(np.mean([told.confidence for told in some]))
        alone = float(np.mean([told.whole.confidence for told in some]))
        share = float(np.mean([told.false_keeps / max(told.kept, 1) for told in found]))
        holds = [told.holds for told in some]
        claims = np.array([told.claimed for told in some])
        rate(f"the product holds the truth: {kind}", holds, least=said)
        figure(f"false among kept: {kind}", f"{share:.1%}", "at most 5 %", share <= 0.05)
        any_false = float(np.mean([told.false_keeps > 0 for told in found]))
        row = (any_false, share, float(np.mean(holds)), said, alone)
        shares = [f"{each:.1%}" for each in row]
        off = (np.mean(np.abs(claims)), np.mean(claims))
        yield [kind, *shares, *(f"{math.expm1(each):+.2%}" for each in off)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--campaigns", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(rig())
    print(f"{given.campaigns} campaigns of {ATTEMPTS} changes, seed {given.seed}")
    started = time.monotonic()
    arithmetic()
    table = list(rows(given.campaigns, given.seed))
    headers = ["noise", "any false keep", "false among kept", "holds the truth"]
    headers += ["said", "said before edition 7", "off by (mean)", "claims too much (mean)"]
    print(tabulate(table, headers, "github", disable_numparse=True))
    print(f"({time.monotonic() - started:.0f} s)")


if __name__ == "__main__":
    main()
