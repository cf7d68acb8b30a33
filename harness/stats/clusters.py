"""How far layouts, or hosts, are apart, and what that leaves of a ratio's certainty."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.stats.ratios import Floats
from harness.stats.student import student_reach

_SHARE = 5
"""The layouts have this part of the error that a verdict may have: what they are wrong in, more
blocks do not mend, and early looks see noise in few blocks of each."""


def layout_bounds(
    points: Floats, layouts: Sequence[object], confidence: float
) -> tuple[float, float] | None:
    """The ends of an interval for the log-ratio over all layouts that could have been drawn.

    `points` has the log-ratio of each block (NaN: none), `layouts` that which it ran in. Blocks of
    one layout share its accidents, however many they are: each layout counts once, by its median.
    The interval is Student's, at a fifth of the error, for the mean of these medians, whose
    scatter holds what layouts do and what is left of the noise (cluster summaries: Donner & Klar,
    Design and Analysis of Cluster Randomization Trials, 2000, ch. 6; one level of several: Kalibera
    & Jones, ISMM 2013). Layouts are drawn once, when a program is built, so that looking again does
    not draw them anew. None where there is but one layout.
    """
    groups: dict[object, list[float]] = {}
    for point, layout in zip(points, layouts, strict=True):
        if math.isfinite(point):
            groups.setdefault(layout, []).append(float(point))
    if len(groups) < 2:
        return None
    medians = [float(np.median(group)) for group in groups.values()]
    return mean_bounds(medians, 1 - (1 - confidence) / _SHARE)


def mean_bounds(summaries: Sequence[float], confidence: float) -> tuple[float, float]:
    """Student's interval for the mean of clusters, each by its summary; two clusters or more."""
    values = np.asarray(summaries)
    count = len(values)
    reach = student_reach(count - 1, 1 - confidence) * values.std(ddof=1) / math.sqrt(count)
    return float(values.mean() - reach), float(values.mean() + reach)


def cochran_p(
    summaries: Sequence[float], half_widths: Sequence[float], confidence: float
) -> float | None:
    """How likely clusters that do not differ would be as far apart; None where none can say.

    Cochran's Q with the variances that the clusters' own intervals imply, against chi-squared
    with one degree less than there are clusters (Cochran, Biometrics 10, 1954). Intervals that
    hold under repeated looks are wider than they need be, which makes it cautious.
    """
    widths = np.asarray(half_widths)
    if len(widths) < 2 or not np.isfinite(widths).all() or not (widths > 0).all():
        return None
    from scipy.special import chdtrc, ndtri

    weights = (ndtri((1 + confidence) / 2) / widths) ** 2
    values = np.asarray(summaries)
    q = float((weights * (values - np.average(values, weights=weights)) ** 2).sum())
    return float(chdtrc(len(values) - 1, q))
