"""What a campaign remembers of reports, and derives again from kept trials; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.analysis import Question, compare_cells, summarise_cell, with_guards
from harness.analysis.blocks import block_ns, figures_of
from harness.analysis.schedule import Block
from harness.baseline import LABEL
from harness.baseline.sides import CURRENT
from harness.campaign.bottlenecks import BY_FLOOR, BY_WHOLE, WHOLE_PROGRAM, means_the_whole
from harness.campaign.case_parts import PhaseGain, SideBuild
from harness.campaign.objectives import GuardResult, Guards, point_of
from harness.campaign.port import BenchRequest
from harness.campaign.profile_values import ProfileRow
from harness.campaign.values import UNBOUNDED, BenchOutcome, CaseResult, Ratio
from harness.model import (
    Agreement,
    CaseBench,
    Comparison,
    Floor,
    Metric,
    Mode,
    Profile,
    ProfileReport,
    Verdict,
)
from harness.model.guards import BINARY
from harness.profiles.bounding import row_name
from harness.stats.binomial import share_for
from harness.stats.scatter import noise_of

KEPT = "kept"
"""The label of the last kept state's side, where that is not the baseline itself."""

_AS_ROUGH_AS = 500
_DETAILS = 5
_SHOWN_SHARE = 0.01
_SHOWN_ROWS = 20


def bottleneck_rows(report: ProfileReport) -> tuple[ProfileRow, ...]:
    """Phases by their share, then functions by what they take themselves; no small ones.

    Each has its total share, since that is what Amdahl's bound is about, and keeps to the floor.
    Then come the parts of the floor, and the whole program: functions that are other names of it,
    such as `main`, are left out.
    """
    floor = report.floor
    limit = floor.limit if floor else None
    phases = sorted(report.phases.spots, key=lambda spot: -spot.total_share)
    functions = report.spots.spots if report.spots else ()
    rows = [ProfileRow(s.name, min(s.total_share, 1.0), "phase", limit, s.high) for s in phases]
    parts = floor_rows(floor) if floor else ()
    known = {row.name for row in (*rows, *parts)}
    rows += [
        ProfileRow(s.name, share, "function", limit, _most(share, report.spots))
        for s in functions
        for share in (min(s.total_share, 1.0),)
        if s.name not in known and s.total_share >= _SHOWN_SHARE and not means_the_whole(s.name)
    ]
    left = 1.0 - floor.total_share if floor and floor.told else 1.0
    whole = ProfileRow(WHOLE_PROGRAM, left, BY_WHOLE, limit)
    return (*rows[:_SHOWN_ROWS], *parts, whole)


def _most(share: float, profile: Profile | None) -> float:
    """The upper end of a share at 97.5 %, by the number of samples (Clopper & Pearson 1934).

    A profiler that counts or traces has none: what it adds to short functions, and that not every
    instruction takes as long, is taken to be as rough as `_AS_ROUGH_AS` samples.
    """
    samples = _AS_ROUGH_AS
    if profile is not None and profile.unit == "samples":
        samples = max(round(profile.total), 1)
    seen = min(round(share * samples), samples)
    return 1.0 if seen == samples else max(share, share_for(seen, samples, 0.025))


def floor_rows(floor: Floor) -> tuple[ProfileRow, ...]:
    """The parts of the floor that are not small; none where it could not be told."""
    shares = ((row_name(part), floor.share(part)) for part in floor.parts if floor.told)
    return tuple(ProfileRow(n, share, BY_FLOOR) for n, share in shares if share >= _SHOWN_SHARE)


def guarded_again(step: Comparison, stored: Sequence[GuardResult]) -> tuple[GuardResult, ...]:
    """The findings of guards, derived from trials; the size of a build is in no trial."""
    kept = {found.guard: found for found in stored}
    again = (GuardResult.of(found) for found in step.guards)
    return tuple(
        kept.get(found.guard, found) if found.guard.startswith(f"{BINARY}=") else found
        for found in again
    )


def derive(blocks: Sequence[Block], question: Question) -> dict[str, Comparison]:
    """The current tree against each reference of a kept run, by label."""
    labels = dict.fromkeys(name for block in blocks for name in block if name != CURRENT)
    found = {}
    for label in labels:
        for comparison in compare_cells(label, [CURRENT], blocks, question, ""):
            found[label] = with_guards(comparison, blocks, question, ())
    return found


