"""Which metric decides: wall time, unless time is being stolen; never picked for its answer.

The choice looks only at what stays the same when reference and candidate of a block change places:
sizes of differences, not their signs, and figures that both sides share. Under the hypothesis of
no difference the signs are fair coins given all of that, so a test by the chosen metric keeps its
error level, which trying both and taking the clearer one would double.
"""

from __future__ import annotations

import numpy as np

from harness.frozen import dataclass
from harness.model import Metric
from harness.stats.clocks import Clock, common_step, resolution_of
from harness.stats.ratios import Floats

PARALLEL_ABOVE = 1.2
WAITING_BELOW = 0.8
"""CPU time / wall time beyond which CPU time is not what the user waits for."""

IDLE_BELOW = 0.05
"""CPU time / wall time of programs that hardly compute: CPU time says nothing of their waiting."""

TURN_NS = 1e8
"""The most that a program waits for its turn after a CPU was taken from it: a period of a quota."""

STOLEN_SHARE = 0.5
"""Where stolen time makes up this share of the time without a CPU, the programs did not wait."""

DISTURBED = 0.003
"""Wall time is disturbed where in a quarter of the blocks the ratio by wall time is further than
this from that by CPU time. Anything from 0.1 % to 0.5 % does as well on recorded noise
(benchmarks/noise_trace.py)."""


@dataclass(frozen=True, slots=True)
class PairedTimes:
    """Figures of both sides by block; arrays of n, times in ns."""

    reference_wall: Floats
    candidate_wall: Floats
    reference_cpu: Floats
    candidate_cpu: Floats
    voluntary: Floats
    """Context switches by which the programs gave up the CPU, of both sides together."""
    involuntary: Floats
    """Those by which the CPU was taken from them."""
    stolen: Floats
    """Time that the hypervisor took from all CPUs meanwhile, of both sides together, in ns."""
    cpu_clock: Clock | None = None
    """None: CPU times are readings."""
    threads: Floats | None = None
    """How many threads wanted a CPU at once, on the side that had more; 0: not counted."""


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """The metric that decides, and why."""

    metric: Metric
    because: str


def choose_metric(times: PairedTimes) -> MetricChoice:
    """The metric for a comparison, wall or CPU time, from some of its blocks.

    Wall time is what people wait for, so it decides unless it is disturbed and CPU time is the same
    thing without the disturbance: the program keeps one CPU busy whenever it may.
    """
    cpu = np.stack((times.reference_cpu, times.candidate_cpu))
    wall = np.stack((times.reference_wall, times.candidate_wall))
    if wall.size and np.any(cpu < 0):
        return _by_wall("other processes do a part of the work, and their CPU time is not seen")
    if wall.size == 0 or not (np.all(cpu > 0) and np.all(wall > 0)):
        return _by_wall("CPU time is not known for every trial")
    clock = times.cpu_clock or Clock(common_step(cpu.flat), 1)
    if resolution_of(clock.step_ns) / clock.batch > DISTURBED * float(np.median(cpu)):
        return _by_wall("the clock of CPU time is too coarse")
    busy = cpu / wall
    # On a busy machine threads take turns, and CPU / wall time says nothing of how many there are:
    # what the user waits for is the slowest of them, and those that wait may spin meanwhile.
    threads = float(np.median(times.threads)) if times.threads is not None else 0.0
    if threads > 1:
        return _by_wall(f"the work is parallel ({threads:.0f} threads at once)")
    parallel = float(np.median(busy.max(axis=0)))
    if parallel > PARALLEL_ABOVE:
        return _by_wall(f"the work is parallel (CPU / wall time {parallel:.2f})")
    # A program that waits does so in every trial; one that is disturbed has some good ones, or the
    # CPU is taken from it rather than given up. A hypervisor takes it without a switch.
    busiest = float(np.quantile(busy.min(axis=0), 0.9))
    gave_up = np.median(times.voluntary) >= np.median(times.involuntary)
    halted = float(times.stolen.sum()) > STOLEN_SHARE * float((wall - cpu).sum())
    if busiest < WAITING_BELOW and ((gave_up and not halted) or _is_idle(times, busiest)):
        return _by_wall(f"the work waits (CPU / wall time {busiest:.2f} at most)")
    apart = float(np.quantile(np.abs(np.diff(np.log(busy), axis=0)), 0.75))
    if apart > DISTURBED:
        return MetricChoice(
            Metric.CPU,
            "CPU time: the CPU is taken away from the programs (in a quarter of the blocks that"
            f" moves the ratio by wall time by {apart:.1%} or more)",
        )
    return _by_wall(f"it is calm (CPU time agrees within {apart:.1%} in most blocks)")


def _is_idle(times: PairedTimes, busiest: float) -> bool:
    """Does a side hardly compute, with most of its waiting no wait for a CPU, however disturbed?"""
    wall = times.reference_wall + times.candidate_wall
    waited = wall - (times.reference_cpu + times.candidate_cpu)
    turns = TURN_NS * float(np.median(times.involuntary))
    return busiest < IDLE_BELOW and turns < 0.5 * float(np.median(waited))


def _by_wall(because: str) -> MetricChoice:
    return MetricChoice(Metric.WALL, f"wall time: {because}")
