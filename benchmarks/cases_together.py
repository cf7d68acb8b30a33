"""How often are many cases called wrong where one verdict is said of all of them?

    python benchmarks/cases_together.py                 the families of docs/measurement.md
    python benchmarks/cases_together.py --share 0.25    a short form: a quarter as many

A family is the cases of a campaign: the ratios of each are noise of heavy tails (Student's t with 2
degrees of freedom, 0.6 %) about its effect, looked at after 8, 16, 28 and 48 blocks. Each is judged
at its share of the error, as a campaign does it. Counted are the verdicts on families: of cases
that do not differ, of one that gains beside one that loses, and of one that gains among others; the
last ones also with "not worse" asked at each case's share of the error, not at the whole.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from figures import figure
from numpy.typing import NDArray
from rig import rig

from harness.analysis.weighing import Weighed
from harness.model import Verdict
from harness.model.families import each_confidence, verdict_of_cases
from harness.model.noise import Noise
from harness.stats.boundary import sign_boundary
from harness.stats.paired import ratio_of, sequence_of

LOOKS = (8, 16, 28, 48)
THRESHOLD = 0.01
NOISE = 0.006
WHOLE = 0.025
"""The level of either end of an interval at the whole error."""


def case(chance: np.random.Generator, effect: float) -> NDArray[np.float64]:
    """The times of both sides of a case whose candidate is better by an effect."""
    sides = np.exp(NOISE * chance.standard_t(2, (2, LOOKS[-1])) / 2)
    sides[1] *= np.exp(-effect)
    return sides


def judged(sides: NDArray[np.float64], confidence: float, whole: bool) -> tuple[Verdict, float]:
    """The verdict at the first look that decides; of an open one, the ratio it is not below."""
    for blocks in LOOKS:
        first, second = (list(side[:blocks]) for side in sides)
        found = sequence_of(first, second, sign_boundary(confidence), 1e-9)
        weighed = Weighed.of(found, Noise(), confidence, THRESHOLD)
        if weighed.verdict is not Verdict.UNDECIDED:
            return weighed.verdict, 1.0
    least = replace(weighed, level=WHOLE) if whole else weighed
    return Verdict.UNDECIDED, ratio_of(least.interval().low)


def counted(effects: Sequence[float], families: int, whole: bool = True) -> Counter[Verdict]:
    """How many families of cases with these effects are called what."""
    chance, confidence = np.random.default_rng(17), each_confidence(0.95, len(effects))
    return Counter(
        verdict_of_cases([judged(case(chance, e), confidence, whole) for e in effects], THRESHOLD)
        for _ in range(families)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", type=float, default=1.0, help="of the families, are counted")
    share = parser.parse_args().share
    print(rig())

    def families(count: int) -> int:
        return max(1, round(count * share))

    count = families(40)
    found = counted([0.0] * 100, count)
    wrong = found[Verdict.FASTER] + found[Verdict.SLOWER]
    figure("100 cases alike: called different", f"{wrong} of {count}", "5 %", wrong <= 0.05 * count)
    count = families(20)
    found = counted([0.05, -0.015, *[0.0] * 98], count)
    gains, losses = found[Verdict.FASTER], found[Verdict.SLOWER]
    figure("5 % beside -1.5 %: called a gain", f"{gains} of {count}", "5 %", gains <= 0.05 * count)
    print(f"5 % beside -1.5 %: called worse: {losses} of {count}")
    count, one = families(10), [0.08, *[0.0] * 99]
    gains = counted(one, count)[Verdict.FASTER]
    figure("8 % on one of 100: found", f"{gains} of {count}", "half", gains >= count / 2)
    shared = counted(one, count, whole=False)[Verdict.FASTER]
    print(f'the same with "not worse" at 1/100 of the error: {shared} of {count}')


if __name__ == "__main__":
    main()
