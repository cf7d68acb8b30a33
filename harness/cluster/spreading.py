"""What `[executors.NAME]` says of every cluster, whatever its scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.errors import ConfigError
from harness.model.durations import parse_duration_ns


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    """The keys; those of the scheduler's own stand beside them."""

    python: str | None = None
    scratch: str | None = None
    time: str | int | float | None = None
    job_time: str | int | float = "10m"
    shards_per_job: int | None = None
    poll: str | int | float = "5s"
    settle: str | int | float = "20s"
    patience: str | int | float = "10m"


class ClusterOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is spread over a cluster."""

    python: str | None
    """The interpreter on the nodes; None: the one that submits."""
    scratch: str | None
    """Where a node's trials and builds are, on its own disk; variables are the node's. None:
    SLURM_TMPDIR, else TMPDIR, else /tmp."""
    time_s: int | None
    """How long a job may take."""
    job_s: float
    """How long a job should take: short shards share one."""
    shards_per_job: int | None
    """In place of what `job_s` says."""
    poll_s: float
    """The scheduler is asked no more often than this."""
    settle_s: float
    """How long after a job's end its files may take to be seen here."""
    patience_s: float
    """How long the scheduler may not answer before we leave the jobs to themselves."""
    own: dict[str, Any]
    """The keys that are the scheduler's."""

    @classmethod
    def of(cls, name: str, table: Mapping[str, Any]) -> ClusterOptions:
        """The options of a decoded table; ConfigError names the key."""
        common = {key: table[key] for key in table if key in _Table.__struct_fields__}
        where = f"executors.{name}"
        try:
            said = msgspec.convert(common, _Table)
        except msgspec.ValidationError as problem:
            raise ConfigError(f"{where}: {problem}") from None
        if said.shards_per_job is not None and said.shards_per_job < 1:
            raise ConfigError(f"{where}.shards_per_job: want at least 1, got {said.shards_per_job}")

        def seconds(key: str) -> float:
            return parse_duration_ns(getattr(said, key), f"{where}.{key}") / 1e9

        return cls(
            python=said.python,
            scratch=said.scratch,
            time_s=None if said.time is None else max(60, round(seconds("time"))),
            job_s=seconds("job_time"),
            shards_per_job=said.shards_per_job,
            poll_s=seconds("poll"),
            settle_s=seconds("settle"),
            patience_s=seconds("patience"),
            own={key: table[key] for key in table if key not in common},
        )
