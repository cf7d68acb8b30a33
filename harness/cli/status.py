"""`harness status`: enough for a reader who knows nothing to take over."""

from __future__ import annotations

from typing import Any

from harness.cli.base import Answer, command
from harness.cli.campaigns import campaign_options, opened


@command(epilog="Example: harness status")
@campaign_options
def status_command(**options: Any) -> Answer:
    """Show the campaign: goal, progress, bottlenecks, iterations, predictions, next action."""
    with opened(options, lock=False) as campaign:
        return status_answer(campaign)


def status_answer(campaign: Any) -> Answer:
    """The campaign's status for people and programs."""
    from harness.campaign.scoring import score
    from harness.campaign.status import status_text
    from harness.optimise import next_action
    from harness.render.jsonable import jsonable

    advice = next_action(campaign)
    state = campaign.state
    iterations = [
        {
            "number": i.number,
            "title": i.title,
            "bottleneck": i.thought.prediction.bottleneck,
            "predicted": [i.thought.prediction.low, i.thought.prediction.high],
            "measured": jsonable(i.result.step) if i.result else None,
            "outcome": i.outcome.value,
            "commit": i.commit or None,
            "attempt": i.attempt or None,
            "surprise": i.note.surprise if i.note else None,
        }
        for i in state.iterations
    ]
    warnings = [f"warning: {warning}" for warning in campaign.warnings]
    return Answer(
        result={
            "campaign": campaign.name,
            "terms": jsonable(state.terms),
            "branches": jsonable(state.git),
            "cumulative": state.cumulative if campaign.started else None,
            "kept_commit": state.kept_commit or None,
            "looks": state.looks,
            "profile": jsonable(state.profile),
            "iterations": iterations,
            "skipped": dict(state.skipped),
            "predictions": jsonable(score(state.iterations)),
            "next": jsonable(advice),
        },
        text="\n".join([*warnings, status_text(state, advice)]),
        state=state.step.value,
        next_actions=(advice.command,),
    )
