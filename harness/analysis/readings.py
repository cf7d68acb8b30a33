"""How finely a metric is read, and what figures say that are read exactly; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.analysis.of_figures import EXACT_BLOCKS, EXACT_STEP, as_costs
from harness.model import Metric, MetricInfo
from harness.stats.paired import RatioInterval

MEMORY_STEP_BYTES = 4096
"""Peak memory is counted in pages."""


def step_of(metric: Metric, figure: MetricInfo | None) -> float | None:
    """The resolution of a metric's readings; None: that of a clock, found from the readings."""
    if metric is Metric.MEMORY:
        return MEMORY_STEP_BYTES
    if metric.is_time:
        return None
    return (figure.resolution if figure is not None else None) or EXACT_STEP


def exact_interval(
    sides: tuple[Sequence[float], Sequence[float]], figure: MetricInfo | None
) -> RatioInterval | None:
    """The ratio of a deterministic figure that is the same in all blocks of either side."""
    if figure is None or not figure.deterministic or len(sides[0]) < EXACT_BLOCKS:
        return None
    if any(value != side[0] for side in sides for value in side):  # NaN is equal to nothing
        return None
    before, after = as_costs(sides[0][0], sides[1][0], figure)
    ratio = math.log(before) - math.log(after)
    return RatioInterval(ratio, ratio, ratio)
