"""`harness think`: register the prediction before the code changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli.campaign.common import (
    answered,
    campaign_options,
    file_option,
    opened,
    parse_options,
    read_input,
)
from harness.cli.shared.base import Answer, command

if TYPE_CHECKING:
    from harness.optimise import Campaign

_TEXTS = (
    *("bottleneck", "hypothesis", "chosen", "reasoning", "risk", "pattern", "reason"),
    *("title", "optimization"),
)


@command(epilog="Example: harness think --file thought.toml")
@file_option
@click.option("--bottleneck", help="The row of the profile that is attacked.")
@click.option("--hypothesis", help="What limits it, and why.")
@click.option("--option", "considered", multiple=True, help='"name | pros | cons"; two or three.')
@click.option("--chosen", help="Which option, and why.")
@click.option("--low", type=float, help="Predicted speed-up of the whole program, at least.")
@click.option("--high", type=float, help="Predicted speed-up, at most.")
@click.option("--reasoning", help="Why so much.")
@click.option("--risk", help="What could go wrong.")
@click.option("--pattern", help="The pattern's number, such as 8.3.")
@click.option("--reason", help="Why it is made although the profile is against it.")
@click.option("--title", help="Of the plan: brief, becomes the commit's subject.")
@click.option("--optimization", help="Of the plan: what is changed, and why.")
@campaign_options
def think_command(**options: Any) -> Answer:
    """Register a thought: hypothesis, options, choice, predicted interval, risk.

    Without any input it shows what the profile offers: bottlenecks with their bounds, fitting
    patterns with checks and risks, and the template. The prediction is of the whole program's
    speed-up over the last kept state. With title and optimization the plan is recorded in the same
    call.
    """
    from harness.model.forms import read_plan_within, read_thought
    from harness.model.jsonable import jsonable
    from harness.optimise import think

    flags = {name: options[name] for name in _TEXTS}
    flags |= {"predicted_low": options["low"], "predicted_high": options["high"]}
    flags["options"] = parse_options(options["considered"]) or None
    fields, source = read_input(options["file"], flags)
    with opened(options) as campaign:
        if not fields:
            return _offer(campaign)
        planned = read_plan_within(fields, source)
        iteration = think(campaign, read_thought(fields, source), planned)
        low, high = iteration.thought.prediction.low, iteration.thought.prediction.high
        return answered(
            campaign,
            f"iteration {iteration.number}: registered {low:g} to {high:g}x on"
            f" {iteration.thought.prediction.bottleneck!r}"
            + (f"; planned {planned.title!r}" if planned else ""),
            {
                "iteration": iteration.number,
                "thought": jsonable(iteration.thought),
                "plan": jsonable(iteration.plan),
            },
        )


def _offer(campaign: Campaign) -> Answer:
    """What can be thought about, from the last profile."""
    from harness.campaign.patterns import describe_patterns, fitting
    from harness.campaign.state import NotStarted, Step
    from harness.campaign.status import profile_table
    from harness.campaign.templates import thought_template

    state = campaign.progress
    if isinstance(state, NotStarted) or state.profile is None or state.step is not Step.THINK:
        return answered(campaign, "nothing was registered: no input, and THINK is not due")
    found = fitting(state.profile)
    template = thought_template(state)
    fits = "patterns that fit:\n" + describe_patterns(found) if found else ""
    text = "\n\n".join(filter(None, (profile_table(state), fits, template)))
    patterns = [
        {"number": p.number, "name": p.name, "fits": why, "check": p.check, "risk": p.risk}
        for p, why in found
    ]
    return answered(campaign, text, {"patterns": patterns, "template": template})
