"""What the race of an iteration that was not kept leaves to be tried; pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.campaign.iteration import Iteration, TriedVariant
from harness.render.units import show_factor

_MAY_GAIN = ("not told apart", "part of the best", "behind the best", "worse")
"""The ranks of those that ran to their end, were right, and may gain."""


def next_best(iteration: Iteration) -> TriedVariant | None:
    """The best of those that gained in the race beside the one that was taken, which failed."""
    if not (iteration.taken and iteration.outcome.failed):
        return None
    gained = [
        variant
        for variant in iteration.tried
        if variant.rank in _MAY_GAIN and variant.ratio is not None and variant.ratio[0] > 1
        if variant.commit and not variant.chosen
    ]
    return max(gained, key=lambda v: v.ratio[1] if v.ratio else 0.0, default=None)


def next_best_words(iterations: Sequence[Iteration]) -> str:
    """Which other variant of the last race gained, and how it is tried; empty: none did."""
    found = next_best(iterations[-1]) if iterations else None
    if found is None or found.ratio is None:
        return ""
    return (
        f"{found.name} gained in the last race too ({show_factor(found.ratio[1])}), and was not"
        f" measured: `harness try {found.commit[:12]}` races it again after the plan; "
    )
