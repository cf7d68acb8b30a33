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
from harness.model import Mode, Run, TrialRecord


@hookimpl
def harness_suffix() -> str:
    return ".pyperf"


@hookimpl
def harness_export(run: Run, trials: Iterable[TrialRecord]) -> bytes:
    import pyperf

    runs: dict[str, list[Any]] = {}
    for record in trials:
        values = _seconds(record)
        if values:
            name = _name(run, record)
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


def _seconds(record: TrialRecord) -> list[float]:
    """The timed values of one trial; none where it decides nothing."""
    if record.warmup or not record.trial.ok:
        return []
    if record.mode is Mode.COLD:
        return [record.trial.wall_ns / 1e9]
    samples = [s for s in record.trial.samples if not s.calibration]
    return [s.wall_ns / s.batch / 1e9 for s in samples]


def _name(run: Run, record: TrialRecord) -> str:
    """The target alone where the run has one task and case, as pyperf's users would name it."""
    groups = {(m.task, m.case) for m in run.measurements}
    return record.target if len(groups) < 2 else f"{record.task}/{record.case}/{record.target}"


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
