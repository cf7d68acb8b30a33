"""The current tree against the stored trials of a baseline that can no longer be built.

Nothing is interleaved here: whatever the machine did then and does now is a part of the answer. So
the interval is that of two medians that know nothing of each other, and it is widened by what two
separate runs of one program may differ by.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from harness.analysis import summarise_cell
from harness.baseline import LABEL, Baseline
from harness.baseline.document import CaseRecord
from harness.baseline.sides import CURRENT, current_side
from harness.bench.measure import (
    Bench,
    BuiltSide,
    after_all,
    bench_report,
    check_side,
    figures,
    measure,
    warnings_of,
)
from harness.bench.settings import BenchSettings
from harness.model import (
    BenchReport,
    Case,
    CaseBench,
    Comparison,
    Estimate,
    Measurement,
    Metric,
    PhaseRow,
    SideFigures,
    TrialRecord,
    Verdict,
)
from harness.project.workload import Workload
from harness.running import Cell
from harness.running.reports import Report
from harness.running.session import Session
from harness.stats.medians import median_estimate
from harness.system.store.runs import read_records

DRIFT = 0.25
"""What the medians of two separate runs of one program may differ by: 2.5 times the standard
deviation of 10 % that such runs were seen to have on a shared two-core machine."""


def run_stored(
    session: Session, workload: Workload, baseline: Baseline, plan: BenchSettings
) -> BenchReport:
    """Measure the working tree alone and compare it with the baseline's stored trials."""
    bench = Bench(session, workload, baseline, plan)
    cases = workload.measured(full=plan.full)
    records = read_records(baseline.trials)
    found: list[CaseBench] = []
    with contextlib.ExitStack() as stack:
        side = stack.enter_context(current_side(session, workload))
        built = BuiltSide.of(session, side)
        for case in cases:
            own = [r for r in records if r.case == case.name and not r.warmup]
            found.append(_case(bench, built, case, own))
            if not found[-1].agreement.ok:
                break
        built.check_untouched()
    return replace(bench_report(bench, found, built), stored=True)


def _case(bench: Bench, built: BuiltSide, case: Case, stored: Sequence[TrialRecord]) -> CaseBench:
    expected = bench.baseline.expected(case)
    agreement = check_side(bench, built, case, expected)
    if not agreement.ok:
        return CaseBench(case.name, agreement)
    cell = Cell(bench.workload.task, case, built.side.target, CURRENT, expected.main)
    report = measure(bench, (cell,), ())
    agreement = after_all(report, agreement)
    if not agreement.ok:
        return CaseBench(case.name, agreement, run_id=report.run.id, folder=report.folder)
    now = report.run.measurements[0]
    then = replace(
        now,
        target=LABEL,
        build_digest=bench.baseline.document.build.digest,
        **summarise_cell(stored, now.mode, bench.plan.confidence),
    )
    comparison = _compare(bench, stored, report)
    return CaseBench(
        case=case.name,
        agreement=agreement,
        comparisons={LABEL: comparison},
        phases=_phases(then, now),
        sides={
            LABEL: _stored_figures(bench.baseline, bench.baseline.record(case), then),
            CURRENT: figures(built, now),
        },
        run_id=report.run.id,
        folder=report.folder,
        warnings=(*_host_warning(bench.baseline, report), *warnings_of(report)),
    )


def _compare(bench: Bench, stored: Sequence[TrialRecord], report: Report) -> Comparison:
    """The ratio of the two medians of wall time, its interval widened by the drift."""
    plan = bench.plan
    trials = [r for block in report.groups[0].blocks for r in block.get(CURRENT, ())]
    # Both intervals hold at once with the confidence asked for (Bonferroni).
    each = 1 - (1 - plan.confidence) / 2
    then, now = (
        median_estimate([r.trial.wall_ns for r in side if r.trial.ok], each)
        for side in (stored, trials)
    )
    assert then is not None
    assert now is not None
    ratio = Estimate(
        "ratio of medians",
        then.point / now.point,
        then.low / now.high / (1 + DRIFT),
        then.high / now.low * (1 + DRIFT),
        plan.confidence,
    )
    return Comparison(
        candidate=CURRENT,
        reference=LABEL,
        metric=Metric.WALL,
        ratio=ratio,
        verdict=_verdict(ratio),
        blocks=len(trials),
        threshold=plan.threshold,
        stopped_because=report.groups[0].stopped or "",
        metric_because=f"stored trials, not interleaved; widened by {DRIFT:.0%} for drift",
        task=bench.workload.task.name,
        case=report.run.measurements[0].case,
    )


def _verdict(ratio: Estimate) -> Verdict:
    """The verdict, which is never "equivalent": the drift may hide a difference."""
    if ratio.low > 1:
        return Verdict.FASTER
    return Verdict.SLOWER if ratio.high < 1 else Verdict.UNDECIDED


def _phases(then: Measurement, now: Measurement) -> tuple[PhaseRow, ...]:
    sides = [{phase.path: phase for phase in side.phases} for side in (then, now)]
    return tuple(
        PhaseRow(path, sides[0].get(path), sides[1].get(path), None)
        for path in {**sides[0], **sides[1]}
    )


def _stored_figures(baseline: Baseline, record: CaseRecord, then: Measurement) -> SideFigures:
    document = baseline.document
    return SideFigures(
        commit=document.commit,
        wall_ns=then.wall_ns,
        cpu_ns=then.cpu_ns,
        max_rss_bytes=record.timing.max_rss_bytes,
        build_ns=document.build.build_ns,
        build_digest=document.build.digest,
        toolchain=document.toolchain.version,
    )


def _host_warning(baseline: Baseline, report: Report) -> Sequence[str]:
    old, new = baseline.document.host, report.run.host
    if old.id == new.id:
        return ()
    return (
        f"the stored trials were made on another machine ({old.cpu}, {old.cores} cores; this one:"
        f" {new.cpu}, {new.cores} cores): the ratio says little",
    )
