"""Suites that people already have: each of their benchmarks becomes a case of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.errors import HarnessError, StorageFailed
from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model import Case, Mode, Target, base_name
from harness.model.tasks import BENCHMARK
from harness.plugins import Adapter
from harness.project.config import Config, lookup
from harness.running.cells import Cell
from harness.running.made_once import Made
from harness.running.session import Session
from harness.running.settings import Settings

EACH_NS = 15_000_000_000
"""What each benchmark of a compared suite may take where no budget is given."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """Cells in which every suite stands once for each of its benchmarks."""

    cells: tuple[Cell, ...]
    benchmarks: int = 0
    """How many there are; 0: no suite is among the cells."""

    def settings(self, asked: Settings) -> Settings:
        """The settings for them: what is timed is one execution of each benchmark, not a process.

        A suite repeats its benchmark until its own clock is content, so that a process takes about
        as long whatever the code does.
        """
        alone = self.benchmarks and all(cell.mode is Mode.STEADY for cell in self.cells)
        return replace(asked, mode=Mode.STEADY) if alone else asked

    def compared(self, asked: Settings, usual: Settings) -> Settings:
        """The settings of a comparison of them; `usual` has the budget that one has by default."""
        return for_each(asked, self.settings(usual), self.benchmarks)


def for_each(asked: Settings, usual: Settings, rows: int) -> Settings:
    """The usual settings, with time for each of several rows where none was asked for."""
    if rows < 2 or asked.trials is not None or asked.budget_ns is not None:
        return usual
    return replace(usual, budget_ns=max(usual.budget_ns or 0, EACH_NS * rows))


def with_benchmarks(
    session: Session, cells: Sequence[Cell], case: str | None, *, all_or_none: bool = False
) -> Expanded:
    """The cells, with one for each benchmark in the place of a suite; the suites are built for it.

    `case` is the one benchmark that is wanted; UsageError or ConfigError for one that there is not.
    A suite that cannot be built, or does not name its benchmarks, stays one cell, which the run
    tells with the reason; with `all_or_none` its error is raised.
    """
    answers = [_benchmarks(session, cell, all_or_none=all_or_none) for cell in cells]
    cells = [
        replace(cell, failure=answer) if isinstance(answer, HarnessError) else cell
        for cell, answer in zip(cells, answers, strict=True)
    ]
    names = [None if isinstance(answer, HarnessError) else answer for answer in answers]
    suites = [found for found in names if found is not None]
    if not suites:
        return Expanded(tuple(cells))
    together = _in_common(session, cells, names)
    known = {name: name for found in together.values() for name in found}
    own = {cell.case.name for cell in cells}
    if case is not None and case not in own:
        wanted = {lookup(known, case, "benchmark", session.config.path)}
    else:
        wanted = set(known)
    made: list[Cell] = []
    for cell, found in zip(cells, names, strict=True):
        if found is None:
            made.append(cell)
            continue
        made += [
            of_benchmark(cell, name)
            for name in together[cell.task.name]
            if name in wanted and name in found
        ]
    timed = {cell.group_key for cell in made if cell.mode is Mode.STEADY}
    # What shares a case with a benchmark is timed as that is: their times have a ratio.
    cells = [replace(c, mode=Mode.STEADY) if c.group_key in timed else c for c in made]
    return Expanded(tuple(cells), len(wanted))


def of_declared(session: Session, cell: Cell) -> Cell:
    """The cell of the benchmark that a suite's case declares; any other cell as it is."""
    found = _declared(session.orchestrator.adapter(cell.target.adapter), cell)
    return cell if found is None else of_benchmark(cell, found[0])


def of_benchmark(cell: Cell, name: str) -> Cell:
    """The cell of one benchmark of a suite, which is timed by the suite's own clock.

    What a suite prints are times, so that no output is compared but what the task declares.
    """
    task = replace(cell.task, ignores_output=not cell.task.outputs)
    return replace(cell, task=task, case=_case_of(cell.case, name), mode=Mode.STEADY)


def case_before_building(
    config: Config, target: Target, name: str | None, adapter_of: Callable[[str], Adapter]
) -> Case:
    """The case of that name; of a suite whose benchmarks are not known yet, the first one.

    ConfigError, with the near name, where there can be no such case.
    """
    if name is None or not is_of_suite(config, target, name, adapter_of):
        return config.case_of(target, name)
    return config.case_of(target, None)


def is_of_suite(
    config: Config, target: Target, name: str, adapter_of: Callable[[str], Adapter]
) -> bool:
    """May this be a benchmark of the target, being no case of its task?"""
    known = {case.name for case in config.task(target.task).cases}
    return not known & {name, base_name(name)} and adapter_of(target.adapter).has_benchmarks()


def _benchmarks(
    session: Session, cell: Cell, *, all_or_none: bool
) -> tuple[str, ...] | HarnessError | None:
    """The benchmarks of a suite, or the one that its case declares; None for what is no suite, and
    the reason of one that names none."""
    orchestrator = session.orchestrator
    try:
        adapter = orchestrator.adapter(cell.target.adapter)
        declared = _declared(adapter, cell)
        if declared is not None or not adapter.has_benchmarks():
            return declared
        target = replace(cell.target, steady=True)
        return benchmarks_of(session.runner, cell, orchestrator.once.made(target))
    except StorageFailed:
        raise
    except HarnessError as failure:
        if all_or_none:
            raise
        return failure


def benchmarks_of(runner: Runner, cell: Cell, made: Made) -> tuple[str, ...] | None:
    """The benchmarks that a suite's build names, or the one that its case declares; None for what
    is no suite."""
    adapter, build = made
    declared = _declared(adapter, cell)
    if declared is not None or not adapter.has_benchmarks():
        return declared
    return adapter.benchmarks(build, runner)


def _declared(adapter: Adapter, cell: Cell) -> tuple[str, ...] | None:
    """The one benchmark of a suite that a case declares; None where it declares none."""
    if not adapter.has_benchmarks() or BENCHMARK not in cell.case.params:
        return None
    return (str(cell.case.params[BENCHMARK]),)


def _in_common(
    session: Session, cells: Sequence[Cell], names: Sequence[tuple[str, ...] | None]
) -> dict[str, list[str]]:
    """By task the benchmarks that all of its suites have, in the first one's order; says which ones
    are left out."""
    by_task: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for cell, found in zip(cells, names, strict=True):
        if found is not None:
            by_task.setdefault(cell.task.name, []).append((cell.name, found))
    common = {}
    for task, suites in by_task.items():
        shared = set.intersection(*(set(found) for _, found in suites))
        common[task] = [name for name in suites[0][1] if name in shared]
        for label, found in suites:
            alone = [name for name in found if name not in shared]
            if alone:
                session.tell(f"only {label} has {', '.join(alone)}: nothing to compare with")
    return common


def _case_of(case: Case, name: str) -> Case:
    if BENCHMARK in case.params:
        return case
    return replace(case, name=name, params={**case.params, BENCHMARK: name})
