"""Measurements, phases and comparisons as tables; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from harness.model import Comparison, Measurement, Metric, Mode
from harness.render.units import (
    show_bytes,
    show_ns_estimate,
    show_ratio,
    show_ratio_estimate,
    show_share,
    significant,
)

FORMATS = ("plain", "github", "csv")


def layout(headers: Sequence[str], rows: Sequence[Sequence[str]], style: str = "plain") -> str:
    """A table of texts in one of FORMATS."""
    if style == "csv":
        return "\n".join(",".join(_quote(cell) for cell in row) for row in (headers, *rows))
    kind = {"plain": "simple", "github": "github"}[style]
    return tabulate(rows, headers=headers, tablefmt=kind, disable_numparse=True)


def _quote(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') else cell


def measurement_table(
    measurements: Sequence[Measurement],
    comparisons: Sequence[Comparison],
    failures: Mapping[tuple[str, str, str], str],
    style: str = "plain",
) -> str:
    """The main table: a row a target, relative to its task's reference.

    `failures` says, by (task, case, target), what went wrong.
    """
    relative = {(c.task, c.case, c.candidate): c for c in comparisons}
    references = {(c.task, c.case, c.reference) for c in comparisons}
    several = len({(m.task, m.case) for m in measurements}) > 1
    steady = any(m.mode is Mode.STEADY for m in measurements)
    headers = ["task", "case"] * several + ["target", "language", "wall (median)", "cpu"]
    headers += ["start-up", "first call"] * steady
    headers += ["peak memory", "trials", "speed-up", "output"]
    rows = []
    for m in measurements:
        key = (m.task, m.case, m.target)
        row = [m.task, m.case] * several
        row += [m.target, m.language, show_ns_estimate(m.wall_ns), show_ns_estimate(m.cpu_ns)]
        row += [show_ns_estimate(m.ready_ns), show_ns_estimate(m.first_call_ns)] * steady
        ratio = "reference" if key in references else "-"
        if key in relative:
            ratio = show_comparison(relative[key])
        row += [show_bytes(m.max_rss_bytes), str(m.trials), ratio, _output_word(m, failures)]
        rows.append(row)
    return layout(headers, rows, style)


def _output_word(m: Measurement, failures: Mapping[tuple[str, str, str], str]) -> str:
    failure = failures.get((m.task, m.case, m.target))
    if failure:
        return failure
    return {True: "ok", False: "WRONG", None: "-"}[m.output_ok]


def show_comparison(comparison: Comparison) -> str:
    """A ratio with its interval and verdict: `2.09x [2.05, 2.12] faster`.

    Where another metric than wall time decided, its name follows.
    """
    metric = "" if comparison.metric is Metric.WALL else f" ({comparison.metric.value})"
    ratio = comparison.ratio
    if not ratio.bounded:
        return f"{show_ratio(ratio.point)}, too few blocks {comparison.verdict.value}{metric}"
    return f"{show_ratio_estimate(ratio)} {comparison.verdict.value}{metric}"


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
