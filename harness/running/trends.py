"""How a figure of each target, such as its time, went from run to run, and where it changed."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from harness.errors import DataUnreadable, ExitCode
from harness.frozen import dataclass
from harness.model import Estimate, Metric, MetricInfo
from harness.model.jsonable import jsonable
from harness.render.tables import as_html, layout
from harness.render.units import show_factor
from harness.running.catalogue import HistoryQuery
from harness.running.many import each_run, hints_of, worst_of
from harness.running.of_commit import stored_commit
from harness.running.reading_back import report_of
from harness.running.trend_figures import (
    WALL_TIME,
    is_worse,
    measured_figure,
    show_figure,
    title_of,
    word_of,
)
from harness.running.where_measured import HostsOf
from harness.stats.shifts import FEWEST_SURE, Shift, shifts_of, shifts_of_table
from harness.system.store.run_file import StoredRun, run_folders

BARS = "▁▂▃▄▅▆▇█"
MOST_BARS = 60


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One run's measurement of a target."""

    run_id: str
    started_at_ns: int
    value: Estimate
    """Of the metric that the trend is of, in its unit."""
    commit: str = ""
    """Empty where none is known."""
    committed_at_ns: int = 0
    changed: bool = False
    """Was it measured with changes that are in no commit?"""

    @property
    def order(self) -> tuple[int, int]:
        """Its place: by commit where that is known, then by when it was measured."""
        return self.committed_at_ns or self.started_at_ns, self.started_at_ns


@dataclass(frozen=True, slots=True)
class TrendKey:
    """What runs are of that belong together."""

    host: str
    hostname: str
    task: str
    case: str
    mode: str
    target: str
    figure: MetricInfo = WALL_TIME
    params: str = ""
    """The parameters of its case, such as `n=1000`, where runs had others: that is other work."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The runs of one target on one case, mode and machine, in the order of their commits."""

    of: TrendKey
    points: tuple[TrendPoint, ...]
    shifts: tuple[Shift, ...]

    @property
    def name(self) -> str:
        """What it is of, in a line."""
        of = self.of
        steady = f", {of.mode}" if of.mode != "cold" else ""
        by = f", {title_of(of.figure)}" if of.figure != WALL_TIME else ""
        given = f", {of.params}" if of.params else ""
        work = f"{of.task} {of.case}{given}{steady}{by}"
        return f"{of.target} ({work}, on {of.hostname or of.host[:12]})"

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(point.value.point for point in self.points)

    def sides(self, shift: Shift) -> tuple[TrendPoint, TrendPoint]:
        """The last run of the old level and the first one of the new level."""
        return self.points[shift.at - 1], self.points[shift.at]

    def sentence(self, shift: Shift) -> str:
        """A change in words: how much, where, and how sure."""
        before, after = self.sides(shift)
        figure = self.of.figure
        word = word_of(shift.ratio, figure)
        levels = f"{show_figure(shift.before, figure)} to {show_figure(shift.after, figure)}"
        if 0 < shift.ratio < math.inf:
            word += f" by {show_factor(max(shift.ratio, 1 / shift.ratio))}"
        return (
            f"{word} ({levels}) from"
            f" {_where(before)} to {_where(after)}, confidence {100 * shift.confidence:.4g} %"
        )

    def next_actions(self) -> Iterator[str]:
        """What tells a change of the code from one of the machine: both commits, interleaved."""
        for shift in self.shifts:
            before, after = (point.commit[:12] for point in self.sides(shift))
            if before and after and before != after:
                ends = [f"{self.of.target}@{commit}" for commit in (before, after)]
                by = [] if self.of.figure == WALL_TIME else ["--metric", self.of.figure.name]
                yield shlex.join(["harness", "compare", *ends, "--case", self.of.case, *by])
                if is_worse(shift.ratio, self.of.figure):
                    words = [self.of.target, before, after, "--case", self.of.case, *by]
                    yield shlex.join(["harness", "bisect", *words])


def _where(point: TrendPoint) -> str:
    if not point.commit:
        return f"run {point.run_id}"
    return f"commit {point.commit[:12]}{' with changes' if point.changed else ''}"


