"""Evidence that a candidate is faster, by sign and size, that holds however often one looks.

An e-process is a bet against a hypothesis: whatever the hypothesis allows, what is won by the time
one stops is at most the stake in the mean, so that it reaches 1/level with probability `level` at
most (Ville, 1939; Ramdas, Gruenwald, Vovk & Shafer, Statistical Science 38, 2023). The hypothesis
here is that the log-ratios lie around a centre, or below it. Two bets share the stake:

- *By sign, given the size.* The order within a block is drawn at random, so under "no difference"
  each log-ratio is above or below the centre like a fair coin, whatever its size and the noise.
  Against effect d and noise f the coin of size y is worth f(y - d) / (f(y - d) + f(y + d)). What f
  is decides how much is won, never whether the bet is fair. A block doubles the stake at most.
- *By size, given the noise.* A difference of many times the noise is not doubted for twelve blocks:
  the likelihood of an effect d against none, f(y - d) / f(y), where f is the noise of identical
  builds: Student's t with 2 degrees of freedom, and a share of odd ones that lie anywhere. It is
  fair as far as the noise is no worse than the pairs of identical builds were, those of this look
  among them; so it counts effects of `CLEAR` scales and more alone, and not before `FEWEST` blocks.

Both are mixtures over effects, so none has to be guessed. Those centres that the bets refuse leave
an interval: a confidence sequence, which says the same as the verdict because it is the same bet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from harness.frozen import dataclass
from harness.model import Noise
from harness.model.noise import FEWEST
from harness.stats.ratios import Floats

CLEAR = 5.0
"""Effects of this many scales of the noise and more are seen by their size."""

_DEGREES = 2.0
_POWER = (_DEGREES + 1) / 2
_PEAK = 1 / (2 * math.sqrt(2))
"""The density of Student's t with 2 degrees of freedom at 0."""

_EFFECTS = 0.004 * 1.7 ** np.arange(10)
"""The effects that signs are bet on, as log-ratios: 0.4 % to 60 %."""
_WIDTHS = np.array([0.15, 0.5, 1.0, 2.5, 8.0])
"""The scales of the noise that they are bet with, in scales of what is known of it."""
_COINS = np.array([0.6, 0.7, 0.8, 0.95])
"""Bets on the sign alone, for noise of any shape."""

_ODD_SCALE = 0.5
"""Odd log-ratios lie around 0 like Cauchy's law of this scale: half of them beyond 1.6x."""
_LEAST_ODD = 0.02
_FARTHEST = 7.0
"""Effects beyond 1,100x are not told apart from it."""
_SIZED_BLOCKS = 64
"""As many blocks are weighed by size; signs decide what needs more."""
_NEAR = 12.0
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Evidence:
    """The log-ratios of a look with what they are weighed by."""

    low: Floats
    """log(reference / candidate) by block as small as the clock allows; -inf: it says nothing."""
    high: Floats
    """The same as large as the clock allows."""
    before: Noise
    """The noise of identical builds that was known before the look: bets on signs rest on it."""
    within: Noise | None
    """That with what the look itself shows: bets on sizes rest on it; None: there are none."""

    def faster(self, centre: float = 0.0) -> float:
        """The log of the e-value against "the ratio lies at `centre` or below"."""
        return self._weighed(self.low - centre)

    def slower(self, centre: float = 0.0) -> float:
        """The log of the e-value against "the ratio lies at `centre` or above"."""
        return self._weighed(centre - self.high)

    def _weighed(self, values: Floats, enough: float = math.inf) -> float:
        """The log of the e-value; where signs alone have won `enough`, that, as sizes only add."""
        if len(values) < FEWEST:
            return 0.0
        of_signs = by_sign(values, self.before.known)
        if self.within is None:
            return of_signs
        if of_signs - math.log(2) >= enough:
            return of_signs - math.log(2)
        return float(np.logaddexp(of_signs, by_size(values, self.within)) - math.log(2))

    def bounds(self, level: float, known: Sequence[float] = (0.0,)) -> tuple[float, float]:
        """The centres that are not refused, each end at this level.

        At the centres `known` the ends agree with the e-values to the last bit.
        """
        limit = -math.log(level)
        finite = np.concatenate((self.low, self.high))
        finite = finite[np.isfinite(finite)]
        middle = float(np.median(finite)) if len(finite) else 0.0

        def refused(values: Floats) -> bool:
            return self._weighed(values, limit) >= limit

        low = _end(lambda centre: refused(self.low - centre), middle, known)
        high = -_end(lambda centre: refused(-centre - self.high), -middle, [-k for k in known])
        return min(low, high), max(low, high)


