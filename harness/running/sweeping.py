"""Measures a sweep: says first how long it takes, keeps the error of all verdicts together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import AdapterError, ExitCode, NotAllowed, UsageError
from harness.frozen import dataclass
from harness.model.durations import write_duration
from harness.model.families import each_confidence
from harness.model.jsonable import jsonable
from harness.running.cells import Cell
from harness.running.experiment import Experiment, perform
from harness.running.reports import Report
from harness.running.session import Session
from harness.running.settings import Settings, of_plan
from harness.running.sweep_axes import Sweep
from harness.running.sweep_cells import at_point, cells_of
from harness.running.sweep_results import SweepResult
from harness.system.process.passing import passing_folder
from harness.system.store.files import storage_errors, write_atomically
from harness.system.store.run_file import StoredRun, readable_runs, run_folders

LONGEST_NS = 1_800_000_000_000
"""A sweep that may take longer is not begun unless somebody says so."""
SWEEP_NAME = "sweep.json"
KIND = "sweep"


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """A sweep as it is asked for."""

    sweep: Sweep
    settings: Settings
    resume: bool = False
    however_long: bool = False
    """Begin although it may take longer than `LONGEST_NS`."""
    point: int | None = None
    """Measure this point alone, at the level of the whole sweep."""


def measure_sweep(session: Session, bases: Sequence[Cell], asked: SweepRequest) -> SweepResult:
    """Measure every point of every base, as one run with a case for each point.

    Each point ends as soon as it is decided. Raises UsageError for what makes no sense of a sweep,
    and for one that may take too long; ConfigError for a variant that an adapter does not know.
    """
    cells = cells_of(asked.sweep, bases)
    settings = _corrected(asked.settings, cells)
    if asked.point is not None:
        cells = at_point(asked.sweep, cells, asked.point)
    _probe(session, cells)
    origin = _origin(asked, bases)
    folder = None
    if asked.resume:
        stored = _interrupted(session.results, origin)
        folder, settings = stored.folder, of_plan(stored.plan)
    elif asked.point is None and (not settings.trials or len(cells) > 1):
        _tell_time(session, cells, settings, asked)
    experiment = Experiment(tuple(cells), settings, pairs=_pairs(cells), origin=origin)
    report = perform(session.orchestrator, session.results, experiment, folder)
    question = asked.settings.question
    alone = question.per_comparison
    result = SweepResult(report.as_stored(), asked.sweep, question.confidence, alone)
    if not report.interrupted:
        keep_sweep(result)
    return result


def keep_sweep(result: SweepResult) -> None:
    """Write what the sweep found beside its run."""
    path = result.folder / SWEEP_NAME
    content = json.dumps(result.document(), indent=1, ensure_ascii=False, allow_nan=False)
    with storage_errors(path):
        write_atomically(path, (content + "\n").encode())


def _origin(asked: SweepRequest, bases: Sequence[Cell]) -> Mapping[str, Any]:
    return {
        "kind": KIND,
        "axes": jsonable(asked.sweep.axes),
        "matrix": jsonable(asked.sweep.matrix),
        "bases": [[*base.key] for base in bases],
        "confidence": asked.settings.question.confidence,
    }


def _pairs(cells: Sequence[Cell]) -> tuple[tuple[str, str], ...]:
    """The first of a point's cells against each other one; every point has the same names."""
    names = list(dict.fromkeys(cell.name for cell in cells))
    tasks = {cell.task.name for cell in cells}
    return tuple((names[0], name) for name in names[1:]) if len(tasks) == 1 else ()


def _corrected(settings: Settings, cells: Sequence[Cell]) -> Settings:
    """Each verdict at the confidence at which all of them hold together, unless that is unasked."""
    if settings.question.per_comparison:
        return settings
    groups = {cell.group_key for cell in cells}
    comparisons = max(len(cells) - len(groups), settings.family or 0)
    level = each_confidence(settings.question.confidence, comparisons)
    return replace(settings, question=replace(settings.question, confidence=level))


