"""Which function a slower program spends its further time in, by profiles of both sides; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.frozen import dataclass
from harness.model import HotSpot, Profile
from harness.profiles.changes import EXACT_UNITS

_LEAST = 0.5
"""A function is named where this share of the whole program's further time is its own."""


@dataclass(frozen=True, slots=True)
class SlowedFunction:
    """A function that takes most of the time that the program takes more than before."""

    function: str
    file: str
    line: int | None
    """Where it spends most, or begins where the profiler knows only that."""
    share: float
    """Of the further time; above 1 where others take less than before."""


def slowed_function(before: Profile, after: Profile, times: float) -> SlowedFunction | None:
    """The function whose own time grew most, where it is the greater part of what there is more.

    `times`: the time now as a multiple of the time before. A function's time is its share of the
    profile times that of the whole; where profiles count exactly, its count. None where profiles
    are of different kinds, where no function stands out, or where it is not in the program's own
    sources.
    """
    kinds = [(one.tool, one.by, one.unit) for one in (before, after)]
    if kinds[0] != kinds[1] or before.total <= 0 or after.total <= 0:
        return None
    exact = after.unit in EXACT_UNITS
    scale = after.total / before.total if exact else times
    if scale <= 1:
        return None
    old, new = _own(before.spots), _own(after.spots)
    grown = {key: scale * share - old.get(key, 0.0) for key, share in new.items()}
    most = max(grown, key=lambda key: grown[key], default=None)
    if most is None or grown[most] < _LEAST * (scale - 1):
        return None
    spots = [spot for spot in after.spots if _key(spot) == most]
    spot = max(spots, key=lambda spot: spot.self_share)
    if spot.native or not spot.file:
        return None
    return SlowedFunction(spot.function, spot.file, spot.line, grown[most] / (scale - 1))


def _key(spot: HotSpot) -> tuple[str, str]:
    return spot.name, spot.file.rsplit("/", 1)[-1]


def _own(spots: Iterable[HotSpot]) -> Mapping[tuple[str, str], float]:
    """The share of each function, which may have several rows."""
    found: dict[tuple[str, str], float] = {}
    for spot in spots:
        if not spot.phase:
            found[_key(spot)] = found.get(_key(spot), 0.0) + spot.self_share
    return found
