"""The tables and pictures of a run's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import quantiles

from harness.model import Comparison, Host, Measurement, Verdict
from harness.pages.drawn_trials import Series, TrialFacts
from harness.render.documents import Grid, Picture, TableCell
from harness.render.drawings import (
    Bars,
    Curve,
    Interval,
    Intervals,
    LinePlot,
    Spread,
    binned,
    thinned,
)
from harness.render.tables import (
    by_metric,
    output_word,
    show_comparison,
    show_options,
    verdict_words,
)
from harness.render.units import (
    show_bytes,
    show_ns,
    show_ns_estimate,
    show_share,
    show_speed_up,
)
from harness.running.reports import CellKey, Report

MOST_DOTS = 250
"""Trials of one target that are drawn: more of them are a cloud without a form."""
MOST_STRETCHES = 120
"""Places of a time series that are drawn."""
MOST_LINES = 6
"""Targets in one picture that can be told apart."""
MOST_SIDES = 3
MOST_PHASES = 10
MOST_MARKS = 150


def result_grid(report: Report) -> Grid:
    """A row per target: times, memory, trials, the ratio, and whether its output is right."""
    words = {key: failure.words for key, failure in report.failures.items()}
    relative = {c.key: c for c in report.run.comparisons}
    references = {(c.task, c.case, c.reference) for c in report.run.comparisons}
    rows = []
    for m in report.run.measurements:
        key = m.key
        c = relative.get(key)
        ratio = TableCell(show_comparison(c), c.ratio.point) if c else TableCell("-")
        rows.append(
            (
                TableCell(m.target),
                TableCell(f"{m.task} {m.case}".strip()),
                TableCell(m.language),
                _time(m.wall_ns.point if m.wall_ns else None, show_ns_estimate(m.wall_ns)),
                _time(m.cpu_ns.point if m.cpu_ns else None, show_ns_estimate(m.cpu_ns)),
                _time(m.max_rss_bytes, show_bytes(m.max_rss_bytes)),
                TableCell(str(m.trials), m.trials),
                TableCell("reference") if key in references and c is None else ratio,
                TableCell(output_word(m, words)),
            )
        )
    heads = ("target", "work", "language", "wall time", "CPU time", "peak memory", "trials")
    caption = "Medians with their intervals; a speed-up above 1x is faster than the reference"
    return Grid.of(caption, (*heads, "speed-up", "output"), rows)


def _time(key: float | None, text: str) -> TableCell:
    return TableCell(text, None if key is None else float(key))


def ratio_picture(task: str, case: str, comparisons: Sequence[Comparison]) -> Picture:
    """Every comparison's ratio with its interval."""
    rows, table, told = [], [], []
    references = {c.reference for c in comparisons}
    for c in sorted(comparisons, key=lambda c: -c.ratio.point):
        name = c.candidate if len(references) == 1 else f"{c.candidate} / {c.reference}"
        ends = (c.ratio.low, c.ratio.high) if c.ratio.bounded else (None, None)
        rows.append(Interval(name, c.ratio.point, ends[0], ends[1], _TONES[c.verdict]))
        shown = show_speed_up(c.ratio, by=c.metric)
        told.append(f"{c.candidate} {shown} {verdict_words(c)}")
        cells = (TableCell(shown, c.ratio.point), by_metric(c), verdict_words(c), c.blocks)
        table.append((c.candidate, c.reference, *cells))
    against = f"over {references.pop()}" if len(references) == 1 else "over its reference"
    more = f"; and {len(table) - 4} more" if len(table) > 4 else ""
    return Picture(
        slug=_slug("ratio", task, case),
        title=f"Speed-up {against}: {task} {case}",
        alt=f"Ratios with their intervals. {'; '.join(told[:4])}{more}.",
        drawing=Intervals(
            f"speed-up {against} (right of 1x: faster)",
            tuple(rows),
            max((c.threshold for c in comparisons), default=0.0),
        ),
        content=Grid.of(
            f"Speed-ups of {task} {case}",
            ("candidate", "reference", "speed-up", "metric", "verdict", "blocks"),
            table,
        ),
        note="A line across a mark is its interval; the band at 1x holds differences that do not"
        " matter in practice.",
    )


