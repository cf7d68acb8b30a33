"""pyperf's JSON: one run for each trial, so that `pyperf compare_to` and `pyperf stats` read it.

The values are the wall times of whole processes, or of one execution in steady mode, in seconds.
Trials that failed and warm-up trials are left out, since pyperf has no place for a reason.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from harness.hookspecs import hookimpl
from harness.model import Run, TrialRecord


@hookimpl
def harness_suffix() -> str:
    return ".pyperf"


@hookimpl
def harness_export(run: Run, trials: Iterable[TrialRecord]) -> bytes:
    import pyperf

    runs: dict[str, list[Any]] = {}
    for record in trials:
        values = [counted_ns / 1e9 for counted_ns in record.counted_ns]
        if values:
            name = run.name_of(record.task, record.case, record.target)
            metadata = _metadata(run, record, name)
            runs.setdefault(name, []).append(
                pyperf.Run(values, metadata=metadata, collect_metadata=False)
            )
    if not runs:  # a suite of pyperf's own may not be empty
        return json.dumps({"version": "1.0", "benchmarks": []}).encode()
    suite = pyperf.BenchmarkSuite([pyperf.Benchmark(found) for found in runs.values()])
    text = io.StringIO()
    suite.dump(text)
    return text.getvalue().encode()


def _metadata(run: Run, record: TrialRecord, name: str) -> dict[str, str | int]:
    moment = datetime.fromtimestamp(record.started_at_ns / 1e9, UTC).replace(tzinfo=None)
    known: dict[str, str | int] = {
        "name": name,
        "unit": "second",
        "loops": 1,
        "date": moment.isoformat(" "),
        "hostname": run.host.hostname,
        "cpu_model_name": run.host.cpu,
        "cpu_count": run.host.cores,
        "platform": run.host.system,
        "harness_run": run.id,
        "harness_build": record.build_digest,
    }
    return {key: value for key, value in known.items() if value != ""}
