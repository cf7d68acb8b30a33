"""Ratios of successive states of a program as one; pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.campaign.values import UNBOUNDED, Ratio
from harness.model import Verdict

_LEAST_CONFIDENCE = 0.01


def product(steps: Sequence[Ratio]) -> Ratio:
    """Ratios of successive states as the ratio of the last to the first."""
    point, low, high, doubt = 1.0, 1.0, 1.0, 0.0
    for step in steps:
        point, low, high = point * step.point, low * step.low, high * step.high
        doubt += 1 - step.confidence
    confidence = max(1 - doubt, _LEAST_CONFIDENCE)
    low, high = max(low, 1 / UNBOUNDED), min(high, UNBOUNDED)
    verdict = Verdict.UNDECIDED
    if low > 1:
        verdict = Verdict.FASTER
    elif high < 1:
        verdict = Verdict.SLOWER
    elif len(steps) == 1:
        verdict = steps[0].verdict
    return Ratio(point, low, high, confidence, verdict)
