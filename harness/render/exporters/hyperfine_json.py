"""hyperfine's JSON: one result per target with the time of every trial, in seconds.

The scripts that hyperfine's users have (`plot_whisker.py` and others) read it. Trials that failed
and warm-up trials are left out. In steady mode a time is that of one execution of the work.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from harness.hookspecs import hookimpl
from harness.model import Run, TrialRecord


@hookimpl
def harness_suffix() -> str:
    return ".hyperfine"


@hookimpl
def harness_export(run: Run, trials: Iterable[TrialRecord]) -> bytes:
    kept: dict[str, list[TrialRecord]] = {}
    for record in trials:
        if record.counted_ns:
            name = run.name_of(record.task, record.case, record.target)
            kept.setdefault(name, []).append(record)
    results = [_result(name, records) for name, records in kept.items()]
    return json.dumps({"results": results}, indent=2, ensure_ascii=False).encode()


def _result(name: str, records: Sequence[TrialRecord]) -> dict[str, Any]:
    times = [counted_ns / 1e9 for record in records for counted_ns in record.counted_ns]
    return {
        "command": name,
        "mean": statistics.fmean(times),
        "stddev": statistics.stdev(times) if len(times) > 1 else None,
        "median": statistics.median(times),
        # Of the whole process in steady mode too: hyperfine knows no other CPU time.
        "user": statistics.fmean(record.trial.user_ns / 1e9 for record in records),
        "system": statistics.fmean(record.trial.sys_ns / 1e9 for record in records),
        "min": min(times),
        "max": max(times),
        "times": times,
        "memory_usage_byte": [record.trial.max_rss_bytes for record in records],
        "exit_codes": [record.trial.exit_code for record in records],
    }
