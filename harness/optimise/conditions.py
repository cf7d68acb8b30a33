"""Under which a workbench builds and measures, and which cases it measures in one go."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from harness.frozen import dataclass
from harness.model import Jail
from harness.model.draws import Seeds
from harness.project.workload import Workload


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which a campaign builds and measures, as it was agreed at its start."""

    scope: tuple[str, ...] = ()
    seeds: Seeds = Seeds.FIXED
    jail: Jail | None = None
    """None: what harness.toml says."""
    untracked: tuple[str, ...] = ()
    """The user's files that were in no commit at its start, and will be in none."""


class Cases(Enum):
    """Which of a look's cases are measured in one go."""

    ALL = "all"
    TOGETHER = "together"
    """Those that are judged together, without the full one."""
    FULL = "full"

    def of(self, workload: Workload) -> Workload:
        """The workload with these cases."""
        if self is not Cases.FULL:
            return workload
        return replace(workload, case=workload.chosen(True), further=(), full_case=None)
