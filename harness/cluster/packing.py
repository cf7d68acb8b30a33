"""Shards into jobs: several short ones share one, so that a job lasts minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from harness.cluster.spreading import ClusterOptions
from harness.running.settings import DEFAULT_BUDGET_NS, Settings

AROUND_S = 10.0
"""What a shard takes beside its blocks: building, checking, storing."""
OF_TRIALS_S = 20.0
"""What the blocks of a shard are taken for where a number of trials is asked for: nobody knows."""
SHARE_OF_LIMIT = 0.6
"""Of a job's time limit at most so much is planned: estimates are rough."""

_Item = TypeVar("_Item")


def shard_seconds(settings: Settings) -> float:
    """How long one shard is expected to take."""
    if settings.budget_ns is not None:
        return AROUND_S + settings.budget_ns / 1e9
    blocks_s = OF_TRIALS_S if settings.trials is not None else DEFAULT_BUDGET_NS / 1e9
    return AROUND_S + blocks_s


def shards_per_job(options: ClusterOptions, shard_s: float) -> int:
    """How many shards share a job."""
    if options.shards_per_job is not None:
        return options.shards_per_job
    most_s = options.job_s
    if options.time_s is not None:
        most_s = min(most_s, SHARE_OF_LIMIT * options.time_s)
    return max(1, int(most_s // shard_s))


def packed(items: Sequence[_Item], per_job: int) -> list[Sequence[_Item]]:
    """The items in as few jobs as hold them, evenly."""
    if not items:
        return []
    jobs = -(-len(items) // per_job)
    size, more = divmod(len(items), jobs)
    found, at = [], 0
    for number in range(jobs):
        end = at + size + (number < more)
        found.append(items[at:end])
        at = end
    return found
