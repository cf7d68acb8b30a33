"""Source files, read for people: the text of the lines that a profile points at."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from harness.model import HotSpot, Profile, ProfileBy


def with_sources(profile: Profile, root: Path) -> Profile:
    """A profile by line, each row with the text of its line; any other as it is.

    Paths may be relative to `root`. A file that cannot be read, or is shorter, gives no text.
    """
    if profile.by is not ProfileBy.LINE:
        return profile
    texts: dict[str, list[str]] = {}
    for name in {spot.file for spot in profile.spots}:
        with contextlib.suppress(OSError):
            texts[name] = (root / name).read_text("utf-8", errors="replace").split("\n")

    def text(spot: HotSpot) -> str:
        lines = texts.get(spot.file, [])
        return lines[spot.line - 1].strip() if spot.line and spot.line <= len(lines) else ""

    return replace(profile, spots=tuple(replace(s, source=text(s)) for s in profile.spots))
