"""`harness log`: the surprise, after the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli.campaign.common import (
    answered,
    campaign_options,
    closed_words,
    note_fields,
    note_options,
    opened,
    spoken,
    strict_option,
    then_option,
    workbench,
)
from harness.cli.shared.base import Answer, command
from harness.errors import ExitCode

if TYPE_CHECKING:
    from harness.optimise import Campaign, Then


@command(epilog='Example: harness log --surprise "None: as predicted" --notes "try vectors next"')
@note_options
@click.option("--abandon", callback=spoken, help="Give the iteration up, for this reason.")
@then_option
@strict_option
@campaign_options
def log_command(**options: Any) -> Answer:
    """Write the iteration's entry: predicted against measured, and what was surprising.

    "None" is refused where the result lies outside the predicted interval. With --abandon an
    iteration is given up without a result; its code is then reverted and kept aside. With --then
    the iteration is committed or reverted in the same call, and the loop's decision is made;
    with --then profile the profile that the next thought rests on is taken too.
    Flags of its look are said; with --strict they are answered with exit code 1.
    """
    from harness.campaign.exit_codes import answer_of_flags
    from harness.campaign.flag_lines import flags_of, how_to_answer
    from harness.campaign.gates import result_words
    from harness.model.forms import read_reflection
    from harness.model.jsonable import jsonable
    from harness.optimise import Then, check_then, log

    fields, source = note_fields(options)
    then = Then(options["then"]) if options["then"] else None
    with opened(options) as campaign:
        if then is not None:
            check_then(campaign, then, abandoned=bool(options["abandon"]))
        iteration = log(
            campaign, read_reflection({"surprise": "", **fields}, source), options["abandon"]
        )
        words = [f"iteration {iteration.number} logged: {result_words(iteration)}"]
        found = [flag.line for flag in flags_of(iteration) if not flag.note]
        words += filter(None, (*found, how_to_answer(iteration)))
        followed = _ended(campaign, then, words) if then is not None else {}
        error = answer_of_flags(found) if options["strict"] else None
        return answered(
            campaign,
            "\n".join(words),
            {
                "iteration": iteration.number,
                "outcome": iteration.outcome.value,
                "note": jsonable(iteration.note),
                "flags": found,
                **followed,
            },
            exit_code=error.exit_code if error else ExitCode.FINE,
            error=error.message if error else None,
        )


def _ended(campaign: Campaign, then: Then, words: list[str]) -> dict[str, Any]:
    """Close the logged iteration, and take the next profile where that is asked; adds to words."""
    from harness.cli.campaign.step_answers import of_the_next_profile
    from harness.optimise import Then, close
    from harness.optimise.completing import profile_next

    followed = closed_words(*close(campaign), words)
    if then is not Then.PROFILE:
        return followed
    with workbench(campaign) as bench:
        part = of_the_next_profile(campaign, profile_next(campaign, bench))
    words += filter(None, ("", part.text))
    return {**followed, **part.result}
