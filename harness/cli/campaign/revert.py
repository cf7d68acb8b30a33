"""`harness revert`: put the last kept state back; the attempt is kept aside."""

from __future__ import annotations

from typing import Any

from harness.cli.campaign.common import answered_end, campaign_options, opened
from harness.cli.shared.base import Answer, command


@command(epilog="Example: harness revert")
@campaign_options
def revert_command(**options: Any) -> Answer:
    """Put the last kept state back; the attempt's code is kept under refs/harness/attempts.

    What the campaign may not touch, and the user's own files, stay as they are.
    """
    from harness.optimise import revert

    with opened(options) as campaign:
        iteration = revert(campaign)
        return answered_end(campaign, iteration, f"reverted ({iteration.outcome.value})")
