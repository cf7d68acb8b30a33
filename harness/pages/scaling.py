"""How time grows with a parameter: of a sweep, or of cases that differ in one number alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.frozen import dataclass
from harness.model import Estimate
from harness.render.documents import Grid, Part, Picture, TableCell
from harness.render.drawings import Curve, LinePlot
from harness.render.units import show_ns, show_speed_up
from harness.running.reports import Report
from harness.stats.cost_model import CostModel, fit_model, log_log_slope
from harness.system.store.run_file import StoredRun

FEWEST_VALUES = 3
"""With two values any line fits."""
FIT_POINTS = 24
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Scaled:
    """The times of a target at the values of a parameter, from the least one up."""

    target: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]


def scaling_parts(stored: StoredRun, report: Report, sweep: Mapping[str, Any]) -> Iterator[Part]:
    """What a sweep says, or each task whose cases differ in one number; nothing of other runs.

    `sweep` is the content of the run's `sweep.json`, empty where it is none.
    """
    if sweep:
        yield from _of_sweep(sweep)
        return
    params = params_of(stored)
    for task in dict.fromkeys(m.task for m in report.run.measurements):
        own = {case: values for (name, case), values in params.items() if name == task}
        name = varied(own)
        if name is None:
            continue
        rows = [
            (m.target, float(own[m.case][name]), m.wall_ns.point)
            for m in report.run.measurements
            if m.task == task and m.case in own and m.wall_ns
        ]
        curves = _curves(rows)
        if curves:
            yield growth_picture(task, name, curves)


def params_of(stored: StoredRun) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The parameters of each task and case; nothing of older runs."""
    found: Any = stored.plan.get("params", ())
    return {(task, case): values for task, case, values in found}


