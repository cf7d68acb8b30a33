"""All implementations of a task, side by side: cold, in steady mode, and what each of them is."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.errors import HarnessError, UsageError
from harness.frozen import dataclass
from harness.model import Measurement, Mode, TrialPlan
from harness.model.floors import START_UP
from harness.project.config import Config
from harness.running.cells import Cell, Prepared, Ready
from harness.running.experiment import Experiment, perform
from harness.running.keywords import CompareOptions
from harness.running.naming import TargetSpec, name_of
from harness.running.reports import CellKey, Report
from harness.running.selecting import Selection, configured_cells
from harness.running.session import Session
from harness.running.settings import Settings
from harness.system.store.run_file import BESIDE

STARTS = 5
"""How often an empty program is started; the middle one counts."""


@dataclass(frozen=True, slots=True)
class Implementations:
    """What was measured of all implementations."""

    report: Report
    steady: Mapping[CellKey, Measurement]
    """In steady mode, of those whose adapter has one."""


def implementations(
    config: Config, targets: Sequence[TargetSpec], options: CompareOptions
) -> tuple[Cell, ...]:
    """The targets of one task or of several; those named, with the tag, or all of them.

    UsageError where no two are left of a task.
    """
    given = options["task"]
    tasks = given.split(",") if isinstance(given, str) else list(given)
    names = tuple(map(name_of, targets))
    cells: list[Cell] = []
    for task in dict.fromkeys(task.strip() for task in tasks):
        config.task(task)
        own = tuple(name for name in names if config.target(name).task == task)
        if names and not own:
            raise UsageError(f"none of {', '.join(names)} computes {task}")
        adapter = options.get("adapter")
        selection = Selection(names=own, adapter=adapter, task=task, case=options.get("case"))
        found = _of_one_case(tagged(configured_cells(config, selection), options.get("tag")))
        if len(found) < 2:
            alone = f", {found[0].name} alone" if found else ""
            raise UsageError(f"a table of {task} is of two targets or more{alone}")
        cells += found
    strangers = [n for n in names if n not in {cell.name for cell in cells}]
    if strangers:
        raise UsageError(f"{strangers[0]} computes {config.target(strangers[0]).task}, not {given}")
    return tuple(cells)


def tagged(cells: Sequence[Cell], tag: str | None) -> list[Cell]:
    """Those that have a tag, or all; UsageError where none has it."""
    if tag is None:
        return list(cells)
    found = [cell for cell in cells if tag in cell.target.tags]
    if not found:
        known = sorted({each for cell in cells for each in cell.target.tags})
        raise UsageError(
            f"no target has the tag {tag!r}", hint=f"There are: {', '.join(known) or 'none'}."
        )
    return found


def _of_one_case(cells: Sequence[Cell]) -> list[Cell]:
    """Those that are given the same case as most: times of other parameters have no ratio."""
    cases = [cell.case.name for cell in cells]
    usual = statistics.mode(cases) if cases else ""
    return [cell for cell in cells if cell.case.name == usual]


def measure_implementations(
    session: Session, cells: Sequence[Cell], settings: Settings
) -> Implementations:
    """Build all, check that they compute the same, and time them: cold, then in steady mode.

    Both share the budget: the cold times, which are judged, have half of it, and the steady ones
    what is left then.
    """
    origin = {"kind": "compare", "specs": [cell.name for cell in cells]}
    able = _with_steady_mode(session, cells) if settings.mode is Mode.COLD else ()
    halved = settings.budget_ns // 2 if able and settings.budget_ns else settings.budget_ns
    first = replace(settings, budget_ns=halved)
    asked = Experiment(tuple(cells), first, shared_level=True, ranked=True, origin=origin)
    report = perform(session.orchestrator, session.results, asked)
    report = _with_start_ups(session, report)
    steady: dict[CellKey, Measurement] = {}
    right = tuple(cell for cell in able if _is_right(report, cell))
    if right and not report.interrupted:
        left = _left_of(settings.budget_ns, report)
        beside = Experiment(
            right,
            replace(settings, budget_ns=left, mode=Mode.STEADY),
            shared_level=True,
            origin={**origin, BESIDE: report.run.id},
        )
        steady = dict(_steady(session, beside))
    return Implementations(report, steady)


def _left_of(budget_ns: int | None, report: Report) -> int | None:
    """What is left of a budget after the blocks of a run; None where there is no budget."""
    spent_ns = sum(group.spent_ns for group in report.groups)
    return None if budget_ns is None else max(0, budget_ns - spent_ns)


def _is_right(report: Report, cell: Cell) -> bool:
    return cell.key not in report.failures


def _steady(session: Session, asked: Experiment) -> Iterator[tuple[CellKey, Measurement]]:
    """The measurements in steady mode of those that did not fail in it."""
    report = perform(session.orchestrator, session.results, asked)
    for m in report.run.measurements:
        if m.key not in report.failures and m.wall_ns is not None:
            yield m.key, m


def _with_steady_mode(session: Session, cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Those whose adapter has a steady mode for them; the others are passed over."""
    return tuple(cell for cell in cells if cell.mode is None and _has_steady_mode(session, cell))


def _has_steady_mode(session: Session, cell: Cell) -> bool:
    try:
        session.orchestrator.once.made(replace(cell.target, steady=True))
    except HarnessError:
        return False
    return True


def _with_start_ups(session: Session, report: Report) -> Report:
    """The report with what an empty program of each target's toolchain takes."""
    members = {member.cell.key: member for group in report.groups for member in group.members}
    measurements = tuple(
        replace(m, start_up_ns=_start_up_ns(session, members.get(m.key)))
        for m in report.run.measurements
    )
    return replace(report, run=replace(report.run, measurements=measurements))


def _start_up_ns(session: Session, member: Prepared | None) -> float | None:
    """The middle time of an empty program of the member's toolchain; None where there is none."""
    if not isinstance(member, Ready):
        return None
    try:
        programs = member.adapter.floor(member.build, member.cell.case, session.runner)
        start = next((program for program in programs if program.adds == START_UP), None)
        if start is None:
            return None
        plan = TrialPlan(mode=Mode.COLD, timeout_ns=member.cell.target.timeout_ns)
        trials = [session.runner.trial(start.command, plan) for _ in range(STARTS)]
    except HarnessError:
        return None
    for trial in trials:
        if trial.output is not None:
            session.runner.discard(trial.output)
    walls = [trial.wall_ns for trial in trials if trial.ok]
    return statistics.median(walls) if walls else None
