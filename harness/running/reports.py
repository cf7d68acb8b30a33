"""The report of a run, and its form in the store, from which it is read back without loss."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.analysis import disturbed
from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.model import Estimate, Run
from harness.model.jsonable import numbers_back, to_plain
from harness.running.cells import CellKey as CellKey
from harness.running.cells import Group

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a cell: the words for its row, the message, the exit code."""

    words: str
    message: str
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class BlockCount:
    """The blocks of one task on one case, and how many met stolen time or a busy CPU."""

    task: str
    case: str
    blocks: int
    disturbed: int
    stopped: str | None = None
    """Why no further block was wanted."""


@dataclass(frozen=True, slots=True)
class Report:
    """The measurements, comparisons and failures of one run."""

    run: Run
    folder: Path
    failures: Mapping[CellKey, Failure]
    counts: tuple[BlockCount, ...] = ()
    """One of each task and case, in the order in which they were asked for."""
    groups: tuple[Group, ...] = ()
    """Cells with their blocks; empty where the report was read back from the store."""
    interrupted: bool = False
    lacking: Mapping[str, str] = field(default_factory=dict)
    """The metric plugins that were asked for by name and failed, each with its reason."""

    def as_stored(self) -> Report:
        """The same without its groups, as the store has it.

        Cells hold plugins and handles of the process that measured; what is handed to a caller can
        be pickled and sent to another process.
        """
        return replace(self, groups=())


@dataclass(frozen=True, slots=True)
class _StoredFailure:
    """Why a target of a stored run has no figures."""

    task: str
    case: str
    target: str
    words: str
    message: str
    exit_code: ExitCode


def to_summary(report: Report) -> dict[str, Any]:
    """A report as `run.json` has it, in strict JSON: the run's fields, and the report's own."""
    failures = [
        _StoredFailure(*key, failure.words, failure.message, failure.exit_code)
        for key, failure in report.failures.items()
    ]
    return {
        **to_plain(report.run),
        "blocks": to_plain(report.counts),
        "failures": to_plain(failures),
        "lacking": dict(report.lacking),
    }


def of_summary(summary: Mapping[str, Any], folder: Path) -> Report:
    """The inverse of `to_summary`, but for the groups; ValueError for what makes no sense.

    Summaries of older harnesses have no blocks, no failures and nothing that is lacking.
    """
    run = of_plain(summary, Run)
    failures = of_plain(summary.get("failures", []), list[_StoredFailure])
    return Report(
        run=run,
        folder=folder,
        failures={
            (f.task, f.case, f.target): Failure(f.words, f.message, f.exit_code) for f in failures
        },
        counts=of_plain(summary.get("blocks", []), tuple[BlockCount, ...]),
        lacking=of_plain(summary.get("lacking", {}), dict[str, str]),
    )


# -- values as JSON, and back -------------------------------------------------------------------


def of_plain(plain: object, kind: type[Value]) -> Value:
    """The value of that type which was written so; ValueError for what makes no sense."""
    return msgspec.convert(numbers_back(plain, _bounded), kind)


_ESTIMATE = frozenset(field.name for field in fields(Estimate))


def _bounded(found: dict[str, Any]) -> dict[str, Any]:
    """An estimate of an older harness, which wrote null for both infinities."""
    if found.keys() != _ESTIMATE:
        return found
    ends = {"low": -math.inf, "point": math.inf, "high": math.inf}
    lacking = {key: end for key, end in ends.items() if found[key] is None}
    return {**found, **lacking}


def with_left_out(report: Report, left_out: Mapping[str, str], asked: Collection[str]) -> Report:
    """The report with the plugins that had to be left out: lacking where they were asked for."""
    if not left_out:
        return report
    warnings = (*report.run.warnings, *(f"left out: {why}" for why in left_out.values()))
    lacking = {name: why for name, why in left_out.items() if name in asked}
    return replace(report, run=replace(report.run, warnings=warnings), lacking=lacking)


def counts_of(groups: Iterable[Group]) -> tuple[BlockCount, ...]:
    """The blocks of each group, counted."""
    return tuple(
        BlockCount(
            cell.task.name,
            cell.case.name,
            len(group.blocks),
            len(disturbed(group.blocks)),
            group.stopped,
        )
        for group in groups
        for cell in [group.members[0].cell]
    )
