"""How each drawing is put on the axes of matplotlib: one function a kind. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from harness.render.drawings import (
    Attempt,
    Bars,
    Climb,
    Curve,
    Interval,
    Intervals,
    LinePlot,
    Spread,
    Steps,
)
from harness.render.units import show_ns, significant

PALETTE = {
    "ink": "#1c2430",
    "muted": "#4d5866",
    "faint": "#c3c9d1",
    "paper": "#ffffff",
    "accent": "#0072b2",
    "bad": "#c44e00",
    "third": "#00795a",
    "fourth": "#9a4f82",
    "fifth": "#7a6a00",
    "rest": "#6f7884",
}
"""Colours by what they are for: after Okabe and Ito, told apart by colour-blind people, and
darkened so that each stands out from the page by at least 4 to 1."""

SERIES = ("accent", "bad", "third", "fourth", "fifth", "rest")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")
"""What tells series apart beside colour."""

WIDE = 6.0
"""Figures whose largest is this many times the least are drawn on a logarithmic axis."""
MOST_LETTERS = 24
TIME = "ns"
"""The unit whose values are shown in the unit that fits: nanoseconds."""


def shortened(name: str) -> str:
    """A name that fits beside an axis: its middle is left out where it is long."""
    if len(name) <= MOST_LETTERS:
        return name
    half = (MOST_LETTERS - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def draw_spread(axes: Any, drawing: Spread) -> None:
    """A row per group: every value as a faint point, the quartiles as a bar, the median upon it."""
    every = [v for _, values in drawing.groups for v in values if v > 0]
    for at, ((_, values), (low, middle, high)) in enumerate(
        zip(drawing.groups, drawing.quartiles, strict=True)
    ):
        colour = PALETTE[SERIES[0]]
        heights = [at + 0.26 * _jitter(n) for n in range(len(values))]
        axes.plot(values, heights, ".", ms=3, color=colour, alpha=0.35, mec="none", zorder=2)
        axes.plot([low, high], [at, at], "-", lw=5, color=colour, alpha=0.45, zorder=3)
        axes.plot([middle], [at], "|", ms=13, mew=2.4, color=PALETTE["ink"], zorder=4)
    _name_rows(axes, [name for name, _ in drawing.groups])
    _measure(axes.xaxis, every, drawing.unit)


def draw_intervals(axes: Any, drawing: Intervals) -> None:
    """A row per ratio: its point and its interval, a line at 1."""
    ends = [1.0]
    if drawing.band:
        axes.axvspan(1 - drawing.band, 1 + drawing.band, color=PALETTE["faint"], alpha=0.4, lw=0)
    axes.axvline(1, color=PALETTE["muted"], lw=0.9)
    for at, row in enumerate(drawing.rows):
        _one_interval(axes, row, at)
        ends += [row.point, *(end for end in (row.low, row.high) if end is not None)]
    _name_rows(axes, [row.name for row in drawing.rows])
    _measure(axes.xaxis, ends, "x")
    axes.set_xlabel(drawing.label)


_TONES = {"good": "accent", "bad": "bad", "plain": "ink", "open": "muted"}
_TONE_MARKS = {"good": "o", "bad": "s", "plain": "D", "open": "o"}


def _one_interval(axes: Any, row: Interval, at: float) -> None:
    colour = PALETTE[_TONES[row.tone]]
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [at, at], "-", lw=2, color=colour, solid_capstyle="butt")
        axes.plot([row.low, row.high], [at, at], "|", ms=7, mew=1.4, color=colour)
    face = PALETTE["paper"] if row.tone == "open" else colour
    mark = _TONE_MARKS[row.tone]
    axes.plot([row.point], [at], mark, ms=6, mfc=face, mec=colour, mew=1.4, zorder=4)


def draw_lines(axes: Any, drawing: LinePlot) -> None:
    """LinePlot over one axis, with the marked places below and a legend above."""
    for at, line in enumerate(drawing.lines):
        _one_line(axes, line, at)
    for place in drawing.breaks:
        axes.axvline(place, color=PALETTE["bad"], lw=1.1, ls=(0, (4, 2)), zorder=1)
    if drawing.marked:
        below = axes.get_xaxis_transform()
        axes.plot(
            drawing.marked,
            [0.015] * len(drawing.marked),
            "|",
            ms=6,
            mew=1.2,
            color=PALETTE["muted"],
            transform=below,
            label=drawing.marked_name,
        )
    every = [y for line in drawing.lines for y in (*line.ys, *line.low, *line.high) if y > 0]
    if drawing.both_logarithmic:
        places = [x for line in drawing.lines for x in line.xs]
        _measure(axes.xaxis, places, "", wide=0.0)
    elif all(x == int(x) for line in drawing.lines for x in line.xs):
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    if drawing.unit == "x":
        axes.axhline(1, color=PALETTE["muted"], lw=0.9)
        every.append(1.0)
    steep = drawing.both_logarithmic and drawing.unit == TIME
    _measure(axes.yaxis, every, drawing.unit, wide=0.0 if steep else WIDE)
    axes.set_xlabel(drawing.across)
    axes.set_ylabel(drawing.up)
    axes.yaxis.grid(visible=True, color=PALETTE["faint"], lw=0.5)
    _legend(axes)


def _one_line(axes: Any, line: Curve, at: int) -> None:
    at = at if line.fit_of is None else line.fit_of
    colour, mark = PALETTE[SERIES[at % len(SERIES)]], MARKERS[at % len(MARKERS)]
    dashes = DASHES[at % len(DASHES)] if line.joined else "none"
    few = len(line.xs) <= 40 and line.fit_of is None
    if line.low:
        axes.fill_between(line.xs, line.low, line.high, color=colour, alpha=0.18, lw=0)
    axes.plot(
        line.xs,
        line.ys,
        ls=dashes,
        lw=1.3,
        marker=mark if few or not line.joined else "",
        ms=3.2 if line.joined else 5,
        color=colour,
        label=shortened(line.name) if line.fit_of is None else None,
    )


def draw_bars(axes: Any, drawing: Bars) -> None:
    """For each name the bars of all sides, the largest name on top."""
    count = len(drawing.sides)
    for side, name in enumerate(drawing.sides):
        places = [at + (side - (count - 1) / 2) * 0.8 / count for at in range(len(drawing.rows))]
        axes.barh(
            places,
            [values[side] for _, values in drawing.rows],
            height=0.8 / count,
            color=PALETTE["rest" if side == 0 else SERIES[(side - 1) % len(SERIES)]],
            label=shortened(name),
        )
    _name_rows(axes, [name for name, _ in drawing.rows])
    most = max((v for _, values in drawing.rows for v in values), default=1.0)
    _measure(axes.xaxis, [most], drawing.unit)
    axes.set_xlim(0, most * 1.05 or 1)
    _legend(axes)


def draw_steps(axes: Any, drawing: Steps) -> None:
    """For each iteration the predicted interval as a bar, and the measured one upon it."""
    ends = [1.0]
    axes.axhline(1, color=PALETTE["muted"], lw=0.9)
    for step in drawing.steps:
        low, high = step.predicted
        first = step is drawing.steps[0]
        axes.bar(
            step.number,
            high - low,
            bottom=low,
            width=0.55,
            color=PALETTE["faint"],
            alpha=0.75,
            label="predicted" if first else None,
        )
        ends += [low, high]
        ends += _measured(axes, step)
    _count_iterations(axes, drawing.steps)
    _measure(axes.yaxis, ends, "x")
    axes.set_ylabel("speed-up of the iteration")
    _legend(axes)


def _measured(axes: Any, step: Attempt) -> list[float]:
    m = step.measured
    if m is None:
        return []
    colour = PALETTE["accent" if step.kept else "bad"]
    known = {text.get_label() for text in axes.get_lines()}
    name = "measured, kept" if step.kept else "measured, not kept"
    ends = [m.point, *(end for end in (m.low, m.high) if end is not None)]
    if len(ends) == 3:
        axes.plot([step.number] * 2, ends[1:], "-", lw=1.8, color=colour)
    axes.plot(
        [step.number],
        [m.point],
        "o" if step.kept else "s",
        ms=5,
        mfc=colour if step.kept else PALETTE["paper"],
        mec=colour,
        ls="none",
        label=None if name in known else name,
    )
    return ends


def draw_climb(axes: Any, drawing: Climb) -> None:
    """The speed-up over the baseline as stairs; iterations that were not kept stay below."""
    totals, now = [1.0], 1.0
    for step in drawing.steps:
        now = step.total if step.kept and step.total is not None else now
        totals.append(now)
    places = [0, *(step.number for step in drawing.steps)]
    axes.step(places, totals, where="post", color=PALETTE["accent"], lw=1.6)
    kept = [(s.number, s.total) for s in drawing.steps if s.kept and s.total is not None]
    axes.plot([n for n, _ in kept], [t for _, t in kept], "o", ms=5, color=PALETTE["accent"])
    _count_iterations(axes, drawing.steps)
    _measure(axes.yaxis, totals, "x")
    axes.set_ylabel("speed-up over the baseline")
    axes.yaxis.grid(visible=True, color=PALETTE["faint"], lw=0.5)


# -- what they share ------------------------------------------------------------------------------


def _jitter(number: int) -> float:
    """A height between -1 and 1 that looks like chance and is none: the golden ratio's steps."""
    return 2 * ((number * 0.6180339887) % 1.0) - 1


