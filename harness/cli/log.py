"""`harness log`: the surprise, after the result."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.base import Answer, command
from harness.cli.campaigns import (
    answered,
    campaign_options,
    file_option,
    opened,
    read_input,
    spoken,
)


@command(epilog='Example: harness log --surprise "None: as predicted" --notes "try vectors next"')
@file_option
@click.option("--surprise", help="What was unexpected; None where nothing was.")
@click.option("--notes", help="Observations, what to try next.")
@click.option("--why", help="Outside the predicted interval: what explains it.")
@click.option("--lesson", help="Outside the predicted interval: what it teaches about the code.")
@click.option("--abandon", callback=spoken, help="Give the iteration up, for this reason.")
@campaign_options
def log_command(**options: Any) -> Answer:
    """Write the iteration's entry: predicted against measured, and what was surprising.

    "None" is refused where the result lies outside the predicted interval. With --abandon an
    iteration is given up without a result; its code is then reverted and kept aside.
    """
    from harness.campaign.gates import compare_words, keep_reason
    from harness.campaign.templates import read_note
    from harness.optimise import log
    from harness.render.jsonable import jsonable

    flags = {name: options[name] for name in ("surprise", "notes", "why", "lesson")}
    fields, source = read_input(options["file"], flags)
    with opened(options) as campaign:
        iteration = log(campaign, read_note({"surprise": "", **fields}, source), options["abandon"])
        return answered(
            campaign,
            f"iteration {iteration.number} logged: {compare_words(iteration)};"
            f" {keep_reason(iteration)}",
            {
                "iteration": iteration.number,
                "outcome": iteration.outcome.value,
                "note": jsonable(iteration.note),
            },
        )