@dataclass(frozen=True, slots=True, repr=False)
class TrendsResult:
    """The trends that were asked for."""

    results: Path
    trends: tuple[Trend, ...]
    damaged: tuple[str, ...] = ()
    hint: str = ""
    exit_code: ExitCode = ExitCode.FINE
    """What `harness history --plot` answers its shell: the worst of what could not be read."""
    written: tuple[Path, ...] = ()
    per_comparison: bool = False
    """Does the error level hold for each trend by itself, and not for all of them together?"""

    @property
    def ok(self) -> bool:
        """Could every stored run be read?"""
        return not self.damaged

    @property
    def next_actions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(step for trend in self.trends for step in trend.next_actions()))

    def table(self, style: str = "plain") -> str:
        """A row per change of level."""
        headers = ["target", "task", "case", "machine", "runs", "change"]
        rows = [
            [
                t.of.target,
                t.of.task,
                t.of.case,
                t.of.hostname or t.of.host[:12],
                str(len(t.points)),
                words,
            ]
            for t in self.trends
            for words in [t.sentence(s) for s in t.shifts] or [no_change(t)]
        ]
        return layout(headers, rows, style)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness history --plot --json`."""
        return {
            "trends": [
                {**jsonable(t), "changes": [t.sentence(s) for s in t.shifts]} for t in self.trends
            ],
            "damaged": list(self.damaged),
            "written": [str(path) for path in self.written],
        }

    def __str__(self) -> str:
        if not self.trends:
            fit = "that fit " if run_folders(self.results) else ""
            return f"no runs {fit}in {self.results}"
        return "\n\n".join("\n".join(_lines(trend)) for trend in self.trends)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(f"{len(self.trends)} trends", self.table("html"))


def no_change(trend: Trend) -> str:
    """That there is none, in words that say whether there could be."""
    if len(trend.points) < FEWEST_SURE:
        return f"no change can be sure with fewer than {FEWEST_SURE} runs"
    return "no change of level that is sure"


def _lines(trend: Trend) -> Iterator[str]:
    values, figure = trend.values, trend.of.figure
    yield (
        f"{trend.name}: {len(values)} run{'s' * (len(values) != 1)},"
        f" {show_figure(min(values), figure)} to {show_figure(max(values), figure)}"
    )
    yield f"  {spark(values)}"
    for words in [trend.sentence(shift) for shift in trend.shifts] or [no_change(trend)]:
        yield f"  {words}"


def spark(values: Sequence[float]) -> str:
    """A line of bars, each the median of a stretch of the values where there are many."""
    size = max(1, -(-len(values) // MOST_BARS))
    drawn = [median(values[at : at + size]) for at in range(0, len(values), size)]
    low, high = min(drawn), max(drawn)
    # A per cent up and down is noise, and looks like it.
    span = max(high - low, 0.02 * high) or 1.0
    return "".join(BARS[min(7, int(8 * (value - low) / span))] for value in drawn)


def trends_of(
    results: Path,
    wanted: HistoryQuery,
    metric: Metric = Metric.WALL,
    *,
    per_comparison: bool = False,
) -> TrendsResult:
    """The trends of the stored runs below a folder; a damaged run is named and stops nothing.

    That a change is seen where there is none has a chance of 5 % for all of them together, or
    `per_comparison` for each by itself.
    """
    series: dict[TrendKey, list[TrendPoint]] = {}
    unreadable: list[DataUnreadable] = []
    for found in each_run(run_folders(results), lambda run: list(_points(run, wanted, metric))):
        if isinstance(found, DataUnreadable):
            unreadable.append(found)
            continue
        for key, point in found:
            series.setdefault(key, []).append(point)
    series = _told_apart(series)
    ordered = {key: _in_order(series[key]) for key in sorted(series, key=_place)}
    times = [[point.value.point for point in points] for points in ordered.values()]
    shifts = list(map(shifts_of, times)) if per_comparison else shifts_of_table(times)
    trends = tuple(Trend(*of, found) for of, found in zip(ordered.items(), shifts, strict=True))
    damaged = tuple(problem.message for problem in unreadable)
    return TrendsResult(
        *(results, trends, damaged, hints_of(unreadable), worst_of(unreadable)),
        per_comparison=per_comparison,
    )


def _place(key: TrendKey) -> tuple[str, ...]:
    names = (key.host, key.hostname, key.task, key.case, key.mode, key.target)
    return (*names, key.figure.name, key.figure.unit, key.params)


def _told_apart(series: Mapping[TrendKey, list[TrendPoint]]) -> dict[TrendKey, list[TrendPoint]]:
    """The series, of which only those name their parameters that have others of other ones."""
    alike = Counter(replace(key, params="") for key in series)
    bare = {key: replace(key, params="") for key in series}
    return {(key if alike[bare[key]] > 1 else bare[key]): points for key, points in series.items()}


def _params_of(run: StoredRun) -> Mapping[tuple[str, str], str]:
    """The parameters of each task and case in words; nothing of older runs."""
    found: Any = run.plan.get("params", ())
    return {
        (task, case): ", ".join(f"{name}={value}" for name, value in sorted(values.items()))
        for task, case, values in found
    }


def _in_order(points: Sequence[TrendPoint]) -> tuple[TrendPoint, ...]:
    known = all(point.committed_at_ns for point in points)
    # Where some have no commit, only the time of the runs puts all of them in one order.
    return tuple(sorted(points, key=lambda p: p.order if known else (p.started_at_ns, 0)))


def _points(
    run: StoredRun, wanted: HistoryQuery, metric: Metric
) -> Iterator[tuple[TrendKey, TrendPoint]]:
    if not run.finished:
        return
    report = report_of(run)
    if report.run.started_at_ns < wanted.earliest_ns:
        return
    commits, params, hosts = _commits(run), _params_of(run), HostsOf(run.plan)
    for m in report.run.measurements:
        target = m.target.partition("@")[0]
        found = measured_figure(m, metric)
        if found is None or m.output_ok is False or not wanted.fits(m.task, target):
            continue
        figure, value = found
        own, host = hosts.of(m.task, m.case, m.target), report.run.host
        where = str(own.get("id", host.id)), str(own.get("hostname", host.hostname))
        given = params.get((m.task, m.case), "")
        key = TrendKey(*where, m.task, m.case, m.mode.value, target, figure, given)
        commit = commits.get(m.target, commits.get("", ("", 0, False)))
        yield key, TrendPoint(run.id, report.run.started_at_ns, value, *commit)


def _commits(run: StoredRun) -> Mapping[str, tuple[str, int, bool]]:
    """The commit of each target at a revision by its name; by the empty name that of the rest."""
    own = stored_commit(run.plan)
    found = {} if own is None else {"": (own.digest, own.made_at_ns, own.changed)}
    for _, _, name, digest, *made_at_ns in run.plan.get("code", ()):
        found[name] = (digest, made_at_ns[0] if made_at_ns else 0, False)
    return found