def _end(refused: Callable[[float], bool], middle: float, known: Sequence[float]) -> float:
    """The smallest centre below `middle` that is not refused; -inf where no centre is."""
    outer, inner = middle - _FARTHEST, middle
    for centre in sorted(known):
        if outer < centre < inner:
            if refused(centre):
                outer = centre
            else:
                inner = centre
                break
    if outer == middle - _FARTHEST and not refused(outer):
        return -math.inf
    for _ in range(_STEPS):
        centre = (outer + inner) / 2
        if refused(centre):
            outer = centre
        else:
            inner = centre
    return inner


def by_sign(values: Floats, scale: float) -> float:
    """The log of the e-value of bets on signs given sizes: fair whatever the noise."""
    known = values[np.isfinite(values)]  # a block that says nothing wins and loses nothing
    if np.any(values == np.inf) or not len(known):
        return 0.0
    widths = 2 * (scale * _WIDTHS[:, None, None]) ** 2
    effects = _EFFECTS[None, :, None]
    odds = ((widths + (known - effects) ** 2) / (widths + (known + effects) ** 2)) ** _POWER
    sized = np.log(2 / (1 + odds)).sum(axis=-1).ravel()
    up, down = int(np.sum(known > 0)), int(np.sum(known < 0))
    coins = up * np.log(2 * _COINS) + down * np.log(2 * (1 - _COINS))
    every = np.concatenate((sized, coins))
    return float(np.logaddexp.reduce(every) - math.log(len(every)))


def by_size(values: Floats, noise: Noise) -> float:
    """The log of the e-value of a clear effect against noise of identical builds."""
    known = values[np.isfinite(values)][:_SIZED_BLOCKS]
    scale = noise.known
    middle = float(np.median(known)) if len(known) else 0.0
    step = scale / 2
    first = max(CLEAR * scale, middle - _NEAR * scale)
    last = min(_FARTHEST, middle + _NEAR * scale)
    if first >= last:
        return -math.inf
    # Effects near the middle, of a prior in proportion to 1/effect: leaving the rest out loses.
    effects = np.arange(math.ceil(first / step), math.floor(last / step) + 1) * step
    prior = step / effects / math.log(_FARTHEST / (CLEAR * scale))
    odd = min(max(noise.odd, _LEAST_ODD), 0.5)
    against = np.log(_density(known, scale, odd)).sum()
    each = np.log(_density(known - effects[:, None], scale, odd)).sum(axis=-1)
    return float(np.logaddexp.reduce(each + np.log(prior)) - against)


def _density(values: Floats, scale: float, odd: float) -> Floats:
    """The density of a log-ratio of identical builds."""
    bulk = _PEAK / scale * (1 + (values / scale) ** 2 / _DEGREES) ** -_POWER
    spread = _ODD_SCALE / math.pi / (_ODD_SCALE**2 + values**2)
    found: Floats = (1 - odd) * bulk + odd * spread
    return found


def blocks_for(effect: float, scale: float, level: float) -> float:
    """About how many blocks find a log-ratio of this size at a level; inf where none do.

    The information of Student's t with 2 degrees on its centre is 3 / (5 scale^2) a block, of which
    a bet that does not know the effect wins half, and pays `_PRICE` for not knowing it.
    """
    if effect <= 0:
        return math.inf
    if effect >= CLEAR * scale:
        return FEWEST
    bits = (_PRICE - math.log(level)) / math.log(2)
    return max(bits, 2 * math.log(2) * bits / (0.6 * (effect / scale) ** 2))


_PRICE = 3.0
"""What the mixture over effects costs in the mean, as the log of a stake."""
