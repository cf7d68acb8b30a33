"""`harness decide`: go on or stop, by the guide's criteria."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.campaign.common import answered, campaign_options, opened, spoken
from harness.cli.shared.base import Answer, command


@command(epilog='Example: harness decide --exhausted "only library calls are left"')
@click.option(
    "--exhausted", callback=spoken, help="Stop, since nothing reasonable is left to try: why."
)
@campaign_options
def decide_command(**options: Any) -> Answer:
    """Decide whether the loop goes on: target, caps, diminishing returns, exhaustion."""
    from harness.model.jsonable import jsonable
    from harness.optimise import decide

    with opened(options) as campaign:
        decision = decide(campaign, options["exhausted"])
        word = f"stop ({decision.rule})" if decision.stop else "continue"
        return answered(campaign, f"{word}: {decision.reason}", jsonable(decision))
