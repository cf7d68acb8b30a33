"""A bench as people read it: the table of the guide, an interval and a verdict per row; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.frozen import dataclass
from harness.model import (
    Agreement,
    BenchReport,
    CaseBench,
    Comparison,
    Estimate,
    Gain,
    Metric,
    PhaseEstimate,
    PhaseRow,
    Scale,
    SideFigures,
    Verdict,
)
from harness.model.families import verdict_of_comparisons
from harness.render.case_words import words_of_cases
from harness.render.guard_rows import GUARD_HEADERS, guard_rows
from harness.render.tables import (
    by_metric,
    layout,
    show_comparison,
    show_named,
    verdict_word,
    verdict_words,
)
from harness.render.units import (
    better_word,
    show_bytes,
    show_factor,
    show_ns,
    show_ratio_estimate,
    show_share,
    show_speed_up,
    speed_up_cells,
    worse_word,
)

TOTAL = "TOTAL"

NOT_DECIDING = "does not decide"
"""The verdict column of a metric that another one decides over."""

_METRIC_WORDS = {
    Metric.WALL: "wall time",
    Metric.CPU: "cpu time",
    Metric.MEMORY: "peak memory",
}

BELOW_THE_CLOCK = "below the clock"
"""In place of a phase's ratio and verdict, where one side's time is too short to be one."""

SHORTEST_NS, SHORTEST_CALL_NS = 1_000, 100
"""A phase of less than this, altogether or per call, is as short as what its markers cost."""


@dataclass(frozen=True, slots=True)
class BenchRow:
    """A row of the guide's table: a phase or the whole, before and now."""

    name: str
    baseline: str
    current: str
    speed_up: Estimate | float | None
    """A bare number where no interval is known; None where one side has no such row."""
    word: str = ""
    """The verdict, or why there is none."""
    by: Metric = Metric.WALL
    """What it is of: less than 1 is slower, of a size larger, of another figure worse."""

    def cells(self) -> list[str]:
        """The row as the table has it."""
        ratio, shown = self.speed_up, ("-", "")
        if isinstance(ratio, Estimate):
            shown = speed_up_cells(ratio, by=self.by)
        elif ratio is not None:
            shown = (show_factor(ratio, by=self.by), "")
        return [self.name, self.baseline, self.current, *shown, self.word]


def bench_table(rows: Iterable[BenchRow], style: str = "plain", before: str = "Baseline") -> str:
    """The guide's table, of a bench alone and of one within a campaign."""
    headers = ["Phase", before, "Current", "Speedup", "interval", "verdict"]
    return layout(headers, [row.cells() for row in rows], style)


def bench_text(report: BenchReport, style: str = "plain") -> str:
    """The whole report: one table per case, correctness, what the gain may have cost, verdict."""
    parts = [
        part
        for case in report.cases
        for part in _case(case, report.reference, style, named=len(report.cases) > 1)
    ]
    parts.append(_together(report))
    if report.scale is not None:
        parts.append(_scale_text(report.scale))
    cases = [w for case in report.cases for w in (*case.doubts, *case.warnings)]
    notes = [*report.warnings, *cases]
    notes += [
        f"{case.case}: {c.disturbed_blocks} of {c.blocks} blocks were disturbed (kept)"
        for case in report.cases
        if (c := case.comparisons.get(report.reference)) and c.disturbed_blocks
    ]
    if report.stored:
        notes.insert(0, "Compared with STORED trials: weaker, since nothing was interleaved.")
    # Each case may bring the same doubt; it is said once, where it came first.
    parts += [f"note: {note}" for note in dict.fromkeys(notes)]
    return "\n\n".join(filter(None, parts))


def cases_together(report: BenchReport) -> str:
    """The verdict on several cases in words; nothing where there is but one."""
    found = _of_several(report)
    if len(report.together) < 2 or not found:
        return ""
    together = verdict_of_comparisons([c for _, c in found])
    return words_of_cases([(name, c.verdict) for name, c in found], together)


