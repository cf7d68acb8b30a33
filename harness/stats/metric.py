"""Which metric decides: wall time, unless time is being stolen; never picked for its answer.

The choice looks only at what stays the same when reference and candidate of a block change places:
the sizes of the log-ratios, not their signs, and the larger or smaller busy share of the two. Under
the hypothesis of no difference the signs are fair coins given all of that, so a test by the chosen
metric keeps its error level, which trying both and taking the clearer one would double.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.model import Metric
from harness.stats.ratios import Floats

PARALLEL_ABOVE = 1.2
WAITING_BELOW = 0.8
"""CPU time / wall time beyond which CPU time is not what the user waits for."""

NOISIER = 1.25
"""Wall time's log-ratios must be larger than those of CPU time by this before CPU decides."""


@dataclass(frozen=True, slots=True)
class PairedTimes:
    """Wall and CPU time of both sides by block, in ns; arrays of n."""

    reference_wall: Floats
    candidate_wall: Floats
    reference_cpu: Floats
    candidate_cpu: Floats


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """The metric that decides, and why."""

    metric: Metric
    because: str


def choose_metric(times: PairedTimes) -> MetricChoice:
    """The metric for a comparison, from its first blocks.

    Wall time is what people wait for, so it decides unless CPU time is both the same thing (the
    program keeps one CPU busy) and clearly quieter.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        busy = np.stack(
            (
                times.reference_cpu / times.reference_wall,
                times.candidate_cpu / times.candidate_wall,
            )
        )
        wall = np.abs(np.log(times.reference_wall / times.candidate_wall))
        cpu = np.abs(np.log(times.reference_cpu / times.candidate_cpu))
    most, least = busy.max(axis=0), busy.min(axis=0)
    if not np.all(np.isfinite((wall, cpu))) or not len(wall):
        return MetricChoice(Metric.WALL, "wall time: CPU time is not known for every trial")
    parallel = float(np.median(most))
    if parallel > PARALLEL_ABOVE:
        return MetricChoice(
            Metric.WALL, f"wall time: the work is parallel (CPU / wall {parallel:.2f})"
        )
    # A program that waits does so in every trial; one that is disturbed has some good ones.
    busiest = float(np.quantile(least, 0.9))
    if busiest < WAITING_BELOW:
        return MetricChoice(
            Metric.WALL, f"wall time: the work waits (CPU / wall at most {busiest:.2f})"
        )
    noise_wall, noise_cpu = float(np.median(wall)), float(np.median(cpu))
    seen = f"typical difference {noise_wall:.2%} by wall, {noise_cpu:.2%} by CPU"
    if noise_wall > NOISIER * noise_cpu:
        return MetricChoice(Metric.CPU, f"CPU time: wall time is disturbed ({seen})")
    return MetricChoice(Metric.WALL, f"wall time: it is as quiet as CPU time here ({seen})")
