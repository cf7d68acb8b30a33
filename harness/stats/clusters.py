"""How far several layouts of two builds are apart, and what that leaves of a ratio's certainty."""

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
    medians = np.array([np.median(group) for group in groups.values()])
    count = len(medians)
    wide = student_reach(count - 1, (1 - confidence) / _SHARE)
    reach = wide * medians.std(ddof=1) / math.sqrt(count)
    return float(medians.mean() - reach), float(medians.mean() + reach)
