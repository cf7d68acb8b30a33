"""What is known of the noise on a machine, and how many blocks it takes to go by it."""

from __future__ import annotations

from harness.frozen import dataclass

LEAST_SCALE = 1e-4
"""No two runs of a process are taken to agree better than this."""

USUAL_SCALE = 0.02
"""The scale where nothing is known yet: what a shared machine has on a good day."""

FAR = 10.0
"""A log-ratio this many scales from 0 is far: Student's t with 2 degrees has 1 % beyond."""

FEWEST = 4
"""Weighed blocks before which nothing is called sure: a neighbour that hits every trial of one side
and none of the other for three blocks is not rare enough (benchmarks/false_keeps.py)."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Log-ratios of identical builds, summed up."""

    pairs: int = 0
    scale: float = 0.0
    """The scale of Student's t with 2 degrees of freedom that has their third quartile of sizes;
    0 where there is no pair."""
    far: int = 0
    """How many are further from 0 than `FAR` scales."""

    @property
    def known(self) -> float:
        """The scale to go by, also where nothing is known."""
        return max(self.scale, LEAST_SCALE) if self.pairs else USUAL_SCALE

    @property
    def odd(self) -> float:
        """The share of log-ratios that are no part of the bulk, with a pair more than was seen."""
        return (self.far + 1) / (self.pairs + 2)
