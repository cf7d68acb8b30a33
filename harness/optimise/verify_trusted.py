"""What `verify` says of all that decides in a campaign beside its code."""

from __future__ import annotations

from dataclasses import dataclass

from harness.campaign.logs import trust_lines
from harness.campaign.state import Step
from harness.optimise.campaign import Campaign
from harness.optimise.trusting import look


@dataclass(frozen=True, slots=True)
class TrustFindings:
    """What was found, in words."""

    remarks: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def trust_findings(campaign: Campaign) -> TrustFindings:
    """How it changed, and, while the campaign is under way, whether it is what it was taken for."""
    state = campaign.state
    remarks = tuple(f"what decides: {line}" for line in trust_lines(state))
    over = state.step is Step.FINISHED or not campaign.git.is_repository()
    if state.trusted is None or over:
        return TrustFindings(remarks)
    now, differing = look(campaign)
    if now.host != state.trusted.host:
        return TrustFindings(remarks, ("what decides was taken on another machine",))
    words = [(f"what decides has changed: {d.words}", d.refused) for d in differing]
    return TrustFindings(
        (*remarks, *(w for w, refused in words if not refused)),
        problems=tuple(w for w, refused in words if refused),
    )
