"""The figure that trends are of: wall time, or another one that the stored runs have."""

from __future__ import annotations

import math

from harness.analysis.of_figures import METRIC_WORDS
from harness.errors import UsageError
from harness.model import Better, Estimate, Measurement, Metric, MetricEstimate, MetricInfo
from harness.render.units import better_word, show_bytes, show_ns, worse_word

_KNOWN = {
    Metric.WALL: MetricInfo("wall", "ns", Better.LOWER),
    Metric.CPU: MetricInfo("cpu", "ns", Better.LOWER),
    Metric.MEMORY: MetricInfo("memory", "B", Better.LOWER),
}
WALL_TIME = _KNOWN[Metric.WALL]


def metric_of_trends(given: Metric | str | None) -> Metric:
    """The metric of a name; wall time where none is given. UsageError for what is no name."""
    try:
        return Metric.WALL if given is None else Metric(given)
    except ValueError:
        raise UsageError(
            f"metric: want wall, cpu, memory or the name of a stored figure, got {given!r}"
        ) from None


def measured_figure(m: Measurement, metric: Metric) -> tuple[MetricInfo, Estimate] | None:
    """A measurement's figure by a metric, and what is known of it; None where it has none."""
    if not metric.is_known:
        found = MetricEstimate.named(metric.value, m.metrics)
        sound = found is not None and math.isfinite(found.value.point)
        return (found.info, found.value) if found is not None and sound else None
    value = m.wall_ns if metric is Metric.WALL else m.cpu_ns
    if metric is Metric.MEMORY:
        if m.max_rss_bytes is None or m.wall_ns is None:
            return None
        size = float(m.max_rss_bytes)
        # The largest of all trials is what is stored of it: it has no interval.
        value = Estimate("maximum", size, size, size, m.wall_ns.confidence)
    return None if value is None else (_KNOWN[metric], value)


def title_of(figure: MetricInfo) -> str:
    """What it is called in a table or a picture."""
    return METRIC_WORDS.get(Metric(figure.name), figure.name)


def show_figure(value: float, figure: MetricInfo) -> str:
    """A value of it with its unit."""
    if figure.unit == "ns":
        return show_ns(value)
    if figure.unit == "B":
        return show_bytes(round(value))
    return f"{value:.6g} {figure.unit}".rstrip()


def is_worse(ratio: float, figure: MetricInfo) -> bool:
    """Is a change for the worse, by the old level over the new one?"""
    return ratio > 1 if figure.better is Better.HIGHER else ratio < 1


def word_of(ratio: float, figure: MetricInfo) -> str:
    """A change in a word: faster, larger, or what is true of any figure."""
    metric = Metric(figure.name)
    if not metric.is_known:
        return "lower" if ratio > 1 else "higher"
    return worse_word(metric) if is_worse(ratio, figure) else better_word(metric)
