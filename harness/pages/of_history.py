"""The page of a history: every trend with its picture, its changes, and what to measure again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from harness.render.documents import (
    Chapter,
    Commands,
    Document,
    Grid,
    Part,
    Picture,
    Points,
    TableCell,
)
from harness.render.drawings import Curve, LinePlot
from harness.running.trend_figures import show_figure, title_of
from harness.running.trends import Trend, TrendPoint, TrendsResult, no_change


def history_document(found: TrendsResult) -> Document:
    """Trends as a page."""
    runs = len({point.run_id for trend in found.trends for point in trend.points})
    chapters = (
        Chapter("Trends", tuple(trend_picture(t, at) for at, t in enumerate(found.trends, 1))),
        Chapter("Measure again", tuple(_again(found))),
        Chapter("What this does not prove", (Points(tuple(_doubts(found))),)),
    )
    return Document(
        title="History",
        subtitle=f"Runs: {runs}. Trends: {len(found.trends)}.",
        summary=tuple(_summary(found)) or ("Nothing is stored.",),
        sections=chapters,
    )


def _summary(found: TrendsResult) -> Iterator[str]:
    for trend in found.trends:
        for shift in trend.shifts:
            yield f"{trend.name}: {trend.sentence(shift)}."
    quiet = [trend for trend in found.trends if not trend.shifts]
    if quiet:
        yield f"{len(quiet)} of {len(found.trends)} trends have no change of level that is sure."


def trend_picture(trend: Trend, number: int) -> Picture:
    """A trend with its interval around it and a line at every change."""
    places = tuple(float(at) for at in range(1, len(trend.points) + 1))
    low = tuple(point.value.low for point in trend.points)
    high = tuple(point.value.high for point in trend.points)
    by_commit = all(point.committed_at_ns for point in trend.points)
    called = title_of(trend.of.figure)
    kind = "Largest" if trend.of.figure.name == "memory" else "Median"
    told = "; ".join(trend.sentence(shift) for shift in trend.shifts) or no_change(trend)
    return Picture(
        slug=f"trend-{number}",
        title=trend.name,
        alt=f"{kind} {called} of {len(places)} runs: {told}.",
        drawing=LinePlot(
            "run, in the order of commits" if by_commit else "run, in the order of time",
            called,
            (Curve(trend.of.target, places, trend.values, low, high),),
            unit=trend.of.figure.unit,
            breaks=tuple(shift.at + 0.5 for shift in trend.shifts),
        ),
        content=Grid.of(
            trend.name,
            ("run", "begun (UTC)", "commit", called, "low", "high"),
            [_row(point, trend) for point in trend.points],
        ),
        note="The band is the interval of each median; a broken line is a change of level."
        if trend.shifts
        else "The band is the interval of each median.",
    )


def _row(point: TrendPoint, trend: Trend) -> tuple[TableCell | str, ...]:
    begun = datetime.fromtimestamp(point.started_at_ns / 1e9, UTC)
    times = point.value.point, point.value.low, point.value.high
    commit = point.commit[:12] + (" with changes" if point.changed else "")
    figures = (TableCell(show_figure(value, trend.of.figure), value) for value in times)
    return (point.run_id, f"{begun:%Y-%m-%d %H:%M}", commit or "not known", *figures)


def _again(found: TrendsResult) -> Iterator[Part]:
    if found.next_actions:
        yield Commands(found.next_actions)


def _doubts(found: TrendsResult) -> Iterator[str]:
    yield (
        "Runs of different days were not interleaved: a change of level may be one of the machine."
        " Measuring both commits in one run tells which it is."
    )
    each = "each trend by itself" if found.per_comparison else "all trends together"
    yield f"That a change is seen where there is none has a chance of 5 % for {each}."
    hosts = {trend.of.host for trend in found.trends}
    if len(hosts) > 1:
        yield f"The runs are from {len(hosts)} machines, each with trends of its own."
    changed = {p.run_id for t in found.trends for p in t.points if p.changed}
    if changed:
        yield f"{len(changed)} runs were measured with changes that are in no commit."
    if found.damaged:
        yield f"{len(found.damaged)} runs could not be read and are left out."
