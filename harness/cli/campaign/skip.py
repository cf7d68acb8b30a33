"""`harness skip`: give a bottleneck up, with the reason."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.campaign.common import answered, campaign_options, opened
from harness.cli.shared.base import Answer, command


@command(epilog='Example: harness skip forces --reason "every reordering changes the output"')
@click.argument("bottleneck")
@click.option("--reason", required=True, help="Why you are stuck; who comes next may not be.")
@campaign_options
def skip_command(bottleneck: str, reason: str, **options: Any) -> Answer:
    """Skip BOTTLENECK: it is not attacked again in this campaign."""
    from harness.optimise import skip

    with opened(options) as campaign:
        skip(campaign, bottleneck, reason)
        return answered(
            campaign, f"skipped {bottleneck!r}", {"bottleneck": bottleneck, "reason": reason}
        )
