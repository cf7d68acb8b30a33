"""`harness.compare`: two or more, side by side."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack, cast, overload

from harness.api.documenting import documented
from harness.api.on_clusters import cluster_of_comparison, compare_task_there, compare_there
from harness.api.one_call import Interrupted, measuring
from harness.errors import UsageError
from harness.model import Mode
from harness.model.noise import Noise
from harness.project.finding import required_config
from harness.running.cases_result import CasesResult, cases_named
from harness.running.experiment import Experiment, perform
from harness.running.implementations import implementations, measure_implementations
from harness.running.keywords import (
    ComparedOptions,
    CompareOptions,
    check_keywords,
    comparison_settings,
    config_of,
    refuse_handling,
    settings_of,
)
from harness.running.run_results import ComparisonResult
from harness.running.side_by_side import SideBySide, side_by_side
from harness.running.suite_results import SuiteResult
from harness.running.suites import for_each, with_benchmarks
from harness.running.sweep_axes import is_sweep
from harness.running.table_results import TableResult

if TYPE_CHECKING:
    from harness.running.keywords import RunOptions
    from harness.running.naming import TargetSpec
    from harness.running.reports import Report
    from harness.running.session import Session
    from harness.running.settings import Settings
    from harness.running.sweep_results import SweepResult


@overload
def compare(
    reference: TargetSpec, candidate: TargetSpec, /, **options: Unpack[ComparedOptions]
) -> ComparisonResult: ...


@overload
def compare(*targets: TargetSpec, **options: Unpack[ComparedOptions]) -> TableResult: ...


@overload
def compare(*targets: TargetSpec, **options: Unpack[CompareOptions]) -> SweepResult: ...


@documented(CompareOptions)
def compare(
    *targets: TargetSpec, **options: Unpack[CompareOptions]
) -> ComparisonResult | TableResult | SweepResult:
    """Say which is the fastest: each a target, TARGET@REVISION, a file, FILE@REVISION or a command.

    All run interleaved until the verdicts are sure or the budget ends (60 s unless you say
    otherwise); the first is the reference. Two give a ComparisonResult; more, or the targets of a
    `task`, are ranked in a TableResult. Raises Interrupted after Ctrl-C, and UsageError for what
    makes no sense. With `sweep` or `matrix` it gives a SweepResult, as `harness.sweep` does.
    """
    check_keywords("compare", options, CompareOptions)
    if is_sweep(options):
        if options.get("tag") is not None:
            raise UsageError("a sweep takes targets by their names or their `task`, not by a `tag`")
        from harness.api.sweeps import sweep

        return sweep(*targets, **cast("RunOptions", options))
    if options.get("task") is not None:
        return compare_task(targets, options)
    cluster = cluster_of_comparison(options)
    if options.get("tag") is not None:
        raise UsageError("`tag` picks among the targets of a task", hint="Name it with `task`.")
    asked = settings_of(options)
    settings = _weighing(comparison_settings(asked))
    sides = side_by_side(targets, options)
    labels = sides.labels
    names = _cases_of(options, labels, elsewhere=cluster is not None)
    if cluster is not None:
        return compare_there(cluster, sides, settings, (targets, options))
    with measuring(sides.config, options, settings, apart=sides.apart) as session:
        for note in sides.notes:
            session.tell(note)
        with contextlib.ExitStack() as stack:
            cells = [cell for n in names for cell in stack.enter_context(sides.cells(session, n))]
            suites = with_benchmarks(session, cells, _only(names), all_or_none=True)
            experiment = Experiment(
                suites.cells,
                suites.compared(asked, for_each(asked, settings, len(names))),
                pairs=tuple((labels[0], label) for label in labels[1:]),
                shared_level=True,
                ranked=len(labels) > 2,
                origin={"kind": "compare", "specs": list(labels)},
            )
            report = perform(session.orchestrator, session.results, experiment)
            report = _with_doubts(session, report, sides)
    stored = report.as_stored()
    result = _result_of(stored, labels, suites.benchmarks, len(names))
    if report.interrupted:
        raise Interrupted(result)
    return result


def compare_task(targets: Sequence[TargetSpec], options: CompareOptions) -> TableResult:
    """All targets of a task, or of several, with all that is known of each; see `compare`."""
    refuse_handling(options)
    config = required_config(config_of(options))
    settings = settings_of(options)
    cells = implementations(config, targets, options)
    cluster = cluster_of_comparison(options)
    if cluster is not None:
        return compare_task_there(cluster, config, cells, options)
    with measuring(config, options, settings) as session:
        suites = with_benchmarks(session, cells, options.get("case"))
        found = measure_implementations(session, suites.cells, suites.settings(settings))
    result = TableResult(found.report.as_stored(), found.steady, whole=True)
    if found.report.interrupted:
        raise Interrupted(result)
    return result


def _result_of(
    stored: Report, labels: tuple[str, ...], benchmarks: int, cases: int
) -> ComparisonResult | TableResult:
    """Two of a kind in words, three or more ranked, two on several cases or two builds of a suite
    row by row."""
    if len(labels) != 2:
        return TableResult(stored)
    if cases > 1:
        return CasesResult(stored, reference=labels[0], candidate=labels[1])
    if benchmarks > 1:
        return SuiteResult(stored, reference=labels[0], candidate=labels[1])
    return ComparisonResult(stored, labels[0], labels[1])


def _weighing(settings: Settings) -> Settings:
    """The settings of two sides: pairs of steady mode are weighed by sign and size, as tables are.

    A steady trial is the median of many samples and takes a second: signs alone want eight blocks
    of them where the sides are ten times apart, and sizes four.
    """
    asked = settings.question
    by_signs = asked.noise is not None or asked.precision is not None or asked.per_comparison
    if settings.mode is not Mode.STEADY or by_signs:
        return settings
    return replace(settings, question=replace(asked, noise=Noise()))


def _cases_of(
    options: CompareOptions, labels: tuple[str, ...], *, elsewhere: bool
) -> list[str | None]:
    """The cases that are named; UsageError for several that cannot be compared."""
    names = cases_named(options.get("case"))
    if len(names) > 1 and len(labels) > 2:
        raise UsageError(f"several cases are of two targets, got {len(labels)}")
    if len(names) > 1 and elsewhere:
        raise UsageError("several cases are compared here, and by no executor")
    return names


def _only(names: Sequence[str | None]) -> str | None:
    """The case, where it is the only one; what is not named is every benchmark of a suite."""
    return names[0] if len(names) == 1 else None


def _with_doubts(session: Session, report: Report, sides: SideBySide) -> Report:
    """The report with what casts doubt on it: two that ran one program."""
    from harness.bench.doubts import one_program, twins

    if sides.of_programs:
        doubts = twins(report)
    elif len(sides.labels) == 2:
        doubts = one_program(session, report, (sides.labels[0], sides.labels[1]))
    else:
        doubts = []
    return replace(report, run=replace(report.run, warnings=(*report.run.warnings, *doubts)))
