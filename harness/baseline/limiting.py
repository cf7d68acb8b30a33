"""How long a candidate may run: a change that never ends is told within seconds, not minutes."""

from __future__ import annotations

from dataclasses import replace

from harness.baseline.store import Baseline
from harness.model import Target
from harness.project.workload import Workload

LEAST_NS = 20_000_000_000
"""Whatever the baseline took, a trial may take as long: a busy machine and other draws do much."""
TIMES = 20
"""A trial may take this many times what the baseline took for the dearest of its cases."""


def limited(workload: Workload, baseline: Baseline) -> Workload:
    """The workload with its target's timeout no longer than what the baseline makes plausible."""
    took = (record.timing.wall_ns for record in baseline.document.cases)
    took_ns = max((each.high or each.point for each in took), default=0.0)
    return replace(workload, target=in_good_time(workload.target, took_ns))


def in_good_time(target: Target, took_ns: float) -> Target:
    """The target with a timeout that fits a program of this wall time; a shorter one stands."""
    most_ns = max(LEAST_NS, round(TIMES * took_ns))
    return target if target.timeout_ns <= most_ns else replace(target, timeout_ns=most_ns)
