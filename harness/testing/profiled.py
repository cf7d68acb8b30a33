"""The part of the suite that is about profiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ToolchainMissing, TrialFailed, UsageError
from harness.model import Build, HotSpot, Profile, ProfileBy, ProfilePlan
from harness.plugins import Adapter
from harness.profiles import count_spots
from harness.testing.fakes import RecordingRunner
from harness.testing.sums import THOUSAND


def profile_of(
    hooks: Adapter, build: Build, runner: RecordingRunner, by: ProfileBy = ProfileBy.FUNCTION
) -> Profile:
    """The counted profile of a build on a case; skips the check where there is none."""
    try:
        profile = hooks.profile(build, THOUSAND, ProfilePlan(by), runner)
    except (ToolchainMissing, TrialFailed, UsageError) as problem:
        # No profiler here, or the program is too short for one that samples.
        pytest.skip(f"no profile: {problem.message}")
    if profile is None:
        pytest.skip("this adapter has no profiler")
    return count_spots(profile)


def names_no_line(spot: HotSpot) -> bool:
    """Does the row name a file and a line that are not there?"""
    if spot.file is None or spot.line is None or not Path(spot.file).is_absolute():
        return False
    path = Path(spot.file)
    return not path.is_file() or not 1 <= spot.line <= path.read_bytes().count(b"\n") + 1


class ProfileChecks:
    """Checks of `AdapterConformance`."""

    def test_a_profile_is_whole_where_there_is_one(
        self, hooks: Adapter, build: Build, runner: RecordingRunner
    ) -> None:
        profile = profile_of(hooks, build, runner)
        shares = [spot.self_share for spot in profile.spots]
        assert profile.tool
        assert profile.unit
        assert profile.spots, "rows, or stacks that the core counts up into rows"
        assert shares == sorted(shares, reverse=True), "the largest self share first"
        assert all(0 <= spot.self_share <= 1.0001 for spot in profile.spots)
        assert all(spot.self_share <= spot.total_share + 1e-9 for spot in profile.spots)

    def test_a_profile_names_lines_that_are_there(
        self, hooks: Adapter, build: Build, runner: RecordingRunner
    ) -> None:
        """Of the target's own sources: those of the system may not be on this machine."""
        own = {path.name for path in build.target.sources}
        spots = profile_of(hooks, build, runner, ProfileBy.LINE).spots
        wrong = [s for s in spots if Path(s.file or "").name in own and names_no_line(s)]
        told = ", ".join(f"{spot.file}:{spot.line}" for spot in wrong)
        assert not wrong, f"no such line: {told}"