_TONES = {
    Verdict.FASTER: "good",
    Verdict.SLOWER: "bad",
    Verdict.MIXED: "bad",
    Verdict.EQUIVALENT: "plain",
    Verdict.UNDECIDED: "open",
}


def spread_picture(task: str, case: str, series: Mapping[str, Series]) -> Picture:
    """How the trials of every target scatter."""
    groups, middles, left_out = [], [], 0
    told: list[str] = []
    table: list[tuple[TableCell | str | int, ...]] = []
    for name, each in series.items():
        drawn = thinned(each.times_ns, MOST_DOTS)
        left_out += len(each.times_ns) - len(drawn)
        low, middle, high = _quartiles(each.times_ns)
        groups.append((name, drawn))
        middles.append((low, middle, high))
        told.append(f"{name} median {show_ns(middle)}")
        figures = (min(each.times_ns), low, middle, high, max(each.times_ns))
        table.append((name, len(each.times_ns), *(TableCell(show_ns(f), f) for f in figures)))
    note = "Dots are trials, the bar holds the middle half of them, the upright line the median."
    if left_out:
        note += (
            f" Of each target at most {MOST_DOTS} trials are drawn, evenly through their order by"
            f" size; {left_out} are not drawn, and all are counted."
        )
    return Picture(
        slug=_slug("trials", task, case),
        title=f"Trials of each target: {task} {case}",
        alt=f"How the wall times scatter. {'; '.join(told[:4])}.",
        drawing=Spread("ns", tuple(groups), tuple(middles)),
        content=Grid.of(
            f"Wall times of the trials of {task} {case}",
            ("target", "trials", "least", "lower quartile", "median", "upper quartile", "greatest"),
            table,
        ),
        note=note,
    )


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def time_picture(task: str, case: str, facts: TrialFacts) -> Picture:
    """The times of every target from the first block to the last, disturbed blocks marked."""
    series = facts.of_work(task, case)
    shown = dict(list(series.items())[:MOST_LINES])
    numbers = sorted({block for each in series.values() for block in each.blocks})
    places = {block: at for at, block in enumerate(numbers, 1)}
    disturbed = [places[b] for b in sorted(facts.disturbed.get((task, case), ())) if b in places]
    lines: list[Curve] = []
    table: list[tuple[TableCell | str | int, ...]] = []
    for name, each in shown.items():
        found = binned(each.times_ns, MOST_STRETCHES)
        ends: list[tuple[float, ...]] = [()] * 4
        if found:
            ends = [tuple(float(v) for v in column) for column in zip(*found, strict=True)]
        scale = len(numbers) / max(1, len(each.times_ns))
        xs = tuple(x * scale for x in ends[0])
        band = ends[2:] if len(each.times_ns) > MOST_STRETCHES else [(), ()]
        lines.append(Curve(name, xs, ends[1], *band))
        table += _stretches(name, each)
    notes = []
    if len(numbers) > MOST_STRETCHES:
        notes.append(
            f"{len(numbers)} blocks are drawn as {MOST_STRETCHES} stretches: the line is the median"
            " of a stretch, the band reaches from its least to its greatest."
        )
    if len(series) > MOST_LINES:
        notes.append(f"{len(series) - MOST_LINES} targets more are not drawn.")
    marks = tuple(float(place) for place in thinned(disturbed, MOST_MARKS))
    if len(marks) < len(disturbed):
        notes.append(f"{len(marks)} of the {len(disturbed)} marks are drawn.")
    return Picture(
        slug=_slug("blocks", task, case),
        title=f"From the first block to the last: {task} {case}",
        alt=f"Wall times over {_count(len(numbers), 'block')}, {len(disturbed)} of them disturbed.",
        drawing=LinePlot("block", "wall time", tuple(lines), marks, "disturbed block"),
        content=Grid.of(
            f"Wall times of {task} {case} from the first to the last, in up to ten stretches",
            ("target", "trials of the stretch", "first block", "median", "least", "greatest"),
            table,
        ),
        note=" ".join(notes),
    )


