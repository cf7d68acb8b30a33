"""A trial as a row of the store: its columns, there and back; `docs/store.md` describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.model import Mode, Phase, Sample, Trial, TrialRecord, TrialStatus

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1

ADDED = frozenset({"threads"})
"""Columns that older files lack; null stands for them."""


@lru_cache(maxsize=1)
def schema() -> pa.Schema:
    """The columns of a trial, in order; every name carries its unit."""
    import pyarrow as pa

    phase = pa.struct([("path", pa.string()), ("calls", pa.int64()), ("total_ns", pa.int64())])
    sample = pa.struct(
        [
            ("index", pa.int32()),
            ("batch", pa.int64()),
            ("wall_ns", pa.int64()),
            ("cpu_ns", pa.int64()),
            ("calibration", pa.bool_()),
        ]
    )
    columns = [
        *((name, pa.string()) for name in ("run_id", "host_id", "task", "case", "target")),
        *((name, pa.string()) for name in ("adapter", "language", "build_digest", "mode")),
        ("block", pa.int32()),
        ("position", pa.int32()),
        ("warmup", pa.bool_()),
        ("disturbed", pa.bool_()),
        ("started_at_ns", pa.int64()),
        ("status", pa.string()),
        ("message", pa.string()),
        ("exit_code", pa.int32()),
        ("signal", pa.int32()),
        ("output_ok", pa.bool_()),
        ("disagreement", pa.string()),
        ("output_digest", pa.string()),
        *((name, pa.int64()) for name in ("wall_ns", "user_ns", "sys_ns", "max_rss_bytes")),
        ("max_rss_is_floor", pa.bool_()),
        *((name, pa.int64()) for name in ("voluntary_switches", "involuntary_switches")),
        *((name, pa.int64()) for name in ("minor_faults", "major_faults")),
        *((name, pa.int64()) for name in ("steal_ns", "pressure_ns")),
        ("left_behind", pa.int32()),
        ("threads", pa.int32()),
        ("pad_bytes", pa.int32()),
        *((name, pa.int64()) for name in ("ready_ns", "handshake_ns")),
        ("phases", pa.list_(phase)),
        ("samples", pa.list_(sample)),
    ]
    return pa.schema(columns, metadata={"harness_schema_version": str(SCHEMA_VERSION)})


def to_row(record: TrialRecord, host_id: str) -> dict[str, Any]:
    """A trial as the schema's columns."""
    trial = record.trial
    shared = {
        name: getattr(source, name)
        for source in (record, trial)
        for name in schema().names
        if hasattr(source, name)
    }
    return {
        **shared,
        "host_id": host_id,
        "mode": record.mode.value,
        "status": trial.status.value,
        "output_digest": trial.output.digest if trial.output else None,
        "phases": [_fields(p, ("path", "calls", "total_ns")) for p in trial.phases],
        "samples": [
            _fields(s, ("index", "batch", "wall_ns", "cpu_ns", "calibration"))
            for s in trial.samples
        ],
    }


def from_row(row: Mapping[str, Any]) -> TrialRecord:
    """The inverse of `to_row`, but for the output, of which only the digest is kept."""
    skip = {"status", "phases", "samples", "cpu_ns", "ok"}
    trial_fields = [f for f in Trial.__dataclass_fields__ if f not in {*skip, "output"}]
    figures: dict[str, Any] = {
        name: row.get(name) if name in ADDED else row[name] for name in trial_fields
    }
    trial = Trial(
        status=TrialStatus(row["status"]),
        phases=tuple(Phase(**phase) for phase in row["phases"]),
        samples=tuple(Sample(**sample) for sample in row["samples"]),
        **figures,
    )
    record_fields = [f for f in TrialRecord.__dataclass_fields__ if f not in {"trial", "mode"}]
    return TrialRecord(
        trial=trial, mode=Mode(row["mode"]), **{name: row[name] for name in record_fields}
    )


def _fields(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}
