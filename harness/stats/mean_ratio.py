"""The ratio of mean costs with an interval that holds at every look, under heavy tails.

No interval for a mean can do without a bound: one run in a million may cost a million times as
much, and nobody has seen it. So the difference within a block counts up to `BOUND` times what a run
usually costs, and no further (it is winsorised). What is estimated is the ratio x at which the mean
of reference - x * candidate, so bounded, is 0. For bounded differences a bet is fair whatever their
law: under "x is the ratio" the product of 1 + stake * difference has a mean of 1 at most whenever
one stops, for any stake within the bound, and so has a mixture of stakes. It reaches 1 / level with
probability `level` at most (Ville, 1939). The ratios that no bet refuses are the interval:
Waudby-Smith & Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86, 2024
(their capital process, with the mixture of stakes that they call diversified Kelly betting).

Assumed: given all earlier blocks, the mean of the bounded difference at the true ratio is 0 in
every block. No shape and no variance is assumed, and blocks need not be independent otherwise. What
a run usually costs is taken from earlier blocks alone, so that the bound cannot be chosen by what
it bounds.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from harness.frozen import dataclass
from harness.stats.medians import median_of
from harness.stats.ratios import Floats

BOUND = 4.0
"""Differences count up to this many times the usual cost: a run of ten times counts as one of five.

The interval is as wide as the bound is large; rare runs beyond it count too little, and are still
the strongest of all evidence."""

_STAKES = 0.95 * 0.5 ** np.arange(8)
"""Shares of the capital that are bet, of the bound."""
_PARTS = np.log(np.append(0.5 ** np.arange(1, 8), 0.5**7))
"""How the capital is parted among them: rare slow runs are found by the largest stake."""

_LEVELS = 64
"""As many blocks tell what a run usually costs."""
_FARTHEST = 14.0
_STEPS = 44


@dataclass(frozen=True, slots=True)
class MeanCosts:
    """Costs of both sides by block; arrays of n, all above 0."""

    reference: Floats
    candidate: Floats
    scale: Floats
    """`BOUND` times what a run usually cost, by the blocks before each."""

    @classmethod
    def of(cls, reference: Floats, candidate: Floats) -> MeanCosts:
        """The costs of blocks in their order; the first says what is usual, and is not bet on."""
        good = (reference > 0) & (candidate > 0)
        a, b = reference[good], candidate[good]
        if len(a) < 2:
            return cls(a[:0], b[:0], a[:0])
        usual = list(_medians(((a + b) / 2)[:_LEVELS].tolist()))
        scale = np.full(len(a) - 1, usual[-1])
        scale[: len(usual) - 1] = usual[:-1]
        return cls(a[1:], b[1:], BOUND * scale)

    def __len__(self) -> int:
        return len(self.scale)

    def bounded(self, ratio: float) -> Floats:
        """The differences at a ratio of reference / candidate, as shares of the bound."""
        # A ratio above 1 weighs the reference less, so that no side's cost decides the bound.
        share = (self.reference / math.sqrt(ratio)) - (self.candidate * math.sqrt(ratio))
        found: Floats = np.clip(share / self.scale, -1.0, 1.0)
        return found

    def better(self, ratio: float = 1.0) -> float:
        """The log of the e-value against "the ratio of the means is `ratio` or less"."""
        return _won(self.bounded(ratio))

    def worse(self, ratio: float = 1.0) -> float:
        """The log of the e-value against "the ratio of the means is `ratio` or more"."""
        return _won(-self.bounded(ratio))

    def point(self) -> float:
        """The log of the ratio at which the mean of the bounded differences is 0."""
        return _where(lambda log: self.looks_worse(math.exp(log)) or not len(self))

    def looks_worse(self, ratio: float) -> bool:
        """Is the ratio of the means that was seen at most this one?"""
        return bool(len(self)) and float(np.mean(self.bounded(ratio))) <= 0

    def interval(self, confidence: float) -> tuple[float, float]:
        """The log-ratios that are not refused; each end has half of the error."""
        limit = -math.log((1 - confidence) / 2)
        if len(self) * math.log1p(_STAKES[0]) + _PARTS[0] < limit:
            return -math.inf, math.inf
        low = _where(lambda log: self.better(math.exp(log)) < limit)
        high = -_where(lambda log: self.worse(math.exp(-log)) < limit)
        edge = _FARTHEST * (1 - 1e-9)
        return (-math.inf if low <= -edge else low), (math.inf if high >= edge else high)


def _medians(values: Iterable[float]) -> Iterator[float]:
    """The median of the values up to each of them."""
    ordered: list[float] = []
    for value in values:
        insort(ordered, value)
        yield median_of(ordered)


def _won(differences: Floats) -> float:
    """The log of what bets on differences above 0 have made of a capital of 1."""
    made = [float(np.log1p(stake * differences).sum()) for stake in _STAKES]
    return float(np.logaddexp.reduce(_PARTS + made))


def _where(holds: Callable[[float], bool]) -> float:
    """The smallest log-ratio at which something holds that holds at all larger ones."""
    low, high = -_FARTHEST, _FARTHEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
