"""From the fast case to the full one: does the gain hold, and how does time grow?"""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import CaseBench, Comparison, Estimate, Gain, Scale, Verdict


def scale_of(cases: Sequence[CaseBench], reference: str, current: str) -> Scale | None:
    """The scale of two measured cases, fast and full; None where there are not two."""
    if len(cases) != 2 or any(reference not in case.comparisons for case in cases):
        return None
    fast, full = cases
    gain = _gain(fast.comparisons[reference], full.comparisons[reference])
    growth = {
        label: grown
        for label in (reference, current)
        if (grown := _growth(fast.sides[label].wall_ns, full.sides[label].wall_ns)) is not None
    }
    return Scale(gain, growth)


def _gain(fast: Comparison, full: Comparison) -> Gain:
    if fast.verdict is not Verdict.FASTER:
        return Gain.NONE
    if full.verdict is Verdict.UNDECIDED:
        return Gain.UNDECIDED
    if full.verdict is not Verdict.FASTER:
        return Gain.GONE
    if full.ratio.low > fast.ratio.high:
        return Gain.GROWS
    return Gain.SHRINKS if full.ratio.high < fast.ratio.low else Gain.HOLDS


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
