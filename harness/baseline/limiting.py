"""How long a candidate may run: a change that never ends is told within seconds, not minutes."""

from __future__ import annotations

from dataclasses import replace

from harness.baseline.store import Baseline
from harness.project.workload import Workload

LEAST_NS = 20_000_000_000
"""Whatever the baseline took, a trial may take as long: a busy machine and other draws do much."""
TIMES = 20
"""A trial may take this many times what the baseline took for the dearest of its cases."""


def limited(workload: Workload, baseline: Baseline) -> Workload:
    """The workload with its target's timeout no longer than what the baseline makes plausible."""
    took = (record.timing.wall_ns for record in baseline.document.cases)
    took_ns = max((each.high or each.point for each in took), default=0.0)
    target = workload.target
    timeout_ns = min(target.timeout_ns, longest_ns(took_ns))
    return replace(workload, target=replace(target, timeout_ns=timeout_ns))


def longest_ns(took_ns: float) -> int:
    """How long a trial of a program may take whose baseline took this wall time."""
    return max(LEAST_NS, round(TIMES * took_ns))
