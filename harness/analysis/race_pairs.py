"""Two members of a race beside each other, over several layouts of their builds; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.analysis.over_layouts import LayoutSpread, spread_over, verdict_over
from harness.analysis.weighing import Weighed
from harness.frozen import dataclass
from harness.model import Noise, Verdict
from harness.stats.boundary import sign_boundary
from harness.stats.paired import PairedSequence, RatioInterval

_FINE = 1e-300
"""The step of figures that are no readings of a clock."""


@dataclass(frozen=True, slots=True)
class RacedPair:
    """What the blocks of two members say, as far as the layouts of their builds do not differ.

    Evidence that the layouts do not bear out counts as none: a bet that is given up is still fair.
    """

    weighed: Weighed
    spread: LayoutSpread

    def faster(self, centre: float = 0.0) -> float:
        """The log of the e-value against "the ratio lies at `centre` or below"."""
        won = self.weighed.evidence.faster(centre)
        return won if self.spread.ends is None or self.spread.ends[0] > centre else min(won, 0.0)

    def slower(self, centre: float = 0.0) -> float:
        """The log of the e-value against "the ratio lies at `centre` or above"."""
        won = self.weighed.evidence.slower(centre)
        return won if self.spread.ends is None or self.spread.ends[1] < centre else min(won, 0.0)

    @property
    def verdict(self) -> Verdict:
        """What the pairs say, where the layouts do not take it back."""
        found = self.weighed.verdict
        if found is Verdict.UNDECIDED or not self.spread.several:
            return found
        return verdict_over(found, self.spread, self.interval(), self.weighed.threshold)

    @property
    def held_by_layouts(self) -> bool:
        """Is it sure by the blocks, and not by the layouts?"""
        return self.verdict is Verdict.UNDECIDED is not self.weighed.verdict

    def interval(self) -> RatioInterval:
        """The interval of the log-ratio, as wide as the layouts make it."""
        return self.spread.widened(self.weighed.interval())


class PairsOfMembers:
    """The pairs of every two members, the one that was named first as the reference."""

    def __init__(self, confidence: float, threshold: float, *, of_times: bool, errors: int) -> None:
        """`errors`: among how many comparisons the error of the layouts is shared."""
        self._confidence = confidence
        self._threshold = threshold
        self._step = None if of_times else _FINE
        self._of_layouts = 1 - (1 - confidence) / max(errors, 1)  # nobody may be left to race
        self._pairs: dict[tuple[str, str], PairedSequence] = {}
        self._layouts: dict[tuple[str, str], list[tuple[float, float]]] = {}
        self._looked: dict[tuple[str, str], RacedPair] = {}
        """What was said of pairs since the latest block."""

    def __contains__(self, pair: tuple[str, str]) -> bool:
        return bool(self._layouts.get(pair))

    def add(self, figures: Mapping[str, float], layouts: Mapping[str, float]) -> None:
        """Take in a block: the members' figures (NaN: none), and which layout each ran in."""
        self._looked.clear()
        known = [name for name, value in figures.items() if not math.isnan(value)]
        for place, one in enumerate(known):
            for other in known[place + 1 :]:
                self._sequence(one, other).add(figures[one], figures[other])
                self._layouts[one, other].append((layouts[one], layouts[other]))

    def of(self, one: str, other: str) -> RacedPair:
        """What the blocks so far say of two members."""
        pair = one, other
        found = self._looked.get(pair)
        if found is None:
            sequence = self._sequence(one, other)
            weighed = Weighed.of(sequence, Noise(), self._confidence, self._threshold)
            spread = spread_over(self._layouts[pair], sequence.ratios, self._of_layouts)
            found = self._looked[pair] = RacedPair(weighed, spread)
        return found

    def _sequence(self, one: str, other: str) -> PairedSequence:
        pair = one, other
        if pair not in self._pairs:
            self._pairs[pair] = PairedSequence(sign_boundary(self._confidence), self._step)
            self._layouts[pair] = []
        return self._pairs[pair]
