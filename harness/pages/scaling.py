"""How time grows with a parameter, where a run has several values of it: points and fits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from harness.model import Measurement
from harness.render.documents import Grid, Part, Picture, TableCell
from harness.render.drawings import Curve, LinePlot
from harness.render.units import show_ns_estimate
from harness.running.reports import Report
from harness.stats.growth import Growth, growth_of
from harness.system.store.run_file import StoredRun

FEWEST_VALUES = 3
"""With two values any line fits."""


def scaling_parts(stored: StoredRun, report: Report) -> Iterator[Part]:
    """A picture and a table of each task whose cases differ in one number alone."""
    params = params_of(stored)
    for task in dict.fromkeys(m.task for m in report.run.measurements):
        own = {case: values for (name, case), values in params.items() if name == task}
        name = varied(own)
        if name is None:
            continue
        places = {case: float(values[name]) for case, values in own.items()}
        if len(set(places.values())) >= FEWEST_VALUES:
            measured = [m for m in report.run.measurements if m.task == task and m.wall_ns]
            if measured:
                yield _picture(task, name, places, measured)


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
    numbers = [
        v for v in values if isinstance(v, int | float) and not isinstance(v, bool) and v > 0
    ]
    return differing[0] if len(numbers) == len(values) else None


def _picture(
    task: str, name: str, places: Mapping[str, float], measured: list[Measurement]
) -> Picture:
    lines, fits, rows, told = [], [], [], []
    for at, target in enumerate(dict.fromkeys(m.target for m in measured)):
        own = [(places[m.case], m) for m in measured if m.target == target and m.case in places]
        own.sort(key=lambda each: each[0])
        xs = tuple(x for x, _ in own)
        ys = tuple(m.wall_ns.point for _, m in own if m.wall_ns)
        lines.append(Curve(target, xs, ys, joined=False))
        growth = growth_of(xs, ys)
        if growth is not None:
            ends = (xs[0], xs[-1])
            fits.append(Curve(target, ends, tuple(map(growth.at, ends)), fit_of=at))
            told.append(f"{target} grows as {name} to the power {_power(growth)}")
        shown = TableCell(_power(growth), growth.exponent) if growth else TableCell("-")
        rows += [
            (target, TableCell(f"{x:g}", x), TableCell(show_ns_estimate(m.wall_ns), y), shown)
            for (x, m), y in zip(own, ys, strict=True)
        ]
    return Picture(
        slug=f"scaling-{''.join(c if c.isalnum() and c.isascii() else '-' for c in task)}".lower(),
        title=f"How {task} grows with {name}",
        alt="; ".join(told) + "." if told else f"Times of {task} by {name}.",
        drawing=LinePlot(name, "wall time", (*lines, *fits), both_logarithmic=True),
        content=Grid.of(
            f"Times of {task} by {name}", ("target", name, "wall time", "exponent"), rows
        ),
        note="Both axes are logarithmic: a straight line is a power, its slope the exponent. The"
        " fit takes start-up for work, which makes small exponents smaller.",
    )


def _power(growth: Growth) -> str:
    if not math.isfinite(growth.high):
        return f"{growth.exponent:.2f}"
    return f"{growth.exponent:.2f} [{growth.low:.2f}, {growth.high:.2f}]"
