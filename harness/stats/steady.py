"""Steady mode: when has a process settled, and how fast is it then? Pure.

The samples of one trial form a trace. Change points cut it into segments, and the segments say its
shape, as in Barrett, Bolz-Tereick, Killick, Mount and Tratt, "Virtual Machine Warmup Blows Hot and
Cold", OOPSLA 2017: flat, warm-up, slowdown, or no steady state. Samples within a process are
correlated, so one trial yields one number, the median of its steady segment; intervals are over
trials (Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013). A trace without
a steady state yields none: a mean over it would describe nothing.

Change points are found by PELT (Killick, Fearnhead and Eckley, JASA 2012) on a Gaussian kernel
(Arlot, Celisse and Harchaoui, JMLR 2019) over the logarithm of the times. The kernel is bounded: a
sample that took a hundred times as long counts no more than one that took twice as long, so that
stolen time does not pass for a change. The constants below were chosen by simulation
(`benchmarks/steady.py`): right shapes vary by less than 1 % around them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from harness.frozen import dataclass
from harness.model import Sample, TraceShape
from harness.stats.ranks import median

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Logs: TypeAlias = NDArray[np.float64]

MIN_SAMPLES = 8
"""A shorter trace has a median but no shape."""
STEADY_SHARE = 0.25
"""A steady segment is at least this share of the trace: what settles later has not settled."""
STEADY_SAMPLES = 5
"""And at least this many samples."""
BANDWIDTH = 3.0
"""The kernel's width, in units of the noise's scale."""
PENALTY = 0.6
"""The penalty of one change point, times the logarithm of the trace's length; the kernel gains at
most 1 per sample, so a change is seen once it lasts for about 3 samples of 30, or 4 of 200."""
TREND_LEVEL = 0.001
"""Level of the test for a drift within the steady segment."""
THRESHOLD = 0.01
"""Levels this close to each other are the same level: 1 %."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What the samples of one steady trial say; indices count its timed samples."""

    shape: TraceShape | None = None
    """None: fewer than `MIN_SAMPLES` samples, too few to tell."""
    steady_from: int | None = None
    """Where the steady segment begins; None without a steady state."""
    steady_ns: float | None = None
    """Wall time of one execution of the work, median of the steady segment."""
    cpu_ns: float | None = None
    """The same of CPU time. Without a steady state: the median of CPU time's own steady segment,
    if it has one, for then it was the machine that did not settle."""
    first_call_ns: int | None = None
    """Wall time of the very first execution, with whatever is compiled on the way."""
    changes: tuple[int, ...] = ()
    """The first index of every segment but the first one."""


def trace_of(samples: Sequence[Sample], threshold: float = THRESHOLD) -> Trace:
    """Classify one trial's samples, in the order in which they were taken.

    Levels within `threshold` (a share) of each other count as one level.
    """
    timed = [sample for sample in samples if not sample.calibration]
    calls = [sample.wall_ns for sample in samples if sample.calibration and sample.batch == 1]
    first_call_ns = calls[0] if calls else None
    if not timed:
        return Trace(first_call_ns=first_call_ns)
    if len(timed) < MIN_SAMPLES:
        return _steady(timed, Trace(None, 0, first_call_ns=first_call_ns))
    import numpy as np

    # A coarse clock can say 0, which has no logarithm.
    logs = np.log([max(sample.wall_ns, 1) / sample.batch for sample in timed])
    shape, steady_from, changes = _classify(logs, math.log1p(threshold))
    found = Trace(shape, steady_from, first_call_ns=first_call_ns, changes=changes)
    if steady_from is not None:
        return _steady(timed[steady_from:], found)
    # -1: other processes did a part of the work, and CPU time says nothing of the whole.
    if any(sample.cpu_ns < 0 for sample in timed):
        return found
    logs = np.log([max(sample.cpu_ns, 1) / sample.batch for sample in timed])
    _, steady_from, _ = _classify(logs, math.log1p(threshold))
    return found if steady_from is None else replace(found, cpu_ns=_cpu_ns(timed[steady_from:]))


def shapes_of(traces: Sequence[Trace]) -> dict[TraceShape, int]:
    """How many traces are of which shape; those too short to have one are not counted."""
    counts = Counter(trace.shape for trace in traces)
    return {shape: counts[shape] for shape in TraceShape if counts[shape]}