def varied(cases: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The one parameter in which cases differ, where it is a positive number; else None."""
    names = dict.fromkeys(name for values in cases.values() for name in values)
    differing = [n for n in names if len({repr(values.get(n)) for values in cases.values()}) > 1]
    if len(differing) != 1:
        return None
    values = [case.get(differing[0]) for case in cases.values()]
    return differing[0] if all(map(_is_size, values)) else None


def _is_size(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _curves(rows: Sequence[tuple[str, float, float]]) -> list[Scaled]:
    """The curves with enough different values."""
    found = []
    for target in dict.fromkeys(name for name, _, _ in rows):
        own = sorted((x, y) for name, x, y in rows if name == target and y > 0)
        if len({x for x, _ in own}) >= FEWEST_VALUES:
            found.append(Scaled(target, tuple(x for x, _ in own), tuple(y for _, y in own)))
    return found


def growth_picture(
    task: str, axis: str, curves: Sequence[Scaled], fitted: bool = True, time: str = "wall time"
) -> Picture:
    """Times by a parameter on logarithmic axes, with what is fitted; of a task, if it is named."""
    letters = "".join(c if c.isalnum() and c.isascii() else "-" for c in task or "the time")
    title = f"How {task or f'the {time}'} goes with {axis}"
    caption = f"{f'Times of {task}' if task else f'{time[0].upper()}{time[1:]}s'} by {axis}"
    lines: list[Curve] = [Curve(c.target, c.xs, c.ys, joined=not fitted) for c in curves]
    told, rows = [], []
    for at, curve in enumerate(curves):
        slope = log_log_slope(curve.xs, curve.ys, LEVEL)
        ends = f" [{slope.low:.2f}, {slope.high:.2f}]" if math.isfinite(slope.high) else ""
        power = f"{slope.point:.2f}{ends}"
        if fitted:
            lines.append(_fit(curve, at, slope.point))
            told.append(f"{curve.target} grows as {axis} to the power {power}")
        rows += [
            (curve.target, TableCell(f"{x:g}", x), TableCell(show_ns(y), y), power)
            for x, y in zip(curve.xs, curve.ys, strict=True)
        ]
    return Picture(
        slug=f"scaling-{letters}".lower(),
        title=title,
        alt="; ".join(told) + "." if told else f"{caption}.",
        drawing=LinePlot(axis, time, tuple(lines), both_logarithmic=True),
        content=Grid.of(caption, ("target", axis, time, "slope"), rows),
        note="Both axes are logarithmic: a straight line is a power, and its slope the exponent."
        + (
            " The lines are fits: start-up and a power of it, where there are four points." * fitted
        ),
    )


def _fit(curve: Scaled, at: int, slope: float) -> Curve:
    """The fitted line of a curve: start-up and a power, else the power alone."""
    first, last = math.log(curve.xs[0]), math.log(curve.xs[-1])
    steps = [first + (last - first) * n / (FIT_POINTS - 1) for n in range(FIT_POINTS)]
    model = fit_model(curve.xs, curve.ys, LEVEL)
    middle = sum(map(math.log, curve.xs)) / len(curve.xs)
    level = sum(map(math.log, curve.ys)) / len(curve.ys)
    times = [
        _modelled(model, x) if model else math.exp(level + slope * (x - middle)) for x in steps
    ]
    return Curve(curve.target, tuple(map(math.exp, steps)), tuple(times), fit_of=at)


def _modelled(model: CostModel, log_size: float) -> float:
    return model.start_up_ns.point + model.work_ns * math.exp(log_size * model.exponent.point)


# -- of a sweep ------------------------------------------------------------------------------------


def _of_sweep(sweep: Mapping[str, Any]) -> Iterator[Part]:
    """The curves over the axis, the ratios over it, and what threads gain."""
    rows = sweep["rows"]
    axis = next((a["name"] for a in sweep["axes"] if not a["follows"]), None)
    column = axis if axis is None or not rows or axis in rows[0] else f"param.{axis}"
    sized = [row for row in rows if row["wall_ns"] and _is_size(row.get(column))]
    if axis is not None:
        by_cpu = any(growth.get("metric") == "cpu" for growth in sweep["growths"])
        time, figure = ("CPU time", "cpu_ns") if by_cpu else ("wall time", "wall_ns")
        timed = [(r["target"], float(r[column]), r[figure]) for r in sized if r[figure]]
        if curves := _curves(timed):
            yield growth_picture("", axis, curves, fitted=not sweep["scalings"], time=time)
        compared = [row for row in sized if row["speed_up"]]
        if len({row[column] for row in compared}) > 1:
            yield _ratios(axis, str(column), compared)
    for each in sweep["scalings"]:
        yield _threads(each["target"], each["scaling"])


def _ratios(axis: str, column: str, rows: Sequence[Mapping[str, Any]]) -> Picture:
    curves, table = [], []
    for target in dict.fromkeys(row["target"] for row in rows):
        own = sorted((r for r in rows if r["target"] == target), key=lambda r: float(r[column]))
        ends = [
            (r["speed_up_low"] or r["speed_up"], r["speed_up_high"] or r["speed_up"]) for r in own
        ]
        curves.append(
            Curve(
                target,
                tuple(float(r[column]) for r in own),
                tuple(r["speed_up"] for r in own),
                tuple(low for low, _ in ends),
                tuple(high for _, high in ends),
            )
        )
        table += [
            (target, TableCell(f"{r[column]:g}", float(r[column])), _ratio(r), r["verdict"])
            for r in own
        ]
    reference = rows[0]["reference"]
    return Picture(
        slug="speed-up-by-point",
        title=f"Speed-up over {reference} by {axis}",
        alt=f"Speed-ups of {', '.join(c.name for c in curves)} at {len(rows)} points.",
        drawing=LinePlot(axis, "speed-up", tuple(curves), both_logarithmic=True, unit="x"),
        content=Grid.of("Speed-ups", ("target", axis, "speed-up", "verdict"), table),
        note=f"Above 1x the target is faster than {reference}; the band is its interval.",
    )


def _ratio(row: Mapping[str, Any]) -> TableCell:
    """A ratio with its interval, or in words that it has none."""
    high = math.inf if row["speed_up_high"] is None else row["speed_up_high"]
    ends = row["speed_up_low"] or 0.0, row["speed_up"], high
    estimate = Estimate("median ratio", ends[1], ends[0], ends[2], LEVEL)
    return TableCell(show_speed_up(estimate), row["speed_up"])


def _threads(target: str, scaling: Mapping[str, Any]) -> Grid:
    kind = "Weak" if scaling["weak"] else "Strong"
    rows = [
        (
            TableCell(str(p["threads"]), p["threads"]),
            TableCell(f"{p['speed_up']:.3g}x", p["speed_up"]),
            TableCell(f"{100 * p['efficiency']:.0f} %", p["efficiency"]),
            f"{p['karp_flatt']['point']:.3g}" if p["karp_flatt"] else "-",
        )
        for p in scaling["points"]
    ]
    heads = ("threads", "speed-up", "efficiency", "serial (Karp-Flatt)")
    return Grid.of(f"{kind} scaling of {target}", heads, rows)
