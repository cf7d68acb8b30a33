"""What two figures of a block say together, whatever they count: a ratio, a direction, or nothing.

A verdict rests on log-ratios, and figures that are no times may be 0, negative or missing:

- two figures of one sign have the ratio of their sizes, above 1 where the candidate is better; of
  two negative ones the smaller size is the larger figure;
- two equal figures, zeros among them, have ratio 1;
- where one is 0, or their signs differ, one is better and by no ratio: beyond all telling;
- where one is missing the pair says nothing, and stays in: leaving it out could decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.frozen import dataclass
from harness.model import Better, Metric, MetricInfo

METRIC_WORDS = {Metric.WALL: "wall time", Metric.CPU: "CPU time", Metric.MEMORY: "peak memory"}

EXACT_BLOCKS = 2
"""A deterministic figure is believed after as many blocks that agree to the last digit."""

EXACT_STEP = 1e-300
"""The resolution of figures that are counted: they are what they are."""

BEYOND = 1e22
"""The ratio of a pair that has a direction and no ratio."""

_ANY_SIZE = 1e200
"""Two zeros are equal whatever the step of their counting."""

_LARGEST = 1e280
"""The largest size that is told beside a cost which is larger by `BEYOND`."""

NOTHING = (-1.0, -1.0)
"""A pair that says nothing, to the mathematics of ratios."""


def metric_words(metric: Metric, figure: MetricInfo | None) -> str:
    """A metric in words: `throughput in bodies/s (more is better)`."""
    if metric in METRIC_WORDS:
        return METRIC_WORDS[metric]
    if figure is None:
        return metric.value
    unit = f" in {figure.unit}" if figure.unit else ""
    return (
        f"{metric.value}{unit} ({'more' if figure.better is Better.HIGHER else 'less'} is better)"
    )


def as_costs(reference: float, candidate: float, figure: MetricInfo | None) -> tuple[float, float]:
    """Two figures as costs whose ratio, reference / candidate, is what they say; see the module."""
    if math.isnan(reference) or math.isnan(candidate):
        return NOTHING
    if reference == candidate:
        size = abs(reference) or _ANY_SIZE
        return size, size
    step = figure.resolution if figure is not None else None
    if figure is not None and figure.better is Better.HIGHER:
        reference, candidate = candidate, reference
    if reference > 0 and candidate > 0:
        return reference, candidate
    if reference < 0 and candidate < 0:
        return -candidate, -reference
    if step is not None and abs(reference - candidate) <= step:
        return NOTHING
    size = min(max(abs(reference), abs(candidate)), _LARGEST)
    return (size * BEYOND, size) if reference > candidate else (size, size * BEYOND)


def missing(values: Sequence[float]) -> int:
    """How many figures are not there."""
    return sum(map(math.isnan, values))


@dataclass(frozen=True, slots=True)
class Lacking:
    """Which sides of a comparison lack the figure that it is about."""

    blocks: int
    reference: int
    candidate: int

    def words(self, sides: tuple[str, str]) -> Iterator[str]:
        """Who does not report it, and in how many blocks."""
        for name, count in zip(sides, (self.reference, self.candidate), strict=True):
            if count == self.blocks:
                yield f"{name} does not report it"
            elif count:
                yield f"{name} does not report it in {count} of {self.blocks} blocks"


def doubts_of(
    figures: tuple[Sequence[float], Sequence[float]],
    sides: tuple[str, str],
    info: MetricInfo | None,
) -> Iterator[str]:
    """What figures of two sides lack: of a missing one nothing is known, of a zero no ratio."""
    blocks = len(figures[0])
    yield from Lacking(blocks, *map(missing, figures)).words(sides)
    count = sum(
        before != now and not (before > 0 < now or before < 0 > now)
        for before, now in zip(*figures, strict=True)
        if as_costs(before, now, info) != NOTHING
    )
    if count:
        yield (
            f"{count} of {blocks} blocks have a zero or two signs: they count by their direction,"
            " which has no size"
        )
