"""`harness commit`: commit a kept iteration: its code and the logs, as one commit."""

from __future__ import annotations

from typing import Any

from harness.cli.campaign.common import answered_end, campaign_options, opened
from harness.cli.shared.base import Answer, command


@command(epilog="Example: harness commit")
@campaign_options
def commit_command(**options: Any) -> Answer:
    """Commit a kept iteration: its code and the logs, as one commit.

    Only what passed its test and was measured faster than the last kept state and the baseline.
    """
    from harness.optimise import commit

    with opened(options) as campaign:
        iteration = commit(campaign)
        return answered_end(campaign, iteration, f"committed as {iteration.commit[:12]}")
