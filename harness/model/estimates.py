"""A statistic with its interval."""

from __future__ import annotations

import math

from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its interval; units are those of the name that it stands under."""

    statistic: str
    point: float
    low: float
    high: float
    confidence: float

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, got {self.confidence}")
        if math.isnan(self.point) or not self.low <= self.point <= self.high:
            raise ValueError(
                f"want low <= point <= high, got {self.low}, {self.point}, {self.high}"
            )

    @property
    def bounded(self) -> bool:
        """Does a ratio's interval leave out anything, or does it reach from 0 to infinity?"""
        return self.low > 0 or math.isfinite(self.high)