def _name_rows(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [shortened(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.grid(visible=True, color=PALETTE["faint"], lw=0.5)
    axes.set_axisbelow(True)


def _legend(axes: Any) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) < 2:
        return
    axes.figure.legend(
        handles,
        labels,
        loc="outside upper left",
        ncols=2 if max(map(len, labels)) > 14 else 3,
        frameon=False,
        fontsize=8.5,
    )


def _count_iterations(axes: Any, steps: Sequence[Attempt]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("iteration")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    last = max((step.number for step in steps), default=1)
    axes.set_xlim(-0.3, last + 0.7)


def _measure(axis: Any, values: Sequence[float], unit: str, wide: float = WIDE) -> None:
    """Give an axis the scale that its values want, and a few ticks with words that fit them."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

    kept = [v for v in values if v > 0 and math.isfinite(v)]
    low, high = (min(kept), max(kept)) if kept else (1.0, 1.0)
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, unit, high)))
    if high > wide * low:
        set_scale = axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale
        set_scale("log")
        axis.set_major_locator(
            FixedLocator(log_ticks(low, high, 4 if axis.axis_name == "x" else 6))
        )
        axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, unit, value)))
        axis.set_minor_formatter(NullFormatter())
        axis.set_minor_locator(FixedLocator([]))
    else:
        axis.set_major_locator(MaxNLocator(nbins=4 if axis.axis_name == "x" else 5))


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Round places on a logarithmic axis, few enough to be read."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**e for e in range(first, last + 1) for m in steps]
        inside = [t for t in ticks if low * 0.93 <= t <= high * 1.07]
        if 2 <= len(inside) <= most:
            return inside
    decades = [10.0**e for e in range(first, last + 1)]
    return decades[:: max(1, -(-len(decades) // most))]


def _tick(value: float, unit: str, scale: float) -> str:
    if unit == TIME:
        return _time(value, scale)
    if unit == "x":
        return f"{value:g}x" if value else "0"
    return f"{value:g}" if not unit else f"{significant(value)} {unit}"


def _time(ns: float, scale: float) -> str:
    """A time in the unit that fits `scale`, so that all ticks of an axis have one unit."""
    if ns == 0:
        return "0"
    unit = show_ns(scale).rpartition(" ")[2]
    factor = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}[unit]
    return f"{float(f'{ns / factor:.3g}'):g} {unit}"
