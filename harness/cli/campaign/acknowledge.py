"""`harness acknowledge`: a flag was looked into, and what was found."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.campaign.common import answered, campaign_options, opened, spoken
from harness.cli.shared.base import Answer, command


@command(
    epilog="Example: harness acknowledge suspicious-speed-up"
    ' --reason "a table in place of a search; the outputs agree on 300 draws"'
)
@click.argument("flag")
@click.option("--reason", required=True, callback=spoken, help="What was looked at, and found.")
@click.option(
    "--iteration",
    "number",
    type=click.IntRange(min=1),
    help="Whose flag; otherwise that of the last iteration that has it.",
)
@campaign_options
def acknowledge_command(flag: str, reason: str, number: int | None, **options: Any) -> Answer:
    """Say beside FLAG, such as suspicious-speed-up, what a look at the change has found.

    The reason is recorded, and stands beside the flag wherever that is told. The flag stays, and
    counts for --strict as before: whether the reason is a good one is for the reviewer to say.
    """
    from harness.campaign.flag_lines import told_with
    from harness.optimise.acknowledging import acknowledge

    with opened(options) as campaign:
        iteration, flags = acknowledge(campaign, flag, reason, number)
        text = "\n".join(line for line in told_with(iteration) if line.startswith(f"FLAG {flag}:"))
        told = {"iteration": iteration.number, "flags": [f.line for f in flags], "reason": reason}
        return answered(campaign, f"iteration {iteration.number}: {text}", told)