def _of_several(report: BenchReport) -> list[tuple[str, Comparison]]:
    return [
        (case.case, case.comparisons[report.reference])
        for case in report.cases
        if case.case in report.together and report.reference in case.comparisons
    ]


def _together(report: BenchReport) -> str:
    """What several cases say together, and what each does; nothing where there is but one."""
    said = cases_together(report)
    if not said:
        return ""
    found = _of_several(report)
    each = ", ".join(f"{name} {verdict_word(c)}" for name, c in found)
    missing = len(report.together) - len(found)
    rest = f"; {missing} not measured, since the answer was known" if missing else ""
    return f"{len(report.together)} cases together: {said} ({each}{rest})"


def _case(case: CaseBench, reference: str, style: str, named: bool) -> Iterable[str]:
    title = f"Case {case.case}\n" if named else ""
    if case.crashed:
        yield f"{title}Correctness: not known ({case.agreement.summary})"
        return
    if not case.comparisons:
        yield title + correctness_text(case.agreement)
        return
    yield title + _phase_comparison(case, reference, style)
    yield correctness_text(case.agreement)
    yield _verdict_text(case.comparisons[reference])
    others = [c for label, c in case.comparisons.items() if label != reference]
    yield "\n".join(f"against {c.reference}: {show_comparison(c)}" for c in others)
    yield _guard_table(case, reference, style)
    if case.comparisons[reference].guards:
        yield layout(GUARD_HEADERS, guard_rows(case.comparisons[reference]), style)


def _phase_comparison(case: CaseBench, reference: str, style: str = "plain") -> str:
    """The guide's table: phases as the targets report them, TOTAL by the harness's own clock."""
    total = case.comparisons[reference]
    sides = [case.sides[label] for label in (reference, total.candidate)]
    table = bench_table([*map(_phase_row, case.phases), *_totals(total, *sides)], style)
    # A sentence behind a CSV table would be read as a row of it.
    if not case.phases or style == "csv":
        return table
    return (
        f"{table}\nPhases are wall times as the program reports them; TOTAL is the harness's clock."
    )


def _totals(total: Comparison, reference: SideFigures, current: SideFigures) -> Iterable[BenchRow]:
    """The whole program by wall time, and by what decides where that is something else."""
    decides, ratio, verdict = total.metric, total.ratio, verdict_word(total)
    wall = _time(reference.wall_ns), _time(current.wall_ns)
    if decides is Metric.WALL:
        yield BenchRow(TOTAL, *wall, ratio, verdict)
        return
    name = f"{TOTAL} (wall)" if decides is Metric.CPU else TOTAL
    yield BenchRow(name, *wall, total.evidence.get(Metric.WALL), NOT_DECIDING)
    if decides is Metric.CPU:
        cpu = _time(reference.cpu_ns), _time(current.cpu_ns)
        yield BenchRow(f"{TOTAL} (CPU)", *cpu, ratio, verdict)
    elif total.figure is not None:
        name = total.figure.name
        values = show_named(name, reference.figures), show_named(name, current.figures)
        yield BenchRow(by_metric(total), *values, ratio, verdict, by=decides)
    else:
        sizes = show_bytes(reference.max_rss_bytes), show_bytes(current.max_rss_bytes)
        yield BenchRow("peak memory", *sizes, ratio, verdict, by=decides)


def _phase_row(row: PhaseRow) -> BenchRow:
    name = "  " * row.path.count("/") + row.path.rsplit("/", 1)[-1]
    times = _phase_time(row.baseline), _phase_time(row.current)
    if row.comparison is None:
        return BenchRow(name, *times, None, _only(row))
    sides = [side for side in (row.baseline, row.current) if side is not None]
    if any(is_below_the_clock(side.total_ns.point, side.calls) for side in sides):
        return BenchRow(name, *times, None, BELOW_THE_CLOCK)
    return BenchRow(name, *times, row.comparison.ratio, row.comparison.verdict.value)


def is_below_the_clock(ns: float, calls: float = 1) -> bool:
    """Is a phase so short that its time is that of the markers?

    A compiler may have moved the work out from between them, so that a ratio would be of nothing.
    """
    return ns < max(SHORTEST_NS, SHORTEST_CALL_NS * calls)


