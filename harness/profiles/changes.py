"""What moved between two profiles of the same target; pure.

Shares are compared, and counts where they are exact. Times are not: a profile is no timing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.frozen import dataclass
from harness.model import HotSpot, Profile, ProfileReport

EXACT_UNITS = frozenset({"instructions"})
SAMPLED_UNITS = frozenset({"samples"})
SURE_RANGE = 0.85
"""Phases' intervals tell a move from chance if they are at least as sure as this, which takes four
trials: the ranges of four per side part by chance in 2 of C(8, 4) = 70 cases, of two in 1 of 3."""
TWO_SIDED = 1.96
"""Standard deviations of a normal law that 95 % lie within."""


@dataclass(frozen=True, slots=True)
class ShareChange:
    """One row of both profiles; a share of None: the row was not there."""

    name: str
    kind: str
    """`phase`, `function` or `line`."""
    place: str
    """The file's own name, with the line where rows are lines."""
    before: float | None
    """Share: total for phases, self for functions and lines."""
    after: float | None
    weight_before: float | None = None
    """Exact counts only."""
    weight_after: float | None = None
    sure: bool = True
    """The change is larger than chance explains: intervals of phases, of enough trials, do not
    overlap; shares of samples differ by more than their counts scatter."""

    @property
    def change(self) -> float:
        """How far the share moved, -1 to 1."""
        return (self.after or 0.0) - (self.before or 0.0)


def share_changes(before: ProfileReport, after: ProfileReport) -> tuple[ShareChange, ...]:
    """Every row of either profile; phases first, then the largest change first.

    Functions are left out where the two were not made by the same tool in the same way: their
    shares mean different things.
    """
    phases = _pair(before.phases, after.phases)
    if not enough_trials(before, after):
        phases = [replace(move, sure=False) for move in phases]
    if not comparable(before, after):
        return tuple(phases)
    assert before.spots is not None
    assert after.spots is not None
    return (*phases, *_pair(before.spots, after.spots))


def enough_trials(before: ProfileReport, after: ProfileReport) -> bool:
    """Were there enough plain trials on both sides that phases can be told from noise?"""
    return min(before.wall_ns.confidence, after.wall_ns.confidence) >= SURE_RANGE


def comparable(before: ProfileReport, after: ProfileReport) -> bool:
    """Were functions or lines of both counted by the same tool, in the same unit?"""
    if before.spots is None or after.spots is None:
        return False
    one, other = before.spots, after.spots
    return (one.tool, one.by, one.unit) == (other.tool, other.by, other.unit)


def _pair(before: Profile, after: Profile) -> list[ShareChange]:
    old, new = _by_name(before.spots), _by_name(after.spots)
    exact = after.unit in EXACT_UNITS
    moves = [_move(after, key, old.get(key), new.get(key), exact) for key in {**old, **new}]
    if after.unit in SAMPLED_UNITS:
        moves = [replace(m, sure=_beyond_chance(m, before.total, after.total)) for m in moves]
    return sorted(moves, key=lambda m: (-abs(m.change), m.name, m.place))


def _by_name(spots: Iterable[HotSpot]) -> Mapping[tuple[str, str], HotSpot]:
    """Rows by name and file; lines shift from version to version, so they count together."""
    found: dict[tuple[str, str], HotSpot] = {}
    for spot in spots:
        key = (spot.name, spot.file.rsplit("/", 1)[-1])
        known = found.get(key)
        found[key] = spot if known is None else _sum(known, spot)
    return found


def _sum(one: HotSpot, other: HotSpot) -> HotSpot:
    return HotSpot(
        self_share=one.self_share + other.self_share,
        total_share=max(one.total_share, other.total_share),
        weight=one.weight + other.weight,
        phase=one.phase,
        function=one.function,
        file=one.file,
        native=one.native,
    )


def _move(
    profile: Profile,
    key: tuple[str, str],
    old: HotSpot | None,
    new: HotSpot | None,
    exact: bool,
) -> ShareChange:
    is_phase = any(spot.phase for spot in (old, new) if spot)

    def share(spot: HotSpot | None) -> float | None:
        if spot is None:
            return None
        return spot.total_share if is_phase else spot.self_share

    return ShareChange(
        name=key[0],
        kind="phase" if is_phase else profile.by.value,
        place=key[1],
        before=share(old),
        after=share(new),
        weight_before=old.weight if old and exact else None,
        weight_after=new.weight if new and exact else None,
        sure=_apart(old, new),
    )


def _beyond_chance(move: ShareChange, before: float, after: float) -> bool:
    """Do two shares of so many samples differ at 95 %? The pooled two-proportion z test."""
    old, new = move.before or 0.0, move.after or 0.0
    pooled = (old * before + new * after) / (before + after)
    scatter = math.sqrt(pooled * (1 - pooled) * (1 / before + 1 / after))
    return abs(move.change) > TWO_SIDED * scatter


def _apart(old: HotSpot | None, new: HotSpot | None) -> bool:
    """Do the two intervals not overlap? Rows without intervals are taken at their word."""
    if old is None or new is None:
        return True
    if old.low is None or old.high is None or new.low is None or new.high is None:
        return True
    return old.high < new.low or new.high < old.low
