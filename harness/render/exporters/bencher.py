"""The Bencher Metric Format: `bencher run --adapter json --file FILE`.

`latency` is the median wall time in nanoseconds with its interval, and `build-time` is in seconds,
as Bencher's own measures of these names are. A target without a time is left out.
"""

from __future__ import annotations

import json
import math

from harness.hookspecs import hookimpl
from harness.model import Estimate, Measurement, Run


@hookimpl
def harness_suffix() -> str:
    return ".bencher"


@hookimpl
def harness_export(run: Run) -> bytes:
    found = {
        run.name_of(m.task, m.case, m.target): _measures(m, m.wall_ns)
        for m in run.measurements
        if m.wall_ns is not None
    }
    return json.dumps(found, indent=2, ensure_ascii=False).encode()


def _measures(m: Measurement, wall_ns: Estimate) -> dict[str, dict[str, float]]:
    measures = {"latency": _metric(wall_ns)}
    if m.cpu_ns is not None:
        measures["cpu-time"] = _metric(m.cpu_ns)
    if m.max_rss_bytes is not None:
        measures["peak-memory"] = {"value": float(m.max_rss_bytes)}
    if m.build_ns is not None:
        measures["build-time"] = {"value": m.build_ns / 1e9}
    return measures


def _metric(estimate: Estimate) -> dict[str, float]:
    found = {"value": estimate.point}
    if math.isfinite(estimate.high):  # of one trial nothing is known but its time
        found |= {"lower_value": estimate.low, "upper_value": estimate.high}
    return found
