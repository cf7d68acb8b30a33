"""What a picture shows, as plain values; `harness.render.pictures` draws them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """How the figures of several groups scatter: a strip of points and the quartiles of each."""

    unit: str
    groups: tuple[tuple[str, tuple[float, ...]], ...]
    """A name and the values to draw, which are few enough to be drawn."""
    quartiles: tuple[tuple[float, float, float], ...]
    """Of all values of each group, drawn or not."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A named point with its interval; `low` and `high` are None where there is none."""

    name: str
    point: float
    low: float | None = None
    high: float | None = None
    tone: str = "plain"
    """`good`, `bad`, `plain` or `open`."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Ratios with their intervals below one another, a line at 1 and a band around it."""

    label: str
    rows: tuple[Interval, ...]
    band: float = 0.0
    """Half the width of the band around 1, as a share: differences that do not matter."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A named line through points; `low` and `high` are a band around it where it has one."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    joined: bool = True
    """Is it a line, or are these points?"""
    fit_of: int | None = None
    """The number of the line that it is fitted to, whose colour it has; it is not in the legend."""


@dataclass(frozen=True, slots=True)
class LinePlot:
    """LinePlot over a common axis; `marked` are places on it that are pointed out below."""

    across: str
    up: str
    lines: tuple[Curve, ...]
    marked: tuple[float, ...] = ()
    marked_name: str = ""
    breaks: tuple[float, ...] = ()
    """Where a vertical line says that something changes."""
    both_logarithmic: bool = False
    unit: str = "ns"
    """Of what goes up; `x` for ratios, with a line at 1."""


@dataclass(frozen=True, slots=True)
class Bars:
    """For each name one bar of every side, such as the phases before and after."""

    unit: str
    sides: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    """A name, and a value for each side."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An iteration of a campaign: what was predicted of it and what was measured."""

    number: int
    total: float | None
    """The speed-up over the baseline after it; None where it was not kept."""
    predicted: tuple[float, float]
    measured: Interval | None
    kept: bool


@dataclass(frozen=True, slots=True)
class Steps:
    """Iterations: predicted intervals beside what was measured."""

    steps: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Climb:
    """The speed-up over the baseline, iteration by iteration."""

    steps: tuple[Attempt, ...]


Drawing: TypeAlias = Spread | Intervals | LinePlot | Bars | Steps | Climb


def thinned(values: Sequence[float], most: int) -> tuple[float, ...]:
    """At most `most` of the values, evenly through their order by size, both ends among them."""
    ordered = sorted(values)
    if len(ordered) <= most:
        return tuple(ordered)
    last = len(ordered) - 1
    return tuple(ordered[round(at * last / (most - 1))] for at in range(most))


def binned(values: Sequence[float], most: int) -> list[tuple[float, float, float, float]]:
    """Values in order as at most `most` (place, median, lowest, highest) of stretches of them.

    The place is the middle of its stretch, counted from 1.
    """
    from statistics import median

    size = max(1, -(-len(values) // most))
    found = []
    for at in range(0, len(values), size):
        part = values[at : at + size]
        found.append((at + (len(part) + 1) / 2, median(part), min(part), max(part)))
    return found
