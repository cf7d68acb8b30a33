"""Ratios of successive states of a program as one; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from harness.campaign.iteration import Iteration
from harness.campaign.values import UNBOUNDED, BenchOutcome, Ratio
from harness.model import Verdict

_LEAST_CONFIDENCE = 0.01


def product(steps: Sequence[Ratio]) -> Ratio:
    """Ratios of successive states as the ratio of the last to the first."""
    point, low, high, doubt = 1.0, 1.0, 1.0, 0.0
    for step in steps:
        point, low, high = point * step.point, low * step.low, high * step.high
        doubt += 1 - step.confidence
    low, high = max(low, 1 / UNBOUNDED), min(high, UNBOUNDED)
    verdict = Verdict.UNDECIDED
    if low > 1:
        verdict = Verdict.FASTER
    elif high < 1:
        verdict = Verdict.SLOWER
    elif len(steps) == 1:
        verdict = steps[0].verdict
    return doubted(Ratio(point, low, high, 1.0, verdict), doubt)


def doubted(whole: Ratio, doubt: float) -> Ratio:
    """The same ratio at the confidence that this doubt leaves."""
    return replace(whole, confidence=max(1 - doubt, _LEAST_CONFIDENCE))


def attempts_of(iterations: Sequence[Iteration]) -> list[BenchOutcome]:
    """What the last look at each attempt found; a look that goes on is of the same attempt."""
    return [
        list(looks)[-1][1]
        for iteration in iterations
        for _, looks in groupby(iteration.benches, key=itemgetter(0))
    ]


def doubt_of(attempts: Sequence[BenchOutcome], case: str) -> float:
    """What the intervals of these attempts on a case may err by together.

    A wrong output is never kept, however its times fell, and adds none.
    """
    measured = (c for bench in attempts if bench.correct for c in bench.together)
    return sum(1 - c.step.confidence for c in measured if c.case == case and c.run)
