"""The answer to the start of a campaign, of `campaign start` and of `optimise`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.cli.campaign.common import answered, workbench
from harness.cli.shared.base import Answer

if TYPE_CHECKING:
    from harness.optimise import Campaign


def started(campaign: Campaign, *, agent_files: bool, first: str = "") -> Answer:
    """Start the campaign, whose lock is held; `first` is what there is to say before."""
    from harness.optimise.starting import start_campaign

    begun = start_campaign(campaign, workbench, agent_files=agent_files)
    return answered(campaign, f"{first}{begun.words}", begun.to_dict())
