"""From the fast case to the full one: does the gain hold, and how does time grow?"""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import (
    CaseBench,
    Comparison,
    Estimate,
    Gain,
    Metric,
    Scale,
    SideFigures,
    Verdict,
)


def scale_of(cases: Sequence[CaseBench], reference: str, current: str) -> Scale | None:
    """The scale of two measured cases, fast and full; None where there are not two.

    Growth is of CPU time where that decides on either case: then wall time is of no use there.
    """
    if len(cases) != 2 or any(reference not in case.comparisons for case in cases):
        return None
    fast, full = cases
    comparisons = [case.comparisons[reference] for case in cases]
    by_cpu = any(comparison.metric is Metric.CPU for comparison in comparisons)
    metric = Metric.CPU if by_cpu else Metric.WALL
    growth = {
        label: grown
        for label in (reference, current)
        if (grown := _growth(*(_time(case.sides[label], metric) for case in (fast, full))))
    }
    return Scale(_gain(*comparisons), growth, metric)


def _gain(fast: Comparison, full: Comparison) -> Gain:
    if fast.verdict is not Verdict.FASTER:
        return Gain.NONE
    if full.verdict is Verdict.UNDECIDED:
        return Gain.UNDECIDED
    if full.verdict is not Verdict.FASTER:
        return Gain.GONE
    # Each case may be decided by another metric: how much is gained is compared by one of them.
    before = (
        fast.ratio if fast.metric is full.metric else fast.evidence.get(full.metric, fast.ratio)
    )
    if full.ratio.low > before.high:
        return Gain.GROWS
    return Gain.SHRINKS if full.ratio.high < before.low else Gain.HOLDS


def _time(side: SideFigures, metric: Metric) -> Estimate | None:
    return side.cpu_ns if metric is Metric.CPU else side.wall_ns


def _growth(fast: Estimate | None, full: Estimate | None) -> Estimate | None:
    """The ratio of two medians that were not paired: its interval takes both at their worst."""
    if fast is None or full is None or fast.low <= 0:
        return None
    return Estimate(
        "ratio of medians",
        full.point / fast.point,
        full.low / fast.high,
        full.high / fast.low,
        min(fast.confidence, full.confidence),
    )
