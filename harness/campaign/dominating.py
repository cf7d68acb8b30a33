"""What is left of a program at the end of a campaign, and whether a part of it dominates; pure."""

from __future__ import annotations

from harness.campaign.bottlenecks import BY_WHOLE
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.state import State
from harness.campaign.stopping import ONLY_START_UP, attackable
from harness.model.profiles import bound_of
from harness.profiles.spots import REST
from harness.render.units import show_share

_DOMINATES = 0.5
"""A part that takes less than this share takes more than others, and dominates nothing."""


def what_is_left(state: State, profile: ProfileOutcome) -> str:
    """What is left at the end that another campaign may be about."""
    row = largest_part(profile, state.agreed.min_share)
    if row is None:
        return _without_a_part(profile, state.agreed.min_share)
    return f"{row.name} now takes {row.share:.0%}: a new campaign may attack it"


def dominating_words(profile: ProfileOutcome, min_share: float) -> str:
    """The heading of what is left: the part that a new campaign would be about, or that none is."""
    row = largest_part(profile, min_share)
    if row is None:
        found = _without_a_part(profile, min_share)
        return f"{found[:1].upper()}{found[1:]}"
    takes = "now dominates" if row.share >= _DOMINATES else "now takes the most, and not half"
    return (
        f"{row.name} {takes} ({show_share(row.share)} of total). New campaign needed for further"
        " gains."
    )


def largest_part(profile: ProfileOutcome, min_share: float) -> ProfileRow | None:
    """The first row of the program's own work that all of it gone would be a gain of.

    None where no row is worth an attack, such as where only start-up is left.
    """
    if profile.floor is not None and not profile.floor.told:
        return None
    least = bound_of(min_share)
    rows = (row for row in profile.rows if row.is_part and _own_share(profile, row) >= min_share)
    return next((row for row in rows if row.bound >= least), None)


def _own_share(profile: ProfileOutcome, row: ProfileRow) -> float:
    """The share of a row without the start-up that lies in it: no phase covers that."""
    floor = profile.floor.total_share if profile.floor is not None and row.name == REST else 0.0
    return row.share - floor


def _without_a_part(profile: ProfileOutcome, min_share: float) -> str:
    """What there is to say where no part is worth an attack."""
    whole = next((row for row in profile.rows if row.by == BY_WHOLE), None)
    if whole is None or attackable(profile, min_share) is None:
        return ONLY_START_UP
    share = show_share(whole.share)
    floor = profile.floor
    rest = "" if floor is None else f"; the rest, {show_share(floor.total_share)}, is start-up"
    if not any(row.is_part for row in profile.rows):
        return f"nothing is known of the parts of the program's own work, {share} of total{rest}"
    return (
        f"nothing dominates: the program's own work, {share} of total, is spread over parts of less"
        f" than {show_share(min_share)}{rest}"
    )
