"""`harness.compare`: two or more, side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from harness.api.documenting import documented
from harness.api.one_call import Interrupted, measuring
from harness.errors import UsageError
from harness.running.experiment import Experiment, perform
from harness.running.keywords import (
    CompareOptions,
    check_keywords,
    comparison_settings,
    settings_of,
)
from harness.running.run_results import ComparisonResult
from harness.running.side_by_side import SideBySide, side_by_side
from harness.running.sweep_axes import is_sweep

if TYPE_CHECKING:
    from harness.running.naming import TargetSpec
    from harness.running.reports import Report
    from harness.running.session import Session


@documented(CompareOptions)
def compare(*targets: TargetSpec, **options: Unpack[CompareOptions]) -> ComparisonResult:
    """Say which is faster: each a target, TARGET@REVISION, a file, FILE@REVISION or a command.

    All run interleaved until the verdict is sure or the budget ends (60 s unless you say
    otherwise); the first is the reference. Raises Interrupted after Ctrl-C, and UsageError for what
    makes no sense. With `sweep` or `matrix` it gives a SweepResult, as `harness.sweep` does.
    """
    check_keywords("compare", options, CompareOptions)
    if is_sweep(options):
        from harness.api.sweeps import sweep

        return sweep(*targets, **options)  # type: ignore[return-value]
    settings = comparison_settings(settings_of(options))
    sides = side_by_side(targets, options)
    labels = sides.labels
    if len(labels) > 2:
        raise UsageError(f"a comparison is of two, got {', '.join(labels)}")
    with measuring(sides.config, options, settings, apart=sides.apart) as session:
        for note in sides.notes:
            session.tell(note)
        with sides.cells(session, options.get("case")) as cells:
            experiment = Experiment(
                tuple(cells),
                settings,
                pairs=tuple((labels[0], label) for label in labels[1:]),
                origin={"kind": "compare", "specs": list(labels)},
            )
            report = perform(session.orchestrator, session.results, experiment)
            report = _with_doubts(session, report, sides)
    result = ComparisonResult(report.as_stored(), *labels)
    if report.interrupted:
        raise Interrupted(result)
    return result


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
