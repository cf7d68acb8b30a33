"""What the race of an iteration that was not kept leaves to be tried; pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.campaign.iteration import PART, Iteration, TriedVariant
from harness.render.units import show_factor

_MAY_GAIN = ("not told apart", PART, "behind the best", "worse")
"""The ranks of those that ran to their end, were right, and may gain."""


def variant_lines(iteration: Iteration) -> list[str]:
    """The variants of an iteration's race, a line each, and which made its candidate wrong."""
    blamed = "; wrong by itself where the candidate is"
    return [v.line + blamed * (v.commit in iteration.wrong_parts) for v in iteration.tried]


def next_best(iteration: Iteration) -> TriedVariant | None:
    """The best of those that gained in the race beside the one that was taken, which failed."""
    if not (iteration.taken and iteration.outcome.failed):
        return None
    gained = [
        variant
        for variant in iteration.tried
        if variant.rank in _MAY_GAIN and variant.ratio is not None and variant.ratio[0] > 1
        if variant.commit and not variant.chosen
        if variant.commit not in iteration.wrong_parts
    ]
    return max(gained, key=lambda v: v.ratio[1] if v.ratio else 0.0, default=None)


def next_best_words(iterations: Sequence[Iteration]) -> str:
    """Which other variant of the last race gained, and how it is tried; empty: none did."""
    if iterations and (words := _other_parts_words(iterations[-1])):
        return words
    found = next_best(iterations[-1]) if iterations else None
    if found is None or found.ratio is None:
        return ""
    return (
        f"{found.name} gained in the last race too ({show_factor(found.ratio[1])}), and was not"
        f" measured: `harness try {found.commit[:12]}` races it again after the plan; "
    )


def _other_parts_words(iteration: Iteration) -> str:
    """Which part made the candidate wrong, and how the others are tried; empty: it is not known."""
    wrong = [part.name for part in iteration.parts if part.commit in iteration.wrong_parts]
    others = [part for part in iteration.parts if part.commit not in iteration.wrong_parts]
    if not wrong or not others or not iteration.outcome.failed:
        return ""
    calls = " ".join(part.commit[:12] for part in others)
    return (
        f"of the last race's candidate {' and '.join(wrong)} is wrong by itself:"
        f" `harness try {calls}` races the rest of it again after the plan"
        f" ({', '.join(part.name for part in others)}); "
    )
