"""A comparison in words: the verdict, and what it rests on."""

from __future__ import annotations

import math

from harness.model import Comparison, Estimate, Metric, Verdict
from harness.render.tables import layout
from harness.render.units import show_ratio, show_ratio_estimate, show_share


def explain(comparison: Comparison) -> str:
    """A verdict with its evidence, for people."""
    c = comparison
    rows = [
        [metric.value, show_speed_up(estimate), "decides" if metric is c.metric else ""]
        for metric, estimate in c.evidence.items()
    ]
    lines = [
        f"{c.candidate} is {_words(c)} {c.reference}: {show_speed_up(c.ratio)} by {c.metric.value}"
        + (f" ({100 * c.ratio.confidence:.10g} % interval)" if math.isfinite(c.ratio.high) else ""),
        "",
        layout(["metric", "speed-up", ""], rows),
        "",
        *evidence(c),
    ]
    return "\n".join(lines)


def evidence(comparison: Comparison) -> list[str]:
    """Why this metric, why it stopped, how noisy it was and what could have been found: lines."""
    c = comparison
    noise = show_share(c.noise_floor) if c.blocks > 1 else "not known from one"
    lines = [
        f"metric: {c.metric_because}",
        f"stopped after {c.blocks} block{'s' * (c.blocks != 1)}: {c.stopped_because}",
        f"noise between blocks: {noise}",
    ]
    if c.detectable is not None:
        effect = show_share(c.detectable)
        lines.append(f"smallest effect that as many blocks find 4 times in 5: {effect}")
    if c.disturbed_blocks:
        lines.append(f"disturbed blocks (kept): {c.disturbed_blocks}")
    return lines


def by_every_metric(comparison: Comparison) -> str:
    """The speed-up by wall and CPU time and memory, in a line."""
    each = comparison.evidence.items()
    return ", ".join(f"{metric.value} {show_speed_up(ratio)}" for metric, ratio in each)


def show_speed_up(ratio: Estimate) -> str:
    """A ratio with its interval, or in words that there is none yet."""
    if ratio.bounded:
        return show_ratio_estimate(ratio)
    return f"{show_ratio(ratio.point)}, too few blocks for an interval"


def _words(comparison: Comparison) -> str:
    memory = comparison.metric is Metric.MEMORY
    return {
        Verdict.FASTER: "smaller than" if memory else "faster than",
        Verdict.SLOWER: "larger than" if memory else "slower than",
        Verdict.EQUIVALENT: f"equivalent within {show_share(comparison.threshold)} to",
        Verdict.UNDECIDED: "not told apart from",
    }[comparison.verdict]


def what_would_do(comparison: Comparison) -> str:
    """Of an undecided comparison: how much more would decide it."""
    if comparison.budget_needed_ns is None:
        return "No budget can be named that would decide."
    about = "About" if math.isfinite(comparison.ratio.high) else "At least"
    return (
        f"{about} {comparison.blocks_needed} blocks would decide,"
        f" a budget of {_budget(comparison.budget_needed_ns)}; --stored judges this run and the"
        " next one together."
    )


def next_steps(comparison: Comparison, again: str) -> tuple[str, ...]:
    """Of an undecided comparison: `again` with a budget that would do, and both runs together."""
    if comparison.budget_needed_ns is None:
        return ()
    return (f"{again} --budget {_budget(comparison.budget_needed_ns)}", f"{again} --stored")


def _budget(ns: int) -> str:
    """A budget as `--budget` takes it, rounded up to two digits of whole seconds."""
    seconds = math.ceil(ns / 1e9)
    step = 10 ** max(0, len(str(seconds)) - 2)
    return f"{math.ceil(seconds / step) * step}s"
