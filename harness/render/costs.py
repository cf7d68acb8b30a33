"""What a comparison says beside its median, in words: the mean and the slow runs; pure."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model import Comparison, Estimate, Verdict
from harness.render.units import show_share, show_speed_up

_SEEN = 0.05
"""What happened as often would have been seen 19 times in 20."""


def halves(comparison: Comparison) -> str:
    """What is better and what is worse: `faster in the median, slower in the mean and p95`."""
    better = "faster" if _beyond(comparison) else "equivalent"
    return f"{better} in the median, slower in {_the(comparison.worse)}"


def doubt(comparison: Comparison) -> str:
    """What holds back a gain that the median is sure of."""
    better = "faster" if _beyond(comparison) else "equivalent"
    mean = comparison.costs.get("mean")
    seen = f" ({show_speed_up(mean)})" if mean is not None else ""
    return f"{better} in the median, and the mean that was seen is worse{seen}"


def cost_rows(comparison: Comparison) -> list[list[str]]:
    """The speed-up by the mean and by tails, and what each says: rows of a table."""
    return [
        [f"{comparison.metric.value}, {name}", show_speed_up(estimate), _says(comparison, name)]
        for name, estimate in comparison.costs.items()
    ]


def open_tails(comparison: Comparison) -> Iterator[str]:
    """What a gain leaves open: slow runs that too few blocks would not have seen."""
    c = comparison
    if c.verdict not in (Verdict.FASTER, Verdict.EQUIVALENT) or not c.costs:
        return
    known = {_says(c, name) for name in ("mean", "p95") if name in c.costs}
    if known == {"not worse"} and "p95" in c.costs:
        return
    rare = 1 - _SEEN ** (1 / max(c.blocks, 1))
    yield (
        f"the mean and the slow runs are not seen to be worse; {c.blocks} blocks could have missed"
        f" what happens to up to {show_share(rare)} of the runs"
    )


def _says(comparison: Comparison, name: str) -> str:
    estimate, bound = comparison.costs[name], 1 / (1 + comparison.threshold)
    if name in comparison.worse or estimate.high < bound:
        return "worse"
    return "not worse" if estimate.low >= bound else "open"


def _beyond(comparison: Comparison) -> bool:
    ratio: Estimate = comparison.ratio
    return ratio.low > 1 and ratio.high > 1 + comparison.threshold


def _the(names: tuple[str, ...]) -> str:
    return " and ".join(f"the {name}" if name == "mean" else name for name in names)