def _probe(session: Session, cells: Sequence[Cell]) -> None:
    """Raise what an adapter says of a variant that it does not know, before anything runs."""
    for cell in {(repr(c.target.options), c.target.name): c for c in cells}.values():
        adapter = session.orchestrator.adapter(cell.target.adapter)
        try:
            adapter.probe(session.runner, cell.target)
        except UsageError as problem:
            raise type(problem)(f"{cell.name}: {problem.message}", hint=problem.hint) from None


# -- going on, and how long ------------------------------------------------------------------------


def _interrupted(results: Path, origin: Mapping[str, Any]) -> StoredRun:
    """The latest unfinished run of the same sweep."""
    wanted = json.loads(json.dumps(origin))
    for stored in readable_runs(reversed(run_folders(results))):
        if stored.plan.get("origin") == wanted:
            if not stored.finished:
                return stored
            raise NotAllowed(
                f"the latest such sweep, {stored.id}, is finished",
                hint="Leave `resume` out to measure it again; `harness export` shows it.",
            )
    raise UsageError(
        f"no sweep in {results} was interrupted that has these targets and points",
        hint="Repeat it as it was, with `resume`; `harness history` lists all runs.",
    )


def _tell_time(
    session: Session, cells: Sequence[Cell], settings: Settings, asked: SweepRequest
) -> None:
    """Say how long it takes, from one trial of each point; UsageError beyond the limit."""
    least_ns, most_ns = _estimate(session, cells, settings)
    points = len({cell.group_key for cell in cells})
    words = f"{points} point{'s' * (points > 1)}, {len(cells)} row{'s' * (len(cells) > 1)}:"
    words += f" about {write_duration(least_ns, 2)}"
    if most_ns > least_ns:
        words += f" where every point is decided at once, at most {write_duration(most_ns, 2)}"
    session.tell(words)
    if most_ns > LONGEST_NS and not asked.however_long:
        raise UsageError(
            f"this sweep may take {write_duration(most_ns, 2)}, and nothing longer than"
            f" {write_duration(LONGEST_NS)} is begun unasked",
            hint="`yes` begins it; `budget`, `trials` or fewer points make it shorter.",
        )


def _refuse_unfit(report: Report) -> None:
    """Raise what an adapter says of a variant only when it builds it."""
    for (_, case, target), failure in report.failures.items():
        if failure.exit_code in (ExitCode.USAGE, ExitCode.ADAPTER):
            kind = UsageError if failure.exit_code is ExitCode.USAGE else AdapterError
            raise kind(f"{target} at {case}: {failure.message}")


def _estimate(session: Session, cells: Sequence[Cell], settings: Settings) -> tuple[float, float]:
    """The least and the most that a sweep takes, in ns."""
    pilot = replace(settings, trials=1, budget_ns=None, max_blocks=None, warmup=0)
    pilot = replace(pilot, question=replace(pilot.question, precision=None))
    with passing_folder("pilot") as folder:
        report = perform(session.orchestrator, folder, Experiment(tuple(cells), pilot))
    if report.interrupted:
        raise KeyboardInterrupt
    _refuse_unfit(report)
    blocks_ns = [group.block_ns for group in report.groups]
    once_ns = float(sum(blocks_ns))
    warm_ns = once_ns * (1 + settings.warmup)  # each is looked at once before it is timed
    if settings.trials is not None:
        total_ns = warm_ns + once_ns * settings.trials
        return total_ns, total_ns
    least_ns = warm_ns + once_ns * settings.blocks_wanted
    limit = settings.time_limit(len(blocks_ns))
    budget_ns = float(limit.ns or 0)
    most_ns = warm_ns + max(budget_ns, min(least_ns, budget_ns * limit.stretch))
    if settings.max_blocks is not None:
        most_ns = min(most_ns, warm_ns + once_ns * settings.max_blocks)
    return min(least_ns, most_ns), most_ns
