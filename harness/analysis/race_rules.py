"""What a race is run by; pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field

from harness.analysis.question import AUTO
from harness.analysis.weighed_rule import Span
from harness.frozen import dataclass
from harness.model import Metric

HOPELESS = "no gain is to be hoped for"
"""Why one left that may gain all the same, but hardly by as much as is worth having."""


@dataclass(frozen=True, slots=True)
class GainSearch:
    """How all that gain are looked for."""

    within_ns: float = math.inf
    """No block begins later, once there are as many as a gain needs."""
    postpones: bool = True
    """Where one gains much in the first block, do those that do not leave, to be asked later?"""
    by_first_runs: bool = True
    """Do the runs for the first outputs tell who gains much, where they are long?"""
    mixes: Callable[[], bool] = lambda: False
    """Can mixes of them be asked instead, where the time holds few blocks?"""


@dataclass(frozen=True, slots=True)
class RaceRules:
    """What a race is run by."""

    reference: str
    metric: str = AUTO
    """`wall`, `cpu`, a figure that the target or a plugin declares, or whichever of the times
    serves on this machine."""
    higher_is_better: bool = False
    finding: GainSearch | None = None
    """How all that gain are looked for, as `Screen` does; None: the best one alone is."""
    confidence: float = 0.95
    threshold: float = 0.01
    """Smaller gains than this share are not worth having."""
    span: Span = field(default_factory=Span)

    @property
    def limit(self) -> float:
        """The log of the e-value that decides."""
        return -math.log(1 - self.confidence)

    @property
    def limit_of_ends(self) -> float:
        """The log of the e-value that leaves a ratio out of an interval, at either end: who is said
        to be no gain has an interval that says the same."""
        return -math.log((1 - self.confidence) / 2)

    @property
    def is_time(self) -> bool:
        return self.metric in (AUTO, Metric.WALL.value, Metric.CPU.value)
