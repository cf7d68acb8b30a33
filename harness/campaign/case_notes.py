"""What a look says of the cases beside the fast one, in words; pure."""

from __future__ import annotations

import json

from harness.campaign.values import BenchOutcome, Ratio, Terms
from harness.render.case_words import words_of_cases
from harness.render.units import NO_INTERVAL, show_beside, show_ratio


def case_words(terms: Terms) -> str:
    """The cases of a campaign, as a line about it names them."""
    together = " + ".join((terms.case, *terms.cases))
    return together + (f", validated on {terms.full_case}" if terms.full_case else "")


def next_campaign(name: str, terms: Terms) -> str:
    """The table of a campaign that goes on from here; the goal is the user's to say."""
    case = f'case = "{terms.case}"'
    if terms.cases:
        case = f"cases = {json.dumps([terms.case, *terms.cases])}"
    full = f'full_case = "{terms.full_case}"\n' if terms.full_case else ""
    return f'[campaigns.{name}-next]\ntarget = "{terms.target}"\n{case}\n{full}'


def interval_words(ratio: Ratio, *bounds: float) -> str:
    """A ratio's interval with its confidence; or that there is none.

    `bounds`: what the interval is held against.
    """
    if not ratio.bounded:
        return f" ({NO_INTERVAL})"
    low, high = (show_beside(end, *bounds) for end in (ratio.low, ratio.high))
    return f" [{low}, {high}] at {100 * ratio.confidence:.6g} %"


def scale_notes(bench: BenchOutcome) -> list[str]:
    """Does the gain hold on the full case? Nothing is said where that was not measured."""
    full, held = bench.full, bench.at_scale
    if full is None or held is None:
        return []
    step, fast = full.step, bench.fast.step
    return [
        f"Full case {full.case}: {show_ratio(step.point)}{interval_words(step)}, against"
        f" {show_ratio(fast.point)} on {bench.fast.case}: the gain {held.value}."
    ]


def case_notes(bench: BenchOutcome) -> list[str]:
    """What each of several cases says, and all of them together; nothing of a single one."""
    if not bench.others:
        return []
    each = "; ".join(
        f"{case.case} {show_ratio(case.step.point)}{interval_words(case.step)}"
        f" {case.step.verdict.value}"
        for case in bench.together
    )
    return [f"{len(bench.together)} cases together, {together_words(bench)}: {each}."]


def together_words(bench: BenchOutcome) -> str:
    """What several cases say together, with the names that matter."""
    return words_of_cases([(c.case, c.step.verdict) for c in bench.together], bench.verdict)
