"""Blocks without a figure of a side, counted by side, and what they leave of a verdict; pure.

A trial that failed, or never became steady, is seldom missing by chance: what is left flatters the
side that lost more. Where the sides lost as many blocks, each count is said. Where they differ, a
verdict stands only if it would stand whatever the missing blocks had been: the median of all n + m
blocks lies between the ends that the n known ones leave with all m at one end and then at the
other (worst-case bounds: Manski, American Economic Review 80, 1990). The limits of the signs hold
for any blocks, so for these as well, and the error is that of the comparison.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.analysis.blocks import figures_of
from harness.analysis.schedule import Block
from harness.frozen import dataclass
from harness.model import Verdict
from harness.stats.boundary import SignBoundary
from harness.stats.paired import judge_bounds, ratio_of
from harness.stats.ratios import LogRatios


@dataclass(frozen=True, slots=True)
class Lost:
    """How many blocks have no figure of the reference, and of the candidate, where it ran."""

    reference: int = 0
    candidate: int = 0

    @property
    def differs(self) -> bool:
        return self.reference != self.candidate

    def after(self, block: Block, sides: tuple[str, str]) -> Lost:
        """The counts with a block that gave no pair; who has left the blocks has lost nothing."""
        lost = [
            bool(records) and all(figures_of(record) is None for record in records)
            for records in (block.get(name, ()) for name in sides)
        ]
        both = all(block.get(name) for name in sides)
        return Lost(self.reference + lost[0], self.candidate + lost[1]) if both else self

    def bounds(self, ratios: LogRatios, boundary: SignBoundary) -> tuple[float, float]:
        """The ends of the log-ratio's interval, wherever the lost blocks lie."""
        import numpy as np

        missing = self.reference + self.candidate
        limit = boundary.limit(len(ratios) + missing) - missing
        if limit < 0:
            return -math.inf, math.inf
        return float(np.sort(ratios.low)[limit]), float(np.sort(ratios.high)[-1 - limit])

    def leaves(
        self, found: Verdict, ratios: LogRatios, boundary: SignBoundary, threshold: float
    ) -> Verdict:
        """The verdict, where it stands whatever was lost, or where both sides lost as much."""
        if not self.differs or found is Verdict.UNDECIDED:
            return found
        worst = judge_bounds(self.bounds(ratios, boundary), threshold)
        return found if worst is found else Verdict.UNDECIDED

    def words(self, sides: Sequence[str], ratios: LogRatios, boundary: SignBoundary) -> str:
        """What was lost, by side, and what it leaves; empty: nothing was."""
        if not (self.reference or self.candidate):
            return ""
        each = f"{self.reference} of {sides[0]}, {self.candidate} of {sides[1]}"
        said = f"blocks without a figure, since a trial failed or was never steady: {each}"
        if not self.differs:
            return said
        low, high = map(ratio_of, self.bounds(ratios, boundary))
        return f"{said}; at worst the ratio lies in [{low:.4g}, {high:.4g}]"


NOTHING_LOST = Lost()
