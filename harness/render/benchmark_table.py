"""The table of a suite's benchmarks: two builds side by side; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.frozen import dataclass
from harness.model import Comparison, Measurement, Verdict
from harness.render.fitting import TableColumn
from harness.render.main_table import COLOURS, Key
from harness.render.page import painted
from harness.render.tables import fitted_table, show_comparison, verdict_word
from harness.render.units import show_factor, show_ns, show_ns_estimate


@dataclass(frozen=True, slots=True)
class Rows:
    """Whose times stand side by side, and what each row is."""

    reference: str
    candidate: str
    what: str = "benchmark"


def benchmark_table(
    rows_of: Rows,
    measurements: Sequence[Measurement],
    comparisons: Sequence[Comparison],
    failures: Mapping[Key, str],
    style: str = "plain",
) -> str:
    """One row for each benchmark: the times of one execution on both sides, and the speed-up.

    `failures` says, by (task, case, target), what went wrong.
    """
    sides = (rows_of.reference, rows_of.candidate)
    rows = list(dict.fromkeys((m.task, m.case) for m in measurements))
    known = {m.key: m for m in measurements}
    relative = {(c.task, c.case): c for c in comparisons}

    def time_of(row: tuple[str, str], name: str, *, short: bool = False) -> str:
        m = known.get((*row, name))
        if m is None or m.wall_ns is None:
            return "-"
        return show_ns(m.wall_ns.point) if short else show_ns_estimate(m.wall_ns)

    def said(row: tuple[str, str], *, short: bool = False) -> str:
        wrong = [f"{n}: {failures[(*row, n)]}" for n in sides if (*row, n) in failures]
        found = relative.get(row)
        if wrong or found is None:
            return painted("; ".join(wrong), "red") if wrong else "-"
        word, colour = verdict_word(found), COLOURS.get(found.verdict)
        text = f"{show_factor(found.ratio.point)} {word}" if short else show_comparison(found)
        return text.replace(word, painted(word, colour)) if colour else text

    columns = [TableColumn(rows_of.what, tuple(case for _, case in rows))]
    for name in sides:
        full = tuple(time_of(row, name) for row in rows)
        brief = tuple(time_of(row, name, short=True) for row in rows)
        columns.append(TableColumn(name, full, brief, rank=2))
    verdicts = tuple(said(row) for row in rows)
    columns.append(TableColumn("speed-up", verdicts, tuple(said(r, short=True) for r in rows)))
    return fitted_table(columns, style)


def counted(
    candidate: str,
    reference: str,
    verdicts: Mapping[Verdict, int],
    confidence: float | None,
    *,
    what: str = "benchmark",
) -> str:
    """How many benchmarks, or cases, have each verdict, in a sentence."""
    if not verdicts or confidence is None:
        return f"{candidate} against {reference}: no {what} has a figure of both"
    total = sum(verdicts.values())
    words = ", ".join(f"{verdicts[v]} {v.value}" for v in Verdict if verdicts.get(v))
    return (
        f"{candidate} against {reference}: of {total} {what}s {words}"
        f" (all verdicts together at {100 * (1 - total * (1 - confidence)):.4g} %)"
    )
