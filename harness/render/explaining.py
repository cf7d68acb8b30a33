"""A comparison in words: the verdict, and what it rests on; pure."""

from __future__ import annotations

import math
import shlex

from harness.model import Comparison, Estimate, Verdict
from harness.model.durations import write_duration
from harness.model.given_values import given_in
from harness.render.costs import cost_rows, doubt, halves, open_tails
from harness.render.guard_rows import GUARD_HEADERS, guard_rows
from harness.render.tables import by_metric, layout, opposite, shown_ratio
from harness.render.units import (
    MUCH_SLOWER,
    better_word,
    show_confidence,
    show_if_any,
    show_share,
    show_speed_up,
    worse_word,
)

SMALL = 0.02
"""Smaller differences are said with the number of layouts that they rest on."""

_BY_NO_SIZE = 1e6
"""What is larger, as a share, stands for a direction without a size: of zeros, or of two signs."""


def explain(comparison: Comparison) -> str:
    """A verdict with its evidence, for people."""
    c = comparison
    lines = [
        headline(c),
        "",
        layout(["metric", speed_up_word(c), ""], [*evidence_rows(c), *cost_rows(c)]),
        "",
        *evidence(c),
    ]
    if c.guards:
        lines += ["", layout(GUARD_HEADERS, guard_rows(c))]
    return "\n".join(lines)


def headline(comparison: Comparison) -> str:
    """The verdict and the ratio in one sentence."""
    c = comparison
    interval = f" ({show_confidence(c.ratio.confidence)} interval)" if c.ratio.bounded else ""
    other = f", {opposite(c)}" if opposite(c) else ""
    shown = shown_ratio(c)
    worse = [f"{name} {show_speed_up(c.costs[name])}" for name in c.worse if name in c.costs]
    beside = f"; {', '.join(worse)}" if c.verdict is Verdict.MIXED else ""
    said = f"{shown} by {by_metric(c)}{interval}{beside}{other}"
    return f"{c.candidate} is {_words(c)} {c.reference}: {said}"


def speed_up_word(comparison: Comparison) -> str:
    """What a ratio above 1 is called: a speed-up, or where figures are compared a gain."""
    return "speed-up" if comparison.metric.is_known else "gain"


def evidence_rows(comparison: Comparison) -> list[list[str]]:
    """The speed-up by every metric, and which one decides: rows of a table."""
    c = comparison
    return [
        [
            metric.value,
            shown_ratio(c) if metric is c.metric else show_speed_up(estimate, by=metric),
            "decides" if metric is c.metric else "",
        ]
        for metric, estimate in c.evidence.items()
    ]


def evidence(comparison: Comparison) -> list[str]:
    """Why this metric, why it stopped, how noisy it was and what could have been found: lines."""
    c = comparison
    lines = [
        f"metric: {c.metric_because}",
        f"stopped after {c.blocks} block{'s' * (c.blocks != 1)}: {c.stopped_because}",
    ]
    if c.seen is not None:
        lines.append(f"seen so far: {seen_words(c.seen)}")
    if c.ratio.bounded and c.noise_floor < _BY_NO_SIZE:
        # Without an interval it would say how sure a ratio is that nobody is sure of.
        lines.append(f"noise of a single block: {show_share(c.noise_floor)}, typically")
    if c.detectable is not None and c.detectable < _BY_NO_SIZE:
        effect = show_share(c.detectable)
        lines.append(f"smallest effect that as many blocks find 4 times in 5: {effect}")
    if c.fresh_blocks:
        lines.append(f"the ratio is that of the {c.fresh_blocks} blocks after the gain was sure")
    if c.verdict in (Verdict.FASTER, Verdict.SLOWER) and abs(c.ratio.point - 1) < SMALL:
        lines.append(_rests_on(c.layouts))
    lines += open_tails(c)
    if c.doubted:
        lines.append(f"held back: {doubt(c)}")
    if c.disturbed_blocks:
        lines.append(f"disturbed blocks (kept): {c.disturbed_blocks}")
    return lines


def seen_words(seen: Estimate) -> str:
    """The range of some blocks, where these are too few for an interval that holds at every look.

    `0.97x, blocks from 0.93x to 1.02x, which hold the median at 75 %`.
    """
    point, low, high = map(show_if_any, (seen.point, seen.low, seen.high))
    held = show_share(seen.confidence)
    return f"{point}, blocks from {low} to {high}, which hold the median at {held}"


def _rests_on(layouts: int) -> str:
    """On how many layouts a small difference rests."""
    if layouts > 1:
        return f"layouts: the verdict rests on {layouts} of each build"
    return (
        f"layouts: the verdict rests on one of each build, and below {show_share(SMALL)} where the"
        " code lies in memory can do as much (`layouts = 8` in a compiled target varies it)"
    )


def by_every_metric(comparison: Comparison) -> str:
    """The speed-up by wall and CPU time and memory, in a line."""
    each = comparison.evidence.items()
    return ", ".join(f"{metric.value} {show_speed_up(ratio, by=metric)}" for metric, ratio in each)


def _words(comparison: Comparison) -> str:
    by = comparison.metric
    return {
        Verdict.FASTER: f"{better_word(by)} than",
        Verdict.SLOWER: f"{worse_word(by)} than",
        Verdict.EQUIVALENT: f"equivalent within {show_share(comparison.threshold)} to",
        Verdict.MIXED: f"mixed ({halves(comparison)}) against",
        Verdict.UNDECIDED: _undecided(comparison),
    }[comparison.verdict]


def _undecided(comparison: Comparison) -> str:
    """Words that fit what was seen: a huge ratio of few blocks is no draw."""
    point = comparison.ratio.point
    if comparison.ratio.bounded or MUCH_SLOWER < point < 1 / MUCH_SLOWER:
        return "not told apart from"
    word = worse_word(comparison.metric) if point < 1 else better_word(comparison.metric)
    return f"in all likelihood much {word} than"


def what_would_do(comparison: Comparison) -> str:
    """How much more would decide an undecided comparison."""
    if comparison.budget_needed_ns is None:
        return "No budget can be named that would decide."
    about = "About" if math.isfinite(comparison.ratio.high) else "At least"
    budget = write_duration(comparison.budget_needed_ns, digits=2)
    return (
        f"{about} {comparison.blocks_needed} blocks would decide, a budget of {budget};"
        " --stored judges this run and the next one together."
    )


def next_steps(comparison: Comparison, again: str) -> tuple[str, ...]:
    """What decides an undecided comparison: `again` with a larger budget, or both runs together."""
    if comparison.budget_needed_ns is None:
        return ()
    budget = f"--budget {write_duration(comparison.budget_needed_ns, digits=2)}"
    return (extended(again, budget), extended(again, "--stored"))


def extended(command: str, option: str) -> str:
    """A command with one option more, before what follows its dashes."""
    own, dashes, arguments = command.partition(" -- ")
    return f"{own} {option}{dashes}{arguments}"


def shown_again(problem: str, again: str) -> str | None:
    """The command that shows again what is wrong on drawn values; None where nothing was drawn."""
    given = "" if "--given" in again else given_in(problem)
    return f"{extended(again, f'--given {shlex.quote(given)}')} shows it again." if given else None
