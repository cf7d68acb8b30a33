"""A sweep in words and tables, from the content of its `sweep.json`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harness.model import Estimate
from harness.render.fitting import TableColumn
from harness.render.tables import fitted_table, layout
from harness.render.units import (
    show_confidence,
    show_factor,
    show_ns,
    show_ns_estimate,
    show_speed_up,
    significant,
)

Document = Mapping[str, Any]
Row = Mapping[str, Any]
Cell = Callable[[Row], str]


def sweep_text(document: Document, style: str = "plain") -> str:
    """The table of all points, then how times grow, where curves cross and what threads gain."""
    parts = [sweep_table(document, style)]
    if style != "csv":
        parts += ["\n".join(lines) for lines in sweep_sentences(document) if lines]
    return "\n\n".join(parts)


def sweep_table(document: Document, style: str = "plain") -> str:
    """One row per target and point; where the page is narrow without intervals, then trials."""
    rows: Sequence[Row] = document["rows"]
    names = [axis["name"] for axis in document["axes"]]
    table = [
        _column(n, rows, _said(f"param.{n}" if rows and n not in rows[0] else n)) for n in names
    ]
    table += [
        _column("target", rows, _said("target")),
        _column("wall (median)", rows, _time, _short_time),
        _column("trials", rows, _said("trials"), rank=1),
    ]
    # A sweep of an older harness has neither figures nor guards in its rows.
    units = {name: unit for row in rows for name, unit in row.get("units", {}).items()}
    for name, unit in units.items():
        table.append(_column(f"{name} ({unit})" if unit else name, rows, _figure(name), rank=2))
    if any(row["verdict"] for row in rows):
        table.append(_column("speed-up", rows, _ratio, _short_ratio))
        table.append(_column("verdict", rows, _verdict, _short_verdict))
    if any(row.get("guards") for row in rows):
        table.append(_column("guards", rows, _guards))
    if style == "csv":
        cells = list(zip(*(column.cells for column in table), strict=True))
        return layout([column.name for column in table], cells, style)
    return fitted_table(table, style)


def _column(
    name: str, rows: Sequence[Row], cell: Cell, short: Cell | None = None, rank: int = 0
) -> TableColumn:
    shorter = tuple(map(short, rows)) if short is not None else ()
    return TableColumn(name, tuple(map(cell, rows)), shorter, rank)


def _said(key: str) -> Cell:
    return lambda row: str(row.get(key, ""))


def _figure(name: str) -> Cell:
    def cell(row: Row) -> str:
        found = row.get("figures", {}).get(name)
        return "-" if found is None else f"{found:.6g}"

    return cell


def _guards(row: Row) -> str:
    return ", ".join(f"{guard} {state}" for guard, state in row.get("guards", {}).items()) or "-"


def _time(row: Row) -> str:
    if row["wall_ns"] is None:
        if row["failures"]:
            return f"{row['failures']} failed"
        return "failed" if row.get("failed", True) else "-"  # not said by older sweeps
    found = _estimate(row, "wall_ns", "wall_low_ns", "wall_high_ns")
    return show_ns_estimate(found) if found.bounded else f"{show_ns(found.point)} [not known]"


def _short_time(row: Row) -> str:
    return _time(row).partition(" [")[0]


def _ratio(row: Row) -> str:
    found = None if row["speed_up"] is None else _speed_up(row)
    return "-" if found is None else show_speed_up(found)


def _short_ratio(row: Row) -> str:
    return "-" if row["speed_up"] is None else show_factor(row["speed_up"])


def _verdict(row: Row) -> str:
    by = f" (by {row['metric']})" if row["metric"] not in (None, "wall") else ""
    return f"{_short_verdict(row)}{by}"


def _short_verdict(row: Row) -> str:
    return str(row["verdict"] or "reference")


def _speed_up(row: Row) -> Estimate:
    return _estimate(row, "speed_up", "speed_up_low", "speed_up_high")


def _estimate(row: Row, point: str, low: str, high: str) -> Estimate:
    """What stands in three columns; an end that is not known is null there."""
    ends = (math.inf if row[high] is None else row[high], row[low])
    return Estimate("median", row[point], -math.inf if ends[1] is None else ends[1], ends[0], 0.95)


def sweep_sentences(document: Document) -> Iterator[list[str]]:
    """How times grow, where curves cross, what threads gain, how sure it is: the lines of each."""
    yield [_growth(document, each) for each in document["growths"]]
    yield [
        f"{each['candidate']} against {each['reference']}: {_crossing(each)}"
        for each in document["crossings"]
    ]
    for each in document["scalings"]:
        yield list(_scaling(document, each))
    count = document["comparisons"]
    if count > 1 and document.get("per_comparison"):
        each = show_confidence(document["confidence"])
        yield [f"each of {count} verdicts holds by itself at {each}, and not all of them together"]
    elif count > 1:
        yield [
            f"all {count} verdicts hold together at {show_confidence(document['confidence'])}:"
            f" each is at {show_confidence(document['confidence_each'])} (Bonferroni)"
        ]
    if disturbed := document.get("disturbed_blocks"):  # not counted by older sweeps
        of = "what threads gain" if document["scalings"] else "wall times"
        yield [
            f"{disturbed} of {document['blocks']} blocks were disturbed (kept): {of} may be those"
            " of a busy machine"
        ]


def _growth(document: Document, growth: Mapping[str, Any]) -> str:
    axis = next(a["name"] for a in document["axes"] if not a["follows"])
    slope, model = growth["slope"], growth["model"]
    by_cpu = growth.get("metric") == "cpu"  # not said by older sweeps, which went by wall time
    if model is None:
        time = "CPU time" if by_cpu else "time"
        words = f"{growth['target']}: {time} grows as {axis}^{_interval(slope)}"
        lack = "a slope of two points has no interval" if slope["low"] is None else ""
        return f"{words} (log-log slope, {lack or str(growth['points']) + ' points'})"
    exponent, start = model["exponent"], model["start_up_ns"]
    said = f"{growth['target']}{', CPU time' if by_cpu else ''}"
    if exponent["low"] is None and exponent["high"] is None:
        return (
            f"{said}: start-up and work cannot be told apart at these points;"
            f" log-log slope {_interval(slope)}"
        )
    shown = f"{show_ns(start['point'])} [{show_ns(start['low'])}, {show_ns(start['high'])}]"
    return (
        f"{said}: start-up {shown}, and work that grows as"
        f" {axis}^{_interval(exponent)}; log-log slope {_interval(slope)}"
    )


def _interval(estimate: Mapping[str, Any]) -> str:
    """A number with its ends, of which one may not be known; alone where neither is."""
    point, low, high = (
        None if estimate[end] is None else significant(estimate[end], 3)
        for end in ("point", "low", "high")
    )
    known = low is not None or high is not None
    return f"{point} [{low or 'not known'}, {high or 'not known'}]" if known else str(point)


def _crossing(crossing: Mapping[str, Any]) -> str:
    about = crossing["about"]
    return (
        f"the curves cross at about {about:.3g}: {crossing['words']}"
        if about
        else crossing["words"]
    )


def _scaling(document: Document, found: Mapping[str, Any]) -> Iterator[str]:
    scaling = found["scaling"]
    kind = "weak scaling" if scaling["weak"] else "strong scaling"
    yield f"{found['target']}, {kind}:"
    rows = []
    for point in scaling["points"]:
        serial = point["karp_flatt"]
        rows.append(
            [
                str(point["threads"]),
                f"{point['speed_up']:.3g}x",
                f"{point['efficiency']:.0%}",
                _interval(serial) if serial else "-",
            ]
        )
    swept = {axis["name"] for axis in document["axes"]}
    what = "ranks" if "ranks" in swept else "threads"
    yield layout([what, "speed-up", "efficiency", "serial (Karp-Flatt)"], rows)
    if scaling["serial_fraction"]:
        yield f"serial fraction by Amdahl's law: {_interval(scaling['serial_fraction'])}"
