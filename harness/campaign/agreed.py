"""Parts of a campaign's state: where it lives in git, whether it goes on, how it ended; pure."""

from __future__ import annotations

from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.values import BenchOutcome
from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class CampaignGit:
    """Where a campaign lives in the repository."""

    base_branch: str
    """The branch it was started from and is merged into."""
    base_commit: str
    branch: str
    tag: str
    post_tag: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the loop goes on, by which rule, and why."""

    stop: bool
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ending:
    """What `finish` found."""

    result: BenchOutcome | None
    """Base against the last kept state, both cases; None where nothing was kept."""
    profile: ProfileOutcome | None
    """The profile of the last kept state: where the next campaign may begin."""
