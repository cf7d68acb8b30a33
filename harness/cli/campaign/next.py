"""`harness next`: the one thing to remember."""

from __future__ import annotations

from typing import Any

from harness.cli.campaign.common import campaign_options, opened
from harness.cli.shared.base import Answer, command


@command(epilog="Example: harness next --json")
@campaign_options
def next_command(**options: Any) -> Answer:
    """Say the one safest next action: what, why, the exact command, and what to fill in.

    Repeat it until should_continue is false. It changes nothing.
    """
    from harness.campaign.flag_lines import flag_lines
    from harness.model.jsonable import jsonable
    from harness.optimise import next_action

    with opened(options, lock=False) as campaign:
        advice = next_action(campaign)
        warnings = [f"warning: {warning}" for warning in campaign.warnings]
        flags = flag_lines(campaign.progress.iterations)
        return Answer(
            result={**jsonable(advice), "warnings": list(campaign.warnings), "flags": flags},
            text="\n".join([*warnings, *flags, advice.text]),
            state=campaign.progress.step.value,
            next_actions=(advice.command,),
        )