def trace_warnings(traces: Sequence[Trace]) -> tuple[str, ...]:
    """What a reader of the estimate must know of the traces behind it, in words."""
    shapes = shapes_of(traces)
    unsettled = shapes.get(TraceShape.NO_STEADY_STATE, 0)
    slower = shapes.get(TraceShape.SLOWDOWN, 0)
    short = sum(trace.shape is None for trace in traces)
    machine = sum(
        trace.shape is TraceShape.NO_STEADY_STATE and trace.cpu_ns is not None for trace in traces
    )
    blame = f" (CPU time was steady in {machine}: the machine was busy)" if machine else ""
    return tuple(
        f"{count} of {len(traces)} trials {words}"
        for count, words in (
            (unsettled, f"had no steady state and are left out{blame}"),
            (slower, "got slower after their fastest stretch"),
            (short, f"had fewer than {MIN_SAMPLES} samples, too few to tell a warm-up"),
        )
        if count
    )


def _steady(segment: Sequence[Sample], found: Trace) -> Trace:
    """`found` with the medians of its steady segment."""
    wall_ns = median(sample.wall_ns / sample.batch for sample in segment)
    return replace(found, steady_ns=float(wall_ns), cpu_ns=_cpu_ns(segment))


def _cpu_ns(segment: Sequence[Sample]) -> float:
    return float(median(sample.cpu_ns / sample.batch for sample in segment))


def _classify(logs: Logs, threshold: float) -> tuple[TraceShape, int | None, tuple[int, ...]]:
    """Shape, beginning of the steady segment, change points."""
    import numpy as np

    changes = _change_points(logs, threshold)
    starts = (0, *changes)
    levels = [float(np.median(part)) for part in np.split(logs, changes)]
    steady_from = _last_level_from(starts, levels, threshold)
    steady = logs[steady_from:]
    if len(steady) < max(STEADY_SAMPLES, STEADY_SHARE * len(logs)) or _drifts(steady, threshold):
        return TraceShape.NO_STEADY_STATE, None, changes
    if steady_from == 0:
        return TraceShape.FLAT, 0, changes
    if min(levels) < float(np.median(steady)) - threshold:
        return TraceShape.SLOWDOWN, steady_from, changes
    return TraceShape.WARMUP, steady_from, changes


def _change_points(logs: Logs, threshold: float) -> tuple[int, ...]:
    """Where the distribution of the samples changes."""
    from ruptures.detection.kernelcpd import KernelCPD

    gamma = 0.5 / (BANDWIDTH * _noise_scale(logs, threshold)) ** 2
    search = KernelCPD(kernel="rbf", min_size=2, params={"gamma": gamma})
    ends = search.fit(logs.reshape(-1, 1)).predict(pen=PENALTY * math.log(len(logs)))
    return tuple(int(end) for end in ends[:-1])


def _noise_scale(logs: Logs, threshold: float) -> float:
    """Standard deviation of the samples about their level, from differences of neighbours.

    Levels cancel in the differences; the median of their size ignores outliers. Noise far below
    the threshold, or none at all because the clock is coarse, is counted as a quarter of it.
    """
    import numpy as np

    typical = float(np.median(np.abs(np.diff(logs))))
    # 1.4826 turns the median deviation of normal noise into a standard deviation, and a
    # difference of two samples has sqrt(2) times the deviation of one.
    return max(1.4826 * typical / math.sqrt(2), threshold / 4)


def _last_level_from(starts: Sequence[int], levels: Sequence[float], threshold: float) -> int:
    """Where the trace came to its last level for good."""
    begin = starts[-1]
    for start, level in zip(reversed(starts), reversed(levels), strict=True):
        if abs(level - levels[-1]) > threshold:
            break
        begin = start
    return begin


def _drifts(steady: Logs, threshold: float) -> bool:
    """Does the segment go up or down throughout, by more than the threshold?

    The size is that between the medians of its first and last third; the test is Mann and
    Kendall's for a trend, which knows ranks alone.
    """
    import numpy as np
    from scipy.stats import kendalltau

    third = max(len(steady) // 3, 1)
    if abs(float(np.median(steady[-third:]) - np.median(steady[:third]))) <= threshold:
        return False
    return bool(kendalltau(np.arange(len(steady)), steady).pvalue < TREND_LEVEL)
