"""One implementation over several tasks: the geometric mean of its speed-ups; pure.

The geometric mean is the one mean of ratios that says the same whichever side is the reference
(Fleming & Wallace, "How not to lie with statistics: the correct way to summarize benchmark
results", CACM 29, 1986). Where the intervals of all tasks hold, the mean of their low ends and that
of their high ends, as logarithms, hold the mean of the ratios. What each may err by adds up
(Bonferroni): the mean's confidence is less than that of each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.model import Comparison, Estimate, Overall


def overall(comparisons: Sequence[Comparison]) -> tuple[Overall, ...]:
    """Each implementation that is in all of several tasks, against a common reference.

    An implementation is what its targets are called without the task: `c` of `nbody-c`.
    """
    tasks = list(dict.fromkeys(c.task for c in comparisons))
    by_name: dict[tuple[str, str], dict[str, Comparison]] = {}
    for c in comparisons:
        key = (implementation(c.candidate, c.task), implementation(c.reference, c.task))
        by_name.setdefault(key, {}).setdefault(c.task, c)
    return tuple(
        Overall(name, reference, len(tasks), _mean([c.ratio for c in found.values()]))
        for (name, reference), found in by_name.items()
        if len(tasks) > 1 and len(found) == len(tasks)
    )


def implementation(target: str, task: str) -> str:
    """What a target is called without its task."""
    short = target.removeprefix(f"{task}-").removesuffix(f"-{task}")
    return short or target


def _mean(ratios: Sequence[Estimate]) -> Estimate:
    return Estimate(
        "geometric mean",
        _geometric([ratio.point for ratio in ratios]),
        _geometric([ratio.low for ratio in ratios]),
        _geometric([ratio.high for ratio in ratios]),
        max(0.0, 1 - sum(1 - ratio.confidence for ratio in ratios)),
    )


def _geometric(values: Sequence[float]) -> float:
    return math.exp(sum(map(_log, values)) / len(values))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
