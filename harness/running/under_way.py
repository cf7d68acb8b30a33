"""What is being measured now, read from the stores of runs: nothing is locked and nothing written.

A run under way is an unfinished one whose trials were written to lately. It cannot be told from one
that was just killed, since that would want its lock, in the way of who measures.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.frozen import dataclass
from harness.system.store.run_file import StoredRun, read_run, run_folders
from harness.system.store.runs import STREAM_NAME, stored_records

_QUIET_S = 600.0
"""An unfinished run of which nothing was written for so long is not under way."""

_LATEST = 50
"""Only the latest runs are looked at; what is measured now is one of them."""


@dataclass(frozen=True, slots=True)
class RunUnderWay:
    """How far a run is."""

    id: str
    command: str
    cells: int
    """How many targets on cases it has."""
    blocks: int
    """How many rounds have begun, of the case that has most."""
    most_blocks: int | None
    """After how many it ends at the latest; None where time alone ends it."""
    left_s: float | None
    """How long it still measures at most; None where no budget was given."""
    trials: int
    failed: int

    @property
    def line(self) -> str:
        """How far it is, in words."""
        rounds = f"block {self.blocks}"
        if self.most_blocks is not None:
            rounds += f" of at most {self.most_blocks}"
            rounds += f", {max(0, self.most_blocks - self.blocks)} to go"
        if self.left_s is not None:
            rounds += f", at most {self.left_s:.0f} s left"
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.id} {self.command}: {rounds}; {self.trials} trials{failed}"


def runs_under_way(results: Path) -> tuple[RunUnderWay, ...]:
    """The runs that are being measured, oldest first."""
    found = []
    for folder in run_folders(results)[-_LATEST:]:
        # It may end, or be damaged, while it is looked at.
        with contextlib.suppress(HarnessError, OSError):
            run = read_run(folder)
            if not run.finished and _is_lively(folder):
                found.append(_how_far(run))
    return tuple(found)


def _is_lively(folder: Path) -> bool:
    return time.time() - (folder / STREAM_NAME).stat().st_mtime < _QUIET_S


def _how_far(run: StoredRun) -> RunUnderWay:
    records = [record for _, record in stored_records(run)]
    timed = [record for record in records if record.block >= 0]
    rounds = Counter((task, case) for task, case, _ in {(r.task, r.case, r.block) for r in timed})
    budget_ns = run.plan.get("budget_ns")
    # Warming up counts as well: a budget begins with the first trial that is timed.
    begun_ns = records[0].started_at_ns if records else time.time_ns()
    return RunUnderWay(
        id=run.id,
        command=" ".join(map(str, run.plan.get("command", ())[:3])),
        cells=len(run.plan.get("cells", ())),
        blocks=max(rounds.values(), default=0),
        most_blocks=_most(run.plan),
        left_s=None
        if budget_ns is None
        else max(0.0, (begun_ns + budget_ns - time.time_ns()) / 1e9),
        trials=len(records),
        failed=sum(not record.trial.ok for record in records),
    )


def ended_run(results: Path, run_id: str) -> str:
    """What came of a run that was under way a moment ago, in words."""
    from harness.running.reading_back import checked_report
    from harness.running.run_results import RunResult
    from harness.running.selecting import going_on

    try:
        stored = next((r for f in run_folders(results) if (r := read_run(f)).id == run_id), None)
        if stored is None:
            return f"{run_id} is gone"
        if not stored.finished:
            return f"{run_id} was interrupted: {going_on(stored)}"
        return f"{run_id} has ended:\n{RunResult(checked_report(stored)).table()}\n{stored.folder}"
    except (HarnessError, OSError) as problem:
        return f"{run_id} cannot be read: {problem}"


def _most(plan: Mapping[str, Any]) -> int | None:
    """The most rounds of a case, by what the run was asked for."""
    asked = [n for n in (plan.get("trials"), plan.get("max_blocks")) if isinstance(n, int)]
    return min(asked) if asked else None
