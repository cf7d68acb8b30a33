"""`harness plan`: say what will be tried, and why."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.campaign.common import answered, campaign_options, file_option, opened, read_input
from harness.cli.shared.base import Answer, command


@command(epilog='Example: harness plan --title "split the loop" --optimization "vectors need it"')
@file_option
@click.option("--title", help="Brief; becomes the commit's subject.")
@click.option("--optimization", help="What is changed, and why.")
@campaign_options
def plan_command(**options: Any) -> Answer:
    """Record what will be tried in this iteration."""
    from harness.model.forms import read_plan
    from harness.model.jsonable import jsonable
    from harness.optimise import plan

    flags = {name: options[name] for name in ("title", "optimization")}
    fields, source = read_input(options["file"], flags)
    with opened(options) as campaign:
        iteration = plan(campaign, read_plan(fields, source))
        return answered(
            campaign,
            f"iteration {iteration.number}: planned {iteration.title!r}",
            {"iteration": iteration.number, "plan": jsonable(iteration.plan)},
        )
