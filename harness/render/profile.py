"""Profiles as tables for people; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from harness.model import HotSpot, Profile, ProfileReport
from harness.model.profiles import shares_overlap
from harness.profiles import CaseShares, ShareChange, enough_trials, worth_showing
from harness.render.floor_line import floor_words
from harness.render.tables import layout
from harness.render.units import (
    show_bytes,
    show_ns,
    show_ns_estimate,
    show_share,
    significant,
)

HEADERS = ("phase", "function", "file:line", "self", "total", "amount", "calls", "if gone")
LABEL_WIDTH = 44
CONFIDENT = 0.95
"""An interval of less than this says so."""


MOVED = 0.001


def report_text(report: ProfileReport, top: int) -> str:
    """Everything that `harness profile` says of one case, but for the comparison."""
    parts = [heading(report), spot_table(report, top)]
    if report.spots is not None and report.spots.counters:
        parts.append(_counter_table(report.spots))
    parts += ["\n".join(notes(report)), files(report)]
    return "\n\n".join(part for part in parts if part)


def heading(report: ProfileReport) -> str:
    """What was profiled, and how long it takes without a profiler."""
    at = f" at {report.revision[:12]}" if report.revision else ""
    floor = f"\n{floor_words(report.floor)}" if report.floor else ""
    sure = report.wall_ns.confidence
    held = "" if sure >= CONFIDENT else f" (a {show_share(sure)} interval)"
    return (
        f"{report.target}{at} on {report.case}: {show_ns_estimate(report.wall_ns)}{held} wall"
        f" without a profiler, CPU time {show_share(report.cpu_share)} of it{floor}"
    )


def spot_table(report: ProfileReport, top: int, style: str = "plain") -> str:
    """The hot-spot table: phases, then the `top` functions or lines with the largest shares.

    Lines come with their text, where it is known.
    """
    rows = [_row(report.phases, spot, report.root) for spot in report.phases.spots]
    if report.spots is not None:
        shown = worth_showing(report.spots, top)
        rows += [_row(report.spots, spot, report.root) for spot in shown]
    if not rows:
        return ""
    if not any(row[-1] for row in rows):
        return layout(HEADERS, [row[:-1] for row in rows], style)
    return layout((*HEADERS, "source"), rows, style)


def _row(profile: Profile, spot: HotSpot, root: str) -> list[str]:
    total = percent(spot.total_share)
    if spot.low is not None and spot.high is not None:
        low, high = (f"{100 * v:.1f}".removesuffix(".0") for v in (spot.low, spot.high))
        total = f"{total} [{low}, {high}]"
    return [
        "  " * spot.phase.count("/") + spot.phase.rsplit("/", 1)[-1],
        _shorten(spot.function) + (" (native)" if spot.native else ""),
        _place(spot, root),
        percent(spot.self_share),
        total,
        _show_amount(spot.weight, profile.unit),
        "-" if spot.calls is None else f"{spot.calls}",
        _show_bound(spot.bound),
        _shorten(spot.source),
    ]


def _show_bound(bound: float) -> str:
    """Amdahl's bound for people: `at most 1.23x`; nothing is promised where all would go."""
    return f"at most {bound:.2f}x" if bound < 100 else "nearly all"


def percent(share: float) -> str:
    """A share to a tenth of a percent: finer than that no profile is."""
    return f"{100 * share:.1f} %" if share >= 0.0005 or share == 0 else "<0.1 %"


def _show_amount(weight: float, unit: str) -> str:
    """A weight with its unit."""
    if unit == "ns":
        return show_ns(weight)
    if unit == "bytes":
        return show_bytes(round(weight))
    return f"{weight:.0f} {unit.removesuffix('s') if weight == 1 else unit}"


def _shorten(name: str) -> str:
    return name if len(name) <= LABEL_WIDTH else f"{name[: LABEL_WIDTH - 2]}.."


def _place(spot: HotSpot, root: str) -> str:
    if not spot.file:
        return ""
    path = PurePosixPath(spot.file)
    if path.is_relative_to(root):
        path = path.relative_to(root)
    elif path.is_absolute():
        path = PurePosixPath(*path.parts[-2:])
    return f"{path}:{spot.line}" if spot.line else str(path)


