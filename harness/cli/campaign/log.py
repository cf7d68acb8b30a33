"""`harness log`: the surprise, after the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli.campaign.common import (
    answered,
    campaign_options,
    file_option,
    flags_error,
    opened,
    read_input,
    spoken,
    strict_option,
)
from harness.cli.shared.base import Answer, command
from harness.errors import ExitCode

if TYPE_CHECKING:
    from harness.optimise import Campaign


@command(epilog='Example: harness log --surprise "None: as predicted" --notes "try vectors next"')
@file_option
@click.option("--surprise", help="What was unexpected; None where nothing was.")
@click.option("--notes", help="Observations, what to try next.")
@click.option("--why", help="Outside the predicted interval: what explains it.")
@click.option("--lesson", help="Outside the predicted interval: what it teaches about the code.")
@click.option("--abandon", callback=spoken, help="Give the iteration up, for this reason.")
@click.option(
    "--then",
    type=click.Choice(["commit", "revert", "auto"]),
    help="Go on at once: commit or revert, as the result says, and decide.",
)
@strict_option
@campaign_options
def log_command(**options: Any) -> Answer:
    """Write the iteration's entry: predicted against measured, and what was surprising.

    "None" is refused where the result lies outside the predicted interval. With --abandon an
    iteration is given up without a result; its code is then reverted and kept aside. With --then
    the iteration is committed or reverted in the same call, and the loop's decision is made.
    Flags of its look are said; with --strict they are answered with exit code 1.
    """
    from harness.campaign.flagging import flags_of
    from harness.campaign.gates import compare_words, keep_reason
    from harness.model.forms import read_reflection
    from harness.model.jsonable import jsonable
    from harness.optimise import Then, check_then, log

    flags = {name: options[name] for name in ("surprise", "notes", "why", "lesson")}
    fields, source = read_input(options["file"], flags)
    then = Then(options["then"]) if options["then"] else None
    with opened(options) as campaign:
        if then is not None:
            check_then(campaign, then, abandoned=bool(options["abandon"]))
        iteration = log(
            campaign, read_reflection({"surprise": "", **fields}, source), options["abandon"]
        )
        words = [
            f"iteration {iteration.number} logged: {compare_words(iteration)};"
            f" {keep_reason(iteration)}"
        ]
        found = [flag.line for flag in flags_of(iteration) if not flag.note]
        words += found
        followed: dict[str, Any] = {}
        if then is not None:
            followed = _follow(campaign, words)
        error = flags_error(found) if options["strict"] else None
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


def _follow(campaign: Campaign, words: list[str]) -> dict[str, Any]:
    """Commit or revert, and decide; adds what was done to the words."""
    from harness.campaign.iteration import Outcome
    from harness.model.jsonable import jsonable
    from harness.optimise import close

    iteration, decision = close(campaign)
    kept = iteration.outcome is Outcome.KEPT
    made = iteration.commit if kept else iteration.attempt
    done = "committed as" if kept else "reverted; the attempt is kept as"
    words.append(f"{done} {made[:12]}" if made else "reverted; no code had changed")
    words.append(f"{'stop' if decision.stop else 'go on'}: {decision.reason}")
    return {"commit": made, "decision": jsonable(decision)}