def _only(row: PhaseRow) -> str:
    if row.baseline is None:
        return "new"
    return "gone" if row.current is None else ""


def _phase_time(phase: PhaseEstimate | None) -> str:
    return "-" if phase is None else _time(phase.total_ns)


def _time(estimate: Estimate | None) -> str:
    return "-" if estimate is None else show_ns(estimate.point)


def correctness_text(agreement: Agreement) -> str:
    """`Correctness: PASS`, or FAIL with what differs and the worst few places."""
    if agreement.ok:
        return f"Correctness: PASS ({agreement.summary})"
    lines = [f"Correctness: FAIL ({agreement.summary})"]
    if agreement.mismatches:
        rows = [
            [m.output, m.place, m.expected, m.actual, _number(m.error), _number(m.allowed)]
            for m in agreement.mismatches
        ]
        headers = ["output", "place", "expected", "got", "error", "allowed"]
        lines.append(layout(headers, rows))
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _verdict_text(comparison: Comparison) -> str:
    """The verdict in a sentence, and what it rests on."""
    words = {
        Verdict.FASTER: better_word(comparison.metric),
        Verdict.SLOWER: worse_word(comparison.metric),
        Verdict.EQUIVALENT: f"equivalent within {show_share(comparison.threshold)}",
        Verdict.MIXED: verdict_words(comparison),
        Verdict.UNDECIDED: verdict_words(comparison),
    }[comparison.verdict]
    ratio = show_speed_up(comparison.ratio, by=comparison.metric)
    metric = _METRIC_WORDS.get(comparison.metric) or by_metric(comparison)
    lines = [
        f"Verdict: {words}, {ratio} by {metric}"
        f" ({comparison.ratio.confidence:.0%} interval, {comparison.blocks} blocks;"
        f" stopped: {comparison.stopped_because})",
        f"metric: {comparison.metric_because}",
    ]
    if comparison.verdict is Verdict.UNDECIDED and comparison.budget_needed_ns is not None:
        lines.append(f"about {show_ns(comparison.budget_needed_ns, 2)} would decide")
    return "\n".join(line for line in lines if not line.endswith(": "))


def _guard_table(case: CaseBench, reference: str, style: str = "plain") -> str:
    """Memory, CPU time, CPUs and build time of both sides: what a gain may be paid for with."""
    current = case.comparisons[reference].candidate
    sides = [case.sides[label] for label in (reference, current)]
    rows = [
        ["peak memory", *(show_bytes(side.max_rss_bytes) for side in sides)],
        ["CPU time", *(_time(side.cpu_ns) for side in sides)],
        ["CPUs at work", *(_cpus(side) for side in sides)],
        ["build time", *(show_ns(side.build_ns) for side in sides)],
    ]
    if any(side.ready_ns for side in sides):
        rows.append(["start-up", *(_time(side.ready_ns) for side in sides)])
    return layout(["guard", "Baseline", "Current"], rows, style)


def _cpus(side: SideFigures) -> str:
    return "-" if side.cpus_used is None else f"{side.cpus_used:.2f}"


def _scale_text(scale: Scale) -> str:
    """Does the gain hold on the full case, and how does time grow on both sides?"""
    sentence = {
        Gain.HOLDS: "the gain holds on the full case",
        Gain.GROWS: "the gain grows on the full case",
        Gain.SHRINKS: "the gain shrinks on the full case",
        Gain.GONE: "the gain is gone on the full case",
        Gain.NONE: "there is no gain on the fast case that could hold on the full one",
        Gain.UNDECIDED: "whether the gain holds on the full case is undecided",
    }[scale.gain]
    grown: Sequence[str] = [
        f"{label} {show_ratio_estimate(estimate)}" for label, estimate in scale.growth.items()
    ]
    of = _METRIC_WORDS[scale.growth_of]
    return f"At scale: {sentence}; {of} grows from fast to full: {', '.join(grown)}"
