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
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.optimise import Campaign

_TEXTS = (
    *("bottleneck", "hypothesis", "chosen", "reasoning", "risk", "pattern", "reason"),
    *("title", "optimization"),
)


@command(
    epilog='Example: harness think "each pair is computed twice" --bottleneck forces'
    ' --predict 1.6..2 --title "compute each pair once"'
)
@click.argument("why", required=False)
@file_option
@click.option("--bottleneck", help="The row of the profile that is attacked.")
@click.option(
    "--predict",
    metavar="LOW..HIGH",
    help="Predicted speed-up of the whole program over the last kept state, such as 1.5..3.",
)
@click.option("--hypothesis", help="What limits it, and why: the same as WHY.")
@click.option(
    "--title", help="Of the plan: one line of at most 72 characters, the commit's subject."
)
@click.option(
    "--optimization",
    help="Of the plan: what is changed, and why.  [default: the choice, or else WHY]",
)
@click.option(
    "--option",
    "considered",
    multiple=True,
    help='"name | pros | cons": two or three, or none.',
)
@click.option("--chosen", help="Which option, and why; may be left out.")
@click.option("--low", type=float, help="The low end of --predict by itself.")
@click.option("--high", type=float, help="The high end of --predict by itself.")
@click.option("--reasoning", help="Why so much; may be left out.")
@click.option("--risk", help="What could go wrong; may be left out.")
@click.option("--pattern", help="The pattern's number, such as 8.3.")
@click.option("--reason", help="Why it is made although the profile is against it.")
@campaign_options
def think_command(**options: Any) -> Answer:
    """Register a thought: a bottleneck, WHY it limits, and the predicted speed-up.

    Without any input it shows what the profile offers: bottlenecks with their bounds, fitting
    patterns with checks and risks, and the template. The prediction is of the whole program's
    speed-up over the last kept state. With a title the plan is recorded in the same call. What else
    the form has may be left out; what is written is in the log.
    """
    from harness.model.forms import read_plan_within, read_thought
    from harness.model.jsonable import jsonable
    from harness.optimise import think

    flags = {name: options[name] for name in _TEXTS}
    flags["hypothesis"] = _only_one(options, "hypothesis", options["why"], "WHY")
    low, high = _predicted(options["predict"])
    flags["predicted_low"] = _only_one(options, "low", low, "--predict")
    flags["predicted_high"] = _only_one(options, "high", high, "--predict")
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


def _only_one(options: dict[str, Any], name: str, value: Any, of: str) -> Any:
    """What was said as an option or otherwise; UsageError where it was said twice."""
    if value is None or options[name] is None:
        return options[name] if value is None else value
    raise UsageError(f"--{name} and {of} say the same: give one of them")


def _predicted(text: str | None) -> tuple[float | None, float | None]:
    """The ends of `1.5..3`; UsageError for what is no interval."""
    if text is None:
        return None, None
    low, dots, high = text.partition("..")
    try:
        if dots:
            return float(low), float(high)
    except ValueError:
        pass
    raise UsageError(
        f"--predict: want the two ends of an interval, such as 1.5..3, got {text!r}",
        hint="A prediction says where the speed-up lies: as narrow as you are sure.",
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
