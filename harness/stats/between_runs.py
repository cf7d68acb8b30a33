"""Whether several runs of one comparison differ by more than chance, and what they say together.

Blocks of one run share its accidents: what else the machine did, where memory lay, how warm it was.
More blocks of one run make that run's ratio surer, and not the ratio of the next run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.frozen import dataclass
from harness.stats.medians import scaled_mad
from harness.stats.ratios import Floats
from harness.stats.student import student_reach

CHANCE = 0.05
"""Runs that are alike are said to differ once in twenty times: that costs certainty alone."""


@dataclass(frozen=True, slots=True)
class BetweenRuns:
    """The log-ratio of each of several runs, and the interval for that of all such runs."""

    medians: tuple[float, ...]
    chance: float
    """How often runs that are alike would lie as far apart."""
    point: float
    low: float
    high: float

    @property
    def differ(self) -> bool:
        """Are the runs further apart than the noise within them explains?"""
        return self.chance < CHANCE


def between_runs(runs: Sequence[Floats], confidence: float) -> BetweenRuns | None:
    """What the log-ratios of each run's blocks say of the runs; None where there are not two.

    The interval is that of Hartung and Knapp (Statistics in Medicine 20, 2001) for random effects:
    Student's with one degree of freedom less than there are runs, about the mean of the runs'
    medians weighed by what is between and within runs (DerSimonian & Laird, Controlled Clinical
    Trials 7, 1986), never narrower than without their correction. It may be looked at after every
    run: of k runs it has the part 1 / (k (k - 1)) of the error, and these sum to 1.
    """
    known = [run for run in runs if len(run)]
    if len(known) < 2:
        return None
    medians = np.array([np.median(run) for run in known])
    weights = _weights(known, medians)
    count, total = len(medians), weights.sum()
    mean = float((weights * medians).sum() / total)
    excess = float((weights * (medians - mean) ** 2).sum()) / (count - 1)
    level = (1 - confidence) / (count * (count - 1))
    reach = student_reach(count - 1, level) * math.sqrt(max(excess, 1.0) / total)
    return BetweenRuns(
        tuple(medians.tolist()), chance_of_ranks(known), mean, mean - reach, mean + reach
    )


def chance_of_ranks(runs: Sequence[Floats]) -> float:
    """How often runs that are alike would differ as much in the mean ranks of their blocks.

    That is Kruskal & Wallis's test, with ties (JASA 47, 1952): what Cochran's Q asks, of ranks.
    It needs no variance of a run of few blocks, and tails as heavy as those of times do not
    mislead it.
    """
    from scipy.special import chdtrc  # heavy, and wanted here alone

    sizes = np.array([len(run) for run in runs])
    total = int(sizes.sum())
    _, places, ties = np.unique(np.concatenate(runs), return_inverse=True, return_counts=True)
    if len(ties) < 2:
        return 1.0
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[places.reshape(-1)]
    means = np.add.reduceat(ranks, np.cumsum(sizes) - sizes) / sizes
    between = 12 / (total * (total + 1)) * float((sizes * (means - (total + 1) / 2) ** 2).sum())
    tied = ties.astype(np.float64)
    untied = 1 - float((tied**3 - tied).sum()) / (float(total) ** 3 - total)
    return float(chdtrc(len(runs) - 1, between / untied))


def _weights(runs: Sequence[Floats], medians: Floats) -> Floats:
    """One over the variance of each run's median about that of all runs; DerSimonian & Laird's.

    Within a run it is pi / 2 times the blocks' variance, over their number, as for the median of
    normal values; the variance is the robust one of all blocks about their run's median, since a
    run of few blocks knows none of its own.
    """
    sizes = np.array([len(run) for run in runs], dtype=np.float64)
    about = np.concatenate([run - middle for run, middle in zip(runs, medians, strict=True)])
    scatter = math.pi / 2 * scaled_mad(about) ** 2
    if scatter == 0:
        return np.full(len(sizes), 1 / max(float(medians.var(ddof=1)), 1e-300))
    fixed = sizes / scatter
    mean = (fixed * medians).sum() / fixed.sum()
    far = (fixed * (medians - mean) ** 2).sum() - (len(sizes) - 1)
    between = max(0.0, far / (fixed.sum() - (fixed**2).sum() / fixed.sum()))
    weights: Floats = 1 / (scatter / sizes + between)
    return weights