def figures_again(
    result: CaseResult, blocks: Sequence[Block], cumulative: Comparison
) -> CaseResult:
    """Correctness, times, phases and guards of the two sides, as their trials say them.

    Times are by the metric that decided between the two, which may be another than the step's.
    """
    confidence = cumulative.ratio.confidence
    sides = (cumulative.reference, CURRENT)
    before, after = (_summary(label, blocks, confidence) for label in sides)
    phases = [{p.path: p.total_ns.point for p in side["phases"]} for side in (before, after)]
    metric = "cpu_ns" if cumulative.metric is Metric.CPU else "wall_ns"
    return replace(
        result,
        correct=after["output_ok"] is not False,
        baseline_ns=point_of(before[metric]) or 0.0,
        current_ns=point_of(after[metric]) or 0.0,
        phases=tuple(
            PhaseGain(name, ns, phases[1][name])
            for name, ns in phases[0].items()
            if name in phases[1]
        ),
        guards=replace(
            result.guards,
            baseline_rss_bytes=before["max_rss_bytes"],
            current_rss_bytes=after["max_rss_bytes"],
            baseline_cpu_ns=point_of(before["cpu_ns"]),
            current_cpu_ns=point_of(after["cpu_ns"]),
            baseline_wall_ns=point_of(before["wall_ns"]),
            current_wall_ns=point_of(after["wall_ns"]),
        ),
    )


def with_noise(result: CaseResult, blocks: Sequence[Block]) -> CaseResult:
    """A result with what trials of one build differed by, and what a block took."""
    metric = Metric(result.metric)
    series = []
    for label in dict.fromkeys(name for block in blocks for name in block):
        records = [record for block in blocks for record in block.get(label, ())]
        named = "" if metric.is_known else metric.value
        every = (figures_of(record, named) for record in records)
        known = [figures for figures in every if figures is not None]
        series.append([figures.of(metric) for figures in known])
    return replace(result, noise=noise_of(series), block_ns=round(block_ns(blocks)))


def _summary(label: str, blocks: Sequence[Block], confidence: float) -> dict[str, Any]:
    """What the trials of one side say by themselves."""
    records = [record for block in blocks for record in block.get(label, ())]
    return summarise_cell(records, Mode.COLD, confidence)


def outcome_of(results: Sequence[CaseResult], request: BenchRequest) -> BenchOutcome:
    """The results of a look, the fast one first, by what each of them is for."""
    fast, *more = results
    full = next((result for result in more if result.case not in request.cases), None)
    if not request.cases:
        return BenchOutcome(fast, full)
    others = tuple(result for result in more if result.case in request.cases)
    return BenchOutcome(fast, full, others=others, threshold=request.threshold)


def failed(case: str, request: BenchRequest, problem: str) -> CaseResult:
    """A candidate with a wrong output, or without one: nothing is said of its speed."""
    nothing = Ratio(1.0, 1 / UNBOUNDED, UNBOUNDED, request.of_each, Verdict.UNDECIDED)
    return CaseResult(case, False, nothing, nothing, 0.0, 0.0, problem=problem)


def case_result(case: CaseBench, request: BenchRequest) -> CaseResult:
    """What was found of a case, without the trials that it rests on."""
    if not case.agreement.ok or not case.comparisons or case.folder is None:
        what = words(case.agreement) or "it was not measured"
        return replace(failed(case.case, request, what), crashed=case.crashed)
    return measured_result(case)


def measured_result(case: CaseBench) -> CaseResult:
    """What a campaign keeps of a case with right outputs.

    The place and digest of its trials, and the budget that would decide, are added by whoever
    stores it.
    """
    step = case.comparisons[KEPT if KEPT in case.comparisons else LABEL]
    cumulative = case.comparisons.get(LABEL, step)
    sides = case.sides[cumulative.reference], case.sides[CURRENT]
    times = [s.cpu_ns if cumulative.metric is Metric.CPU else s.wall_ns for s in sides]
    return CaseResult(
        case=case.case,
        correct=True,
        step=Ratio.of(step),
        cumulative=Ratio.of(cumulative),
        baseline_ns=point_of(times[0]) or 0.0,
        current_ns=point_of(times[1]) or 0.0,
        metric=step.metric.value,
        phases=tuple(
            PhaseGain(row.path, row.baseline.total_ns.point, row.current.total_ns.point)
            for row in case.phases
            if row.baseline is not None and row.current is not None
        ),
        guards=Guards.of(*sides),
        blocks=step.blocks,
        fresh_blocks=step.fresh_blocks,
        least=step.least,
        further_draws=case.further_draws,
        stopped_because=step.stopped_because,
        builds=tuple(
            SideBuild(label, side.build_digest, side.program_digest)
            for label, side in case.sides.items()
        ),
        doubts=case.doubts,
        guarded=tuple(map(GuardResult.of, step.guards)),
    )


def words(agreement: Agreement) -> str:
    found = details(agreement)
    return "; ".join(filter(None, (agreement.summary, *found[:1])))


def details(agreement: Agreement) -> tuple[str, ...]:
    return tuple(
        f"{m.output} {m.place}: expected {m.expected}, got {m.actual}"
        for m in agreement.mismatches[:_DETAILS]
    )


def needed(step: Comparison, cumulative: Comparison) -> int | None:
    """The budget that would decide both comparisons, where both can be decided."""
    undecided = [c for c in (step, cumulative) if c.verdict is Verdict.UNDECIDED]
    budgets = [c.budget_needed_ns for c in undecided]
    if not budgets or None in budgets:
        return None
    return max(b for b in budgets if b is not None)
