"""A sweep in words and tables, from the content of its `sweep.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.render.tables import layout
from harness.render.units import show_ns, significant

Document = Mapping[str, Any]


def sweep_text(document: Document, style: str = "plain") -> str:
    """The table of all points, then how times grow, where curves cross and what threads gain."""
    parts = [sweep_table(document, style)]
    if style != "csv":
        parts += ["\n".join(lines) for lines in sweep_sentences(document) if lines]
    return "\n\n".join(parts)


def sweep_table(document: Document, style: str = "plain") -> str:
    """One row per target and point."""
    rows: Sequence[Mapping[str, Any]] = document["rows"]
    names = [axis["name"] for axis in document["axes"]]
    columns = [f"param.{name}" if rows and name not in rows[0] else name for name in names]
    compared = any(row["verdict"] for row in rows)
    headers = [*names, "target", "wall (median)", "trials"]
    headers += ["speed-up", "verdict"] if compared else []
    return layout(headers, [_cells(row, columns, compared) for row in rows], style)


def _cells(row: Mapping[str, Any], columns: Sequence[str], compared: bool) -> list[str]:
    cells = [str(row.get(name, "")) for name in columns]
    cells += [row["target"], _time(row), str(row["trials"])]
    if compared:
        by = f" (by {row['metric']})" if row["metric"] not in (None, "wall") else ""
        cells += [_ratio(row), f"{row['verdict'] or 'reference'}{by}"]
    return cells


def _time(row: Mapping[str, Any]) -> str:
    if row["wall_ns"] is None:
        return f"{row['failures']} failed" if row["failures"] else "failed"
    high = row["wall_high_ns"]
    ends = f"{show_ns(row['wall_low_ns'])}, {show_ns(high)}" if high is not None else "not known"
    return f"{show_ns(row['wall_ns'])} [{ends}]"


def _ratio(row: Mapping[str, Any]) -> str:
    if row["speed_up"] is None:
        return "-"
    high = row["speed_up_high"]
    end = "inf" if high is None else f"{high:.3g}"
    return f"{row['speed_up']:.3g}x [{row['speed_up_low']:.3g}, {end}]"


def sweep_sentences(document: Document) -> Iterator[list[str]]:
    """How times grow, where curves cross, what threads gain, how sure it is: the lines of each."""
    yield [_growth(document, each) for each in document["growths"]]
    yield [
        f"{each['candidate']} against {each['reference']}: {_crossing(each)}"
        for each in document["crossings"]
    ]
    for each in document["scalings"]:
        yield list(_scaling(each))
    count = document["comparisons"]
    if count > 1:
        yield [
            f"all {count} verdicts hold together at {document['confidence']:.4g}: each is at"
            f" {document['confidence_each']:.6g} (Bonferroni)"
        ]


def _growth(document: Document, growth: Mapping[str, Any]) -> str:
    axis = next(a["name"] for a in document["axes"] if not a["follows"])
    slope, model = growth["slope"], growth["model"]
    if model is None:
        words = f"{growth['target']}: time grows as {axis}^{_interval(slope)}"
        lack = "a slope of two points has no interval" if slope["low"] is None else ""
        return f"{words} (log-log slope, {lack or str(growth['points']) + ' points'})"
    start = model["start_up_ns"]
    shown = f"{show_ns(start['point'])} [{show_ns(start['low'])}, {show_ns(start['high'])}]"
    return (
        f"{growth['target']}: start-up {shown}, and work that grows as"
        f" {axis}^{_interval(model['exponent'])}; log-log slope {_interval(slope)}"
    )


def _interval(estimate: Mapping[str, Any]) -> str:
    point = significant(estimate["point"], 3)
    if estimate["low"] is None or estimate["high"] is None:
        return point
    return f"{point} [{significant(estimate['low'], 3)}, {significant(estimate['high'], 3)}]"


def _crossing(crossing: Mapping[str, Any]) -> str:
    about = crossing["about"]
    return (
        f"the curves cross at about {about:.3g}: {crossing['words']}"
        if about
        else crossing["words"]
    )


def _scaling(found: Mapping[str, Any]) -> Iterator[str]:
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
    yield layout(["threads", "speed-up", "efficiency", "serial (Karp-Flatt)"], rows)
    if scaling["serial_fraction"]:
        yield f"serial fraction by Amdahl's law: {_interval(scaling['serial_fraction'])}"
