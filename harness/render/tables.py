"""Measurements, phases and comparisons as tables; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.errors import UsageError
from harness.model import (
    Better,
    Comparison,
    Measurement,
    Metric,
    MetricEstimate,
    Verdict,
    signs_disagree,
)
from harness.render.costs import doubt, halves
from harness.render.fitting import Fitted, TableColumn, cut_to, fit_to, folded
from harness.render.page import page
from harness.render.plain_tables import plain_table
from harness.render.units import (
    MUCH_SLOWER,
    better_word,
    show_ns,
    show_ns_estimate,
    show_share,
    show_speed_up,
    significant,
    worse_word,
)

FORMATS = ("plain", "github", "csv")


def layout(headers: Sequence[str], rows: Sequence[Sequence[str]], style: str = "plain") -> str:
    """A table of texts in one of FORMATS, or as `html`, for notebooks."""
    if style == "csv":
        return "\n".join(",".join(_quote(cell) for cell in row) for row in (headers, *rows))
    room = page().width
    if style == "plain" and room is not None:
        columns = [
            TableColumn(header, tuple(row[at] for row in rows)) for at, header in enumerate(headers)
        ]
        if Fitted(tuple(columns)).width > room:
            return folded(headers, rows, room)
    return _laid_out(headers, rows, style)


def fitted_table(columns: Sequence[TableColumn], style: str = "plain") -> str:
    """A table whose columns may be shortened and left out where the page is narrow.

    What is left out is named below it.
    """
    found = fit_to(columns, page().width if style == "plain" else None)
    rows = list(zip(*(column.cells for column in found.columns), strict=True))
    table = _laid_out([column.name for column in found.columns], rows, style)
    if not found.left_out:
        return table
    note = f"(no room for: {', '.join(found.left_out)})"
    return f"{table}\n{cut_to(note, page().width or len(note))}"


def _laid_out(headers: Sequence[str], rows: Sequence[Sequence[str]], style: str) -> str:
    kinds = {"plain": "simple", "github": "github", "html": "html"}
    if style not in kinds:
        raise UsageError(f"style: want one of {', '.join(kinds)} and csv, got {style!r}")
    if style == "plain" and (table := plain_table(headers, rows)) is not None:
        return table
    from tabulate import tabulate

    kind = kinds[style]
    return tabulate(rows, headers=headers, tablefmt=kind, disable_numparse=True)


def as_html(sentence: str, table: str) -> str:
    """A sentence above a table that `layout` made, for notebooks."""
    import html

    return f"<p>{html.escape(sentence)}</p>{table}"


def _quote(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') else cell


def show_options(m: Measurement) -> str:
    """What harness.toml says to the adapter, in a line: `flags = -O3 -march=native; std = c99`."""
    return option_words(m.options)


def option_words(options: Mapping[str, object]) -> str:
    """Options of an adapter in a line."""
    words = (
        f"{name} = {' '.join(map(str, value)) if isinstance(value, (list, tuple)) else value}"
        for name, value in options.items()
    )
    return "; ".join(words)


def legend(measurements: Sequence[Measurement]) -> str:
    """What made each target: toolchain, options and build time, one line per target."""
    lines: dict[str, str] = {}
    for m in measurements:
        if m.toolchain:
            built = [f"built in {show_ns(m.build_ns)}"] if m.build_ns else []
            facts = [m.toolchain, show_options(m) or "default options", *built]
            lines.setdefault(m.target, f"{m.target}: {', '.join(facts)}")
    return "\n".join(lines.values())


def output_word(m: Measurement, failures: Mapping[tuple[str, str, str], str]) -> str:
    failure = failures.get(m.key)
    if failure:
        return failure
    return {True: "ok", False: "WRONG", None: "-"}[m.output_ok]


def show_named(name: str, figures: Iterable[MetricEstimate]) -> str:
    """The median of the figure of that name; `-` where there is none."""
    found = MetricEstimate.named(name, figures)
    return "-" if found is None else f"{found.value.point:.6g}"


NO_RATIO = "no ratio is known"
"""No block has the figure of both sides."""


def shown_ratio(comparison: Comparison) -> str:
    """The ratio of a comparison with its interval; words where no block has a figure of both."""
    c = comparison
    if c.blocks > 1 and c.seen is None and not c.ratio.bounded and c.ratio.point == 1:
        return NO_RATIO
    return show_speed_up(c.ratio, by=c.metric)


def show_comparison(comparison: Comparison) -> str:
    """A ratio with its interval and verdict: `2.09x [2.05, 2.12] faster`.

    Where another metric than wall time decided, its name follows; and where wall and CPU time are
    sure of opposite signs, what the other one says.
    """
    c = comparison
    shown = shown_ratio(c)
    if shown is NO_RATIO:
        return f"{shown} ({by_metric(c)})"
    notes = [] if c.metric is Metric.WALL else [by_metric(c)]
    notes += filter(None, [opposite(c)])
    after = f" ({'; '.join(notes)})" if notes else ""
    if not c.ratio.bounded:
        return f"{shown.partition(',')[0]} so far, too few blocks to be sure ({c.blocks}){after}"
    said = any(word(c.metric) in shown for word in (better_word, worse_word))
    return f"{shown}{'' if said else ' ' + verdict_words(c)}{after}"


def verdict_word(comparison: Comparison) -> str:
    """A verdict as tables have it; by figures that are no times one is better, or worse."""
    c = comparison
    if c.metric.is_known:
        return c.verdict.value
    words = {Verdict.FASTER: better_word(c.metric), Verdict.SLOWER: worse_word(c.metric)}
    return words.get(c.verdict, c.verdict.value)


def verdict_words(comparison: Comparison) -> str:
    """The verdict in a word, or in two halves where it has them."""
    if comparison.verdict is Verdict.MIXED:
        return f"mixed: {halves(comparison)}"
    if comparison.doubted:
        return f"undecided: {doubt(comparison)}"
    return verdict_word(comparison)


def by_metric(comparison: Comparison) -> str:
    """The metric of a comparison; of a figure with its unit and direction."""
    figure = comparison.figure
    if figure is None:
        return comparison.metric.value
    direction = "more is better" if figure.better is Better.HIGHER else "less is better"
    unit = f"{figure.unit}, " if figure.unit else ""
    return f"{comparison.metric.value} ({unit}{direction})"


def opposite(comparison: Comparison) -> str:
    """What the other of wall and CPU time is sure of, where that is the opposite; else nothing."""
    c = comparison
    # A program that is faster by using more cores, say: who reads one figure is told of the other.
    if not signs_disagree(c.evidence) or not c.metric.is_time:
        return ""
    other = Metric.CPU if c.metric is Metric.WALL else Metric.WALL
    ratio = c.evidence[other]
    word = "" if ratio.point < MUCH_SLOWER else f" {'faster' if ratio.point > 1 else 'slower'}"
    return f"but by {other.value} time {show_speed_up(ratio)}{word}"


def metric_table(measurements: Sequence[Measurement], style: str = "plain") -> str:
    """The named figures of every measurement that has any, one per row, with their medians."""
    several = len({(m.task, m.case) for m in measurements}) > 1
    rows = []
    for m in measurements:
        for figure in m.metrics:
            value, info = figure.value, figure.info
            interval = f"[{value.low:.4g}, {value.high:.4g}]" if value.bounded else "-"
            better = "-" if info.better is Better.NEITHER else info.better.value
            row = [m.task, m.case] * several
            row += [m.target, info.name, f"{value.point:.6g}", info.unit or "-", interval]
            rows.append([*row, str(figure.trials), better, info.source])
    headers = ["task", "case"] * several
    headers += ["target", "metric", "median", "unit", "interval", "trials", "better", "source"]
    return layout(headers, rows, style)


def phase_table(measurements: Sequence[Measurement], style: str = "plain") -> str:
    """The phases of every measurement that has any; inner phases are indented."""
    rows = []
    for m in measurements:
        for phase in m.phases:
            name = phase.path.rsplit("/", 1)[-1]
            rows.append(
                [
                    m.target,
                    "  " * phase.path.count("/") + name,
                    show_ns_estimate(phase.total_ns),
                    show_share(phase.share),
                    significant(phase.calls),
                ]
            )
    headers = ["target", "phase", "time (self-reported)", "share of wall", "calls"]
    return layout(headers, rows, style)
