"""A comparison in words: the verdict, and what it rests on."""

from __future__ import annotations

import math

from harness.model import Comparison, Estimate, Verdict
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
        + (f" ({100 * c.ratio.confidence:.4g} % interval)" if math.isfinite(c.ratio.high) else ""),
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
        lines.append(f"smallest effect that this run would have found: {show_share(c.detectable)}")
    if c.disturbed_blocks:
        lines.append(f"disturbed blocks (kept): {c.disturbed_blocks}")
    return lines


def show_speed_up(ratio: Estimate) -> str:
    """A ratio with its interval, or in words that there is none yet."""
    if math.isfinite(ratio.high) or ratio.low > 0:
        return show_ratio_estimate(ratio)
    return f"{show_ratio(ratio.point)}, too few blocks for an interval"


def _words(comparison: Comparison) -> str:
    return {
        Verdict.FASTER: "faster than",
        Verdict.SLOWER: "slower than",
        Verdict.EQUIVALENT: f"equivalent within {show_share(comparison.threshold)} to",
        Verdict.UNDECIDED: "not told apart from",
    }[comparison.verdict]
