"""The custom format of github-action-benchmark: `tool: customSmallerIsBetter`.

One entry per target with its median in milliseconds. A target without a time has none: the action
would chart whatever stood there.
"""

from __future__ import annotations

import json
import math
from typing import Any

from harness.hookspecs import hookimpl
from harness.model import Estimate, Measurement, Run
from harness.render.units import show_bytes


@hookimpl
def harness_suffix() -> str:
    return ".github-action"


@hookimpl
def harness_export(run: Run) -> bytes:
    timed = [(m, m.wall_ns) for m in run.measurements if m.wall_ns is not None]
    entries = [_entry(run, m, wall_ns) for m, wall_ns in timed]
    return json.dumps(entries, indent=2, ensure_ascii=False).encode()


def _entry(run: Run, m: Measurement, wall_ns: Estimate) -> dict[str, Any]:
    memory = f", peak memory {show_bytes(m.max_rss_bytes)}" if m.max_rss_bytes else ""
    known = math.isfinite(wall_ns.high)  # of one trial nothing is known but its time
    return {
        "name": run.name_of(m.task, m.case, m.target),
        "unit": "ms",
        "value": wall_ns.point / 1e6,
        "range": f"{wall_ns.low / 1e6:.6g} ... {wall_ns.high / 1e6:.6g}" if known else "not known",
        "extra": f"median of {m.trials} trials, {wall_ns.confidence:.0%} interval{memory}\n"
        f"{m.toolchain or m.language}",
    }
