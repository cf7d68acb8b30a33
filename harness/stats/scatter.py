"""How far the times of identical builds lie apart on a host: what a single look cannot know.

Trials of one build that ran one after the other differ by noise alone. Their log-ratios are those
of a comparison of a program with itself, at a distance of up to two trials instead of one, so that
they rather overstate the noise within a block.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.model import Noise
from harness.model.noise import FAR, LEAST_SCALE

if TYPE_CHECKING:
    from harness.stats.ratios import Floats

_THREE_QUARTERS = 1.6035674514745464
"""Of Student's t with 2 degrees of freedom, three quarters lie within this distance of 0."""

_DIGITS = 6
"""The digits of a scale that are kept: another CPU may round the last ones otherwise."""


def noise_of(series: Iterable[Sequence[float]]) -> Noise:
    """The noise of some series of times, each of one build in the order in which they ran."""
    import numpy as np

    steps: list[float] = []
    for times in series:
        known = np.log([time for time in times if time > 0])
        steps += np.abs(np.diff(known)).tolist()
    return noise_of_sizes(np.array(steps))


def noise_of_sizes(sizes: Floats) -> Noise:
    """The noise that log-ratios of these sizes show."""
    import numpy as np

    if not len(sizes):
        return Noise()
    # The upper of two neighbours: few pairs overstate the noise.
    scale = float(np.quantile(sizes, 0.75, method="higher")) / _THREE_QUARTERS
    scale = _rounded(max(scale, LEAST_SCALE))
    return Noise(len(sizes), scale, int(np.sum(sizes > FAR * scale)))


def together(parts: Iterable[Noise]) -> Noise:
    """Several noises as one: the mean square of their scales, so that the worst ones count most."""
    known = [part for part in parts if part.pairs]
    pairs = sum(part.pairs for part in known)
    if not pairs:
        return Noise()
    square = sum(part.pairs * part.scale**2 for part in known) / pairs
    return Noise(pairs, _rounded(math.sqrt(square)), sum(part.far for part in known))


def worse(before: Noise, now: Noise) -> Noise:
    """What a look goes by: all that is known, and at least the scale that it shows itself."""
    both = together((before, now))
    return Noise(both.pairs, max(both.scale, now.scale), both.far)


def _rounded(scale: float) -> float:
    return float(f"{scale:.{_DIGITS}g}")
