"""Runs on clusters that are not gathered yet, by their files alone: no scheduler is asked."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from harness.cluster.folder import ClusterFolder, clusters_of, those_that_count
from harness.errors import HarnessError
from harness.frozen import dataclass
from harness.system.store.run_file import RUN_NAME

_FORGOTTEN_S = 14 * 86400.0
"""A run that was begun so long ago and never gathered is not waited for."""
_LATEST = 50


@dataclass(frozen=True, slots=True)
class ClusterUnderWay:
    """How far a run on a cluster is."""

    id: str
    command: str
    executor: str
    shards: int
    done: int

    @property
    def line(self) -> str:
        """How far it is, in words."""
        left = self.shards - self.done
        goes_on = f"{left} to go" if left else f"harness attach {self.id} shows it"
        done = f"{self.done} of {self.shards} shards done"
        return f"{self.id} {self.command} on {self.executor}: {done}, {goes_on}"


def clusters_under_way(results: Path) -> tuple[ClusterUnderWay, ...]:
    """The runs that were submitted and neither gathered nor called off, oldest first."""
    base = clusters_of(results)
    plans = sorted(base.glob("*/plan.json"))[-_LATEST:] if base.is_dir() else []
    found = []
    for path in plans:
        # It may end, or be damaged, while it is looked at.
        with contextlib.suppress(HarnessError, OSError):
            folder = ClusterFolder(path.parent)
            over = folder.cancelled or folder.taken
            if not over and not (results / folder.run_id / RUN_NAME).exists():
                plan = folder.plan()
                if time.time() - plan.started_at_ns / 1e9 < _FORGOTTEN_S:
                    done = len(those_that_count(folder.attempts()))
                    words = " ".join(plan.command[:3])
                    found.append(
                        ClusterUnderWay(plan.run_id, words, plan.executor, plan.shards, done)
                    )
    return tuple(found)