def _counter_table(profile: Profile) -> str:
    """Counters over the whole program, with instructions a cycle where both are counted."""
    counters = profile.counters
    rows = [
        [name, f"{value:,.0f}".replace(",", " ") if value >= 1000 else significant(value)]
        for name, value in counters.items()
    ]
    if counters.get("cycles") and "instructions" in counters:
        # Neither count says much alone; their ratio tells waiting for memory from too much work.
        per_cycle = counters["instructions"] / counters["cycles"]
        rows.append(["instructions a cycle", significant(per_cycle)])
    return layout(("counter", "value"), rows)


def notes(report: ProfileReport) -> Iterator[str]:
    """How the figures were made, what to make of them, and what went wrong."""
    if report.phases.spots:
        sure = show_share(report.wall_ns.confidence)
        yield f"Phases: as the program itself reports them, shares of wall time; {sure} intervals."
    else:
        yield "No phases are marked: see docs/phases.md for the three lines that it takes."
    if report.spots is not None:
        yield _how(report, report.spots)
    if _nested(report):
        yield _SELF_AND_TOTAL
    if report.failure is not None:
        yield f"No functions or lines: {report.failure.message}"
        if report.failure.hint:
            yield f"  {report.failure.hint}"
    yield from (f"Note: {warning}" for warning in report.warnings)
    yield from (f"Advice: {sentence}" for sentence in report.advice)


_SELF_AND_TOTAL = (
    "Shares: self is a row's own, total that with all that it calls: totals overlap. Start-up and"
    " phases are timed without the profiler. So no column adds up to 100 %."
)


def _nested(report: ProfileReport) -> bool:
    """Does a row hold others, or was one timed apart, so that shares have no sum?"""
    spots = (*report.phases.spots, *(report.spots.spots if report.spots is not None else ()))
    return shares_overlap(spot.total_share for spot in spots)


def _how(report: ProfileReport, spots: Profile) -> str:
    """Say by what the rows were made, of how much, and at which cost."""
    if spots.counters:
        return "Counters: by perf stat, which costs nothing to speak of."
    amount = _show_amount(spots.total, spots.unit)
    cost = "its cost is not known"
    if report.slowdown is not None:
        cost = f"under it the program took {report.slowdown:.2f}x the {report.slowdown_of}"
    return f"{spots.by.value.capitalize()}s: by {spots.tool}, {amount} in all; {cost}."


def files(report: ProfileReport) -> str:
    """Where the files lie."""
    width = max((len(kind) for kind in report.exports), default=0)
    return "\n".join(f"{kind:{width}}  {path}" for kind, path in report.exports.items())


def move_table(
    before: ProfileReport, after: ProfileReport, moves: Sequence[ShareChange], top: int
) -> str:
    """What moved between two profiles: shares, and exact counts where there are any."""
    exact = any(m.weight_before is not None or m.weight_after is not None for m in moves)
    seen = [m for m in moves if m.kind == "phase"]
    seen += [m for m in moves if m.kind != "phase" and abs(m.change) >= MOVED][:top]
    rows = []
    for move in seen:
        row = [_shorten(move.name), move.place, _share(move.before), _share(move.after)]
        points = f"{100 * move.change:+.1f} points".replace("-0.0", "+0.0")
        row.append(points + ("" if move.sure else " (within noise)"))
        if exact:
            row += [_count(move.weight_before), _count(move.weight_after)]
        rows.append(row)
    headers = ["what", "file", "before", "after", "share moved"]
    headers += ["count before", "count after"] * exact
    at = f"{before.revision[:12]}, " if before.revision else ""
    lines = [f"Against {at}profile {before.id}:", layout(headers, rows)]
    if after.phases.spots and not enough_trials(before, after):
        lines.append("Fewer than four trials per side do not tell a phase that moved from noise.")
    lines += _totals(before, after, exact)
    return "\n".join(lines)


def _totals(before: ProfileReport, after: ProfileReport, exact: bool) -> list[str]:
    if not exact or before.spots is None or after.spots is None:
        return ["Shares only: a profile is no timing. `harness bench` says what became faster."]
    old, new = before.spots.total, after.spots.total
    return [f"{old:.0f} {after.spots.unit} before, {new:.0f} after: {new / old:.4f} of them."]


def _share(share: float | None) -> str:
    return "-" if share is None else percent(share)


def _count(weight: float | None) -> str:
    return "-" if weight is None else f"{weight:.0f}"


def case_table(rows: Sequence[CaseShares], top: int) -> str:
    """How shares change from case to case."""
    if not rows:
        return ""
    cases = list(rows[0].shares)
    table = [
        [_shorten(row.name), *(percent(share) for share in row.shares.values())]
        for row in rows[:top]
    ]
    return layout(("share of", *cases), table)
