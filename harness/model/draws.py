"""Parameters that are drawn anew in every block, so that no program can know its input; pure."""

from __future__ import annotations

import math
import random
from enum import Enum
from typing import TypeAlias

from harness.frozen import dataclass

Number: TypeAlias = int | float

FRESH_SEEDS = (0, 2**31 - 1)
"""Where fresh seeds come from, both ends included: all programs read what fits into 32 bits."""


class Seeds(Enum):
    """Which parameters of a case are drawn anew in every block."""

    FIXED = "fixed"
    """None: every trial is given the case's own values."""
    DECLARED = "declared"
    """Those that the case gives a range or a choice of."""
    FRESH = "fresh"
    """Those, and its seed where the targets take one."""


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from `low` to `high`, both included; whole ones where both ends are whole."""

    low: Number
    high: Number

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError(f"a range needs finite ends, got {self.low} to {self.high}")
        if self.low >= self.high:
            raise ValueError(f"a range goes up, got {self.low} to {self.high}")

    def count(self) -> float:
        """How many numbers it has; infinite where they are no whole ones."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return float(self.high - self.low + 1)
        return math.inf

    def draw(self, chance: random.Random) -> Number:
        """One of its numbers, all alike likely."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return chance.randint(self.low, self.high)
        return chance.uniform(self.low, self.high)
