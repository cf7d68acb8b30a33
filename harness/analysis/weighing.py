"""Pairs weighed by sign and size against the noise of identical builds: verdict and interval.

This is how a campaign decides: `harness.stats.evidence` has the bets, and here they become the same
values as those of a comparison by signs alone.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from harness.frozen import dataclass
from harness.model import Verdict
from harness.model.noise import Noise
from harness.stats.evidence import Evidence, blocks_for
from harness.stats.medians import log_threshold
from harness.stats.paired import PairedSequence, RatioInterval
from harness.stats.power import MOST_BLOCKS
from harness.stats.ratios import Floats
from harness.stats.scatter import noise_of, noise_of_sizes, worse

_SCATTERED = 12
"""As many blocks tell their own noise; fewer are taken to have what is known."""

HOPE = 1.5
"""An effect is hoped to be larger than it seems by this many standard errors."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The pairs of one look, weighed."""

    evidence: Evidence
    level: float
    """Of either end of the interval."""
    threshold: float

    @classmethod
    def of(
        cls, sequence: PairedSequence, before: Noise, confidence: float, threshold: float
    ) -> Weighed:
        """Weigh pairs; the noise is at least what the clock cannot see and what they show."""
        ratios = sequence.ratios
        blur = ratios.high - ratios.point
        blur = blur[np.isfinite(blur)]
        clock = float(np.median(blur)) if len(blur) else 0.0
        known = ratios.known
        apart = noise_of_sizes(np.abs(known - np.median(known)) if len(known) else known)
        own = noise_of(sequence.times)
        own = replace(own, scale=max(own.scale, apart.scale))
        evidence = Evidence(
            ratios.low, ratios.high, _no_finer(before, clock), _no_finer(worse(before, own), clock)
        )
        return cls(evidence, (1 - confidence) / 2, threshold)

    @property
    def verdict(self) -> Verdict:
        """What the bets say; the interval says the same."""
        limit, bound = -math.log(self.level), log_threshold(self.threshold)
        found = self.evidence
        if found.faster(-bound) >= limit and found.slower(bound) >= limit:
            return Verdict.EQUIVALENT
        if found.faster() >= limit:
            return Verdict.FASTER
        return Verdict.SLOWER if found.slower() >= limit else Verdict.UNDECIDED

    def interval(self) -> RatioInterval:
        """The middle log-ratio with what the bets do not refuse."""
        bound = log_threshold(self.threshold)
        low, high = self.evidence.bounds(self.level, (-bound, 0.0, bound))
        return RatioInterval(min(max(self.middle, low), high), low, high)

    @property
    def middle(self) -> float:
        """The middle log-ratio; 0 where there is none."""
        known = self._known
        return float(np.median(known)) if len(known) else 0.0

    def needed(self, *, hopefully: bool = False) -> float:
        """About how many blocks would decide in all, were the ratio what it seems to be.

        Hopefully it is `HOPE` standard errors nearer to an answer. Either 0 must be left out, or
        both ends lie within the threshold.
        """
        hope, scale, error = HOPE if hopefully else 0.0, self._scale, self._error
        away, bound = abs(self.middle), log_threshold(self.threshold)
        within = min(bound, bound - away + hope * error)
        return min(
            blocks_for(away + hope * error, scale, self.level),
            blocks_for(within, scale, self.level),
        )

    def needed_past(self, centre: float, *, errors: float = 0.0) -> float:
        """About how many blocks would tell in all on which side of `centre` the log-ratio lies.

        Were it as many standard errors farther from there than it seems. As `needed` has it, but
        for a question with one limit: a gate's, which is its threshold.
        """
        away = abs(self.middle - centre) + errors * self._error
        return blocks_for(away, self._scale, self.level)

    def at_this_pace(self) -> float:
        """About how many blocks would decide in all, were as much won of each as so far.

        Bets on what is true win the same of each block in the mean, so that the log of what was won
        grows in a line (Kelly, Bell System Technical Journal 35, 1956); where noise is heavy it
        tells more than the middle and the scale do. Infinite where nothing has been won.
        """
        limit, bound = -math.log(self.level), log_threshold(self.threshold)
        found = self.evidence
        alike = min(found.faster(-bound), found.slower(bound))
        won = max(found.faster(), found.slower(), alike)
        return len(found.low) * max(limit / won, 1.0) if won > 0 else math.inf

    @property
    def hoped(self) -> float:
        """The middle log-ratio were it larger by `HOPE` standard errors."""
        return self.middle + HOPE * self._error

    @property
    def _error(self) -> float:
        """About the standard error of the middle log-ratio, as `blocks_for` has it."""
        return self._scale * math.sqrt(1 / (0.6 * max(len(self.evidence.low), 1)))

    @property
    def whole_blocks(self) -> int | None:
        """How many blocks would decide, as a number that a budget is made of; None: no number."""
        needed = self.needed()
        if needed > MOST_BLOCKS:
            return None
        return max(math.ceil(needed), len(self.evidence.low) + 1)

    @property
    def _known(self) -> Floats:
        """The middles of the log-ratios of blocks that say something."""
        low, high = self.evidence.low, self.evidence.high
        says = np.isfinite(low) & np.isfinite(high)
        middles: Floats = (low[says] + high[says]) / 2
        return middles

    @property
    def _scale(self) -> float:
        """The noise within blocks: that of the look once it has some blocks, else what is known."""
        known = self._known
        if len(known) < _SCATTERED:
            return (self.evidence.within or self.evidence.before).known
        return noise_of_sizes(np.abs(known - np.median(known))).known

    @property
    def detectable(self) -> float:
        """The smallest effect, as a share, that as many blocks find as a rule."""
        scale, blocks = self._scale, len(self.evidence.low)
        low, high = 0.0, CLEAREST
        while high - low > 1e-4:
            middle = (low + high) / 2
            enough = blocks_for(middle, scale, self.level) <= blocks
            low, high = (low, middle) if enough else (middle, high)
        return math.expm1(high)


CLEAREST = 7.0
"""No effect is larger, as a log-ratio."""


def _no_finer(noise: Noise, clock: float) -> Noise:
    return noise if noise.known >= clock else replace(noise, scale=clock, pairs=max(noise.pairs, 1))