def _stretches(name: str, each: Series) -> Iterator[tuple[TableCell | str | int, ...]]:
    size = max(1, -(-len(each.times_ns) // 10))
    for at, (_, middle, low, high) in enumerate(binned(each.times_ns, 10)):
        part = each.blocks[at * size : (at + 1) * size]
        figures = (TableCell(show_ns(v), v) for v in (middle, low, high))
        yield (name, len(part), part[0], *figures)


def phase_picture(task: str, case: str, measured: Sequence[Measurement]) -> Picture | None:
    """The phases of the reference beside those of the others; None where there are none.

    `measured` begins with the reference.
    """
    sides = [m for m in measured if m.phases][:MOST_SIDES]
    if not sides:
        return None
    every = {p.path: p for m in reversed(sides) for p in m.phases}
    largest = sorted(every, key=lambda path: -max(_phase(m, path) for m in sides))
    rows = [(path, tuple(_phase(m, path) for m in sides)) for path in largest[:MOST_PHASES]]
    table = [
        (
            m.target,
            p.path,
            TableCell(show_ns_estimate(p.total_ns), p.total_ns.point),
            _share(p.share),
        )
        for m in measured
        for p in m.phases
    ]
    told = "; ".join(
        f"{path} {' and '.join(show_ns(value) for value in values)}" for path, values in rows[:3]
    )
    names = " beside ".join(m.target for m in sides)
    left = len(largest) - len(rows)
    return Picture(
        slug=_slug("phases", task, case),
        title=f"Phases of {names}: {task} {case}",
        alt=f"Time in each phase, as the targets report it themselves. {told}.",
        drawing=Bars("ns", tuple(m.target for m in sides), tuple(rows)),
        content=Grid.of(
            f"Phases of {task} {case}", ("target", "phase", "time", "share of wall time"), table
        ),
        note=f"{left} smaller phases are in the table alone." if left > 0 else "",
    )


def _phase(m: Measurement, path: str) -> float:
    return next((p.total_ns.point for p in m.phases if p.path == path), 0.0)


def _share(share: float) -> TableCell:
    return TableCell(show_share(share), share)


def host_grid(host: Host) -> Grid:
    """The machine as it was when it was measured."""
    known = {True: "on", False: "off", None: "not known"}
    rows = [
        ("processor", f"{host.cpu}, {_count(host.cores, 'core')}"),
        ("memory", show_bytes(host.memory_bytes)),
        ("system", f"{host.system}, kernel {host.kernel}"),
        ("virtual machine", host.virtualised or "no"),
        ("frequency governor", host.governor or "not known"),
        ("turbo", known[host.turbo]),
        ("two threads a core", known[host.smt]),
        ("load when it began", f"{host.load:.2f}"),
        ("known as", f"{host.hostname or 'no name'} ({host.id})"),
    ]
    return Grid.of("The machine", ("what", "value"), rows)


def toolchain_grid(report: Report) -> Grid | None:
    """What made each target; None where nothing is known of it."""
    rows = []
    for m in report.run.measurements:
        options = show_options(m)
        built = _time(m.build_ns, show_ns(m.build_ns)) if m.build_ns else TableCell("-")
        row = (m.target, m.toolchain or "not recorded", options or "default", built)
        if m.toolchain and row not in rows:
            rows.append(row)
    if not rows:
        return None
    return Grid.of("What made each target", ("target", "toolchain", "options", "build"), rows)


def works_of(report: Report, facts: TrialFacts) -> list[tuple[str, str]]:
    """The tasks with their cases, in the order in which they were asked for."""
    keys: list[CellKey] = [m.key for m in report.run.measurements]
    return list(dict.fromkeys(key[:2] for key in (*keys, *facts.series)))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _slug(kind: str, task: str, case: str) -> str:
    """A name for files and ids: letters, digits and dashes alone."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in f"{kind}-{task}-{case}")
    return plain.lower()[:60].strip("-")
