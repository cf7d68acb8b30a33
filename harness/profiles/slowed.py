"""Which function a slower program spends its further time in, by profiles of both sides; pure.

Shares of samples scatter: that of s among n by sqrt(s (1 - s) / n), as counts of a binomial law do.
With the time now t times the time before, a function's own time grew by t s_now - s_before, whose
variance is t^2 times that of the one share and that of the other. It is named where this lies above
half of the program's further time, (t - 1) / 2, by more than the one-sided quantile of the normal
law at `LEVEL` (the test of two proportions), shared by all functions that could have been named
and all looks (Bonferroni), and at both ends of the interval of t. Exact counts and times by a clock
have no samples to scatter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.frozen import dataclass
from harness.model import HotSpot, Profile
from harness.profiles.changes import EXACT_UNITS, SAMPLED_UNITS

LEAST = 0.5
"""A function is named where this share of the whole program's further time is its own."""
LEVEL = 0.01
"""How often a function may be named by chance of the samples alone."""


@dataclass(frozen=True, slots=True)
class SlowedFunction:
    """A function that takes most of the time that the program takes more than before."""

    function: str
    file: str
    line: int | None
    """Where it spends most, or begins where the profiler knows only that."""
    share: float
    """Of the further time; above 1 where others take less than before."""


@dataclass(frozen=True, slots=True)
class NotLocated:
    """Why no function is named."""

    why: str
    more_tells: bool = False
    """May more samples tell?"""


@dataclass(frozen=True, slots=True)
class _Side:
    """What the profiles of one side say together."""

    shares: Mapping[tuple[str, str], float]
    samples: float
    """Infinite where nothing was sampled."""

    @classmethod
    def of(cls, profiles: Sequence[Profile]) -> _Side:
        total = sum(profile.total for profile in profiles)
        found: dict[tuple[str, str], float] = {}
        for profile in profiles:
            for spot in profile.spots:
                if not spot.phase:
                    share = spot.self_share * profile.total / total
                    found[_key(spot)] = found.get(_key(spot), 0.0) + share
        sampled = profiles[0].unit in SAMPLED_UNITS
        return cls(found, total if sampled else math.inf)

    def variance(self, key: tuple[str, str]) -> float:
        share = min(max(self.shares.get(key, 0.0), 1 / self.samples), 1.0)
        return share * (1 - share) / self.samples


def slowed_function(
    before: Sequence[Profile],
    after: Sequence[Profile],
    times: tuple[float, float],
    looks: int = 1,
) -> SlowedFunction | NotLocated:
    """The function whose own time grew most, where it is surely the greater part of what is more.

    `before`, `after`: profiles of each side by one tool, which are added up; `times`: the ends of
    the time now as a multiple of the time before. A function's time is its share of the profiles
    times that of the whole; where profiles count exactly, its count. `looks`: how often
    it is asked, with more profiles.
    What is in no source of the program's own is not named.
    """
    kinds = {(one.tool, one.by, one.unit) for one in (*before, *after)}
    if len(kinds) != 1 or not all(one.total > 0 for one in (*before, *after)):
        return NotLocated("the profiles of both sides are of different kinds, or empty")
    old, new = _Side.of(before), _Side.of(after)
    if after[0].unit in EXACT_UNITS:
        times = (after[0].total / before[0].total,) * 2
    if min(times) <= 1 or not math.isfinite(max(times)):
        return NotLocated("the profiles do not show that it is slower")
    scale = math.sqrt(times[0] * times[1])
    grown = {key: scale * share - old.shares.get(key, 0.0) for key, share in new.shares.items()}
    most = max(grown, key=lambda key: grown[key], default=None)
    if most is None or grown[most] < LEAST * (scale - 1):
        return NotLocated("no function has half of the further time by itself", more_tells=True)
    spots = [spot for one in after for spot in one.spots if _key(spot) == most]
    spot = max(spots, key=lambda spot: spot.self_share)
    if not _is_sure(most, (old, new), times, looks * len(grown)):
        return NotLocated(
            f"{spot.function} seems to have most of the further time, but the samples"
            f" ({old.samples:.0f} and {new.samples:.0f}) scatter by as much",
            more_tells=True,
        )
    if not spot.file:
        return NotLocated(
            f"{spot.function} has most of the further time, and its source is not known"
            " (a build of your own wants -g)"
        )
    if spot.native:
        return NotLocated(f"{spot.function} of a library has most of the further time")
    return SlowedFunction(spot.function, spot.file, spot.line, grown[most] / (scale - 1))


def _is_sure(
    key: tuple[str, str], sides: tuple[_Side, _Side], times: tuple[float, float], shared_by: int
) -> bool:
    """Does its growth lie above what is asked for by more than the samples scatter?"""
    from statistics import NormalDist  # brings fractions and decimals along

    old, new = sides
    quantile = NormalDist().inv_cdf(1 - LEVEL / shared_by)
    return all(
        scale * new.shares[key] - old.shares.get(key, 0.0) - LEAST * (scale - 1)
        >= quantile * math.sqrt(scale**2 * new.variance(key) + old.variance(key))
        for scale in times
    )


def _key(spot: HotSpot) -> tuple[str, str]:
    return spot.name, spot.file.rsplit("/", 1)[-1]
