"""Blocks of made-up trials whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from harness.analysis.schedule import Block
from harness.model import Mode, Trial, TrialRecord, TrialStatus

BLOCK_NS = 50_000_000


def make_record(name: str = "a", block: int = 0, wall_ns: int = 20_000_003, **changes: Any) -> Any:
    """A trial's record; `changes` go to the trial or the record, whichever has the field."""
    trial: dict[str, Any] = {
        "status": TrialStatus.OK,
        "wall_ns": wall_ns,
        "user_ns": wall_ns,
        "max_rss_bytes": 1 << 20,
    }
    record: dict[str, Any] = {"run_id": "run", "task": "work", "case": "fast", "target": name}
    record |= {"adapter": "c", "language": "c", "build_digest": "d", "mode": Mode.COLD}
    record |= {"block": block, "position": 0, "warmup": False, "started_at_ns": block * BLOCK_NS}
    for key, value in changes.items():
        (trial if key in Trial.__dataclass_fields__ else record)[key] = value
    return TrialRecord(trial=Trial(**trial), **record)


@pytest.fixture
def record() -> Callable[..., TrialRecord]:
    return make_record


def make_blocks(
    seed: int, ratio: float = 1.0, count: int = 2000, scatter: float = 0.02, stolen: float = 0.0
) -> Iterator[Block]:
    """Blocks of `a` and `b`; `b` is faster by `ratio`. Noise as heavy as on a shared machine."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        noise = np.exp(scatter / 1.4 * rng.standard_t(2, 2))
        cpu = 2e7 * noise / np.array([1.0, ratio])
        wall = cpu * 1.02 * np.exp(stolen * rng.exponential(size=2) * rng.integers(0, 2, 2))
        yield {
            name: [make_record(name, number, int(wall[i]), user_ns=int(cpu[i]))]
            for i, name in enumerate("ab")
        }


@pytest.fixture
def blocks() -> Callable[..., Iterator[Block]]:
    return make_blocks
