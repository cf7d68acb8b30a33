"""Profiles of the user's own builds: their files are named as they lie in the user's tree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from harness.model import Frame, HotSpot, Profile, Target, moved_into

Place = TypeVar("Place", Frame, HotSpot)


def in_the_users_tree(profile: Profile, built: Target) -> Profile:
    """The profile with the user's own file wherever it names that of the tree that was built.

    `built` is the target as it lies there; both trees have the same sources.
    """
    if built.private_copy is None:
        return profile
    original, tree = built.private_copy

    def moved(place: Place) -> Place:
        if not place.file:
            return place
        return replace(place, file=str(moved_into(Path(place.file), tree, original)))

    return replace(
        profile,
        spots=tuple(moved(spot) for spot in profile.spots),
        stacks={tuple(map(moved, stack)): weight for stack, weight in profile.stacks.items()},
    )
