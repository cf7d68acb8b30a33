"""`harness status`: enough for a reader who knows nothing to take over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.campaign.common import campaign_options, opened
from harness.cli.shared.base import Answer, command

if TYPE_CHECKING:
    from harness.campaign.state import Progress
    from harness.optimise import Campaign


everything_option = click.option(
    "--all", "everything", is_flag=True, help="With all bottlenecks, iterations and predictions."
)


@command(epilog="Example: harness status")
@everything_option
@campaign_options
def status_command(*, everything: bool, **options: Any) -> Answer:
    """Show what the next one to drive the campaign has to know, in at most 500 tokens.

    Goal, where it stands, the open plan and its hypothesis, whether the code has changed and where,
    what failed and why, lessons, skipped bottlenecks, and the next action.
    """
    with opened(options, lock=False) as campaign:
        return status_answer(campaign, everything=everything)


def status_answer(campaign: Campaign, *, everything: bool) -> Answer:
    """The campaign's status for people and programs."""
    from harness.campaign.moves import Tree
    from harness.campaign.scoring import score
    from harness.campaign.status import status_text
    from harness.campaign.takeover import takeover_text
    from harness.model.jsonable import jsonable
    from harness.optimise import next_action

    advice = next_action(campaign)
    state = campaign.progress
    tree = campaign.tree() if campaign.active else Tree("")
    if everything:
        text = status_text(state, advice)
    else:
        text = takeover_text(state, advice, tree, _sources(campaign))
    warnings = [f"warning: {warning}" for warning in campaign.warnings]
    return Answer(
        result={
            "campaign": campaign.name,
            **_facts(state),
            "changed": list(tree.changed),
            "predictions": jsonable(score(state.iterations)),
            "next": jsonable(advice),
        },
        text="\n".join([*warnings, text]),
        state=state.step.value,
        next_actions=(advice.command,),
    )


def _sources(campaign: Campaign) -> list[str]:
    """The target's sources, as they are named from the configuration's folder."""
    root = campaign.config.root
    sources: tuple[Path, ...] = campaign.config.target(campaign.section.target).sources
    return [str(p.relative_to(root)) if p.is_relative_to(root) else str(p) for p in sources]


def _facts(progress: Progress) -> dict[str, Any]:
    """What is agreed and what was found, as `--json` says it; the same fields before the start."""
    from harness.campaign.flag_lines import flag_lines
    from harness.campaign.logs import trust_lines
    from harness.campaign.state import NotStarted
    from harness.model.jsonable import jsonable

    state = None if isinstance(progress, NotStarted) else progress
    return {
        "terms": jsonable(state.agreed) if state else None,
        "branches": jsonable(state.place) if state else None,
        "cumulative": state.cumulative if state else None,
        "kept_commit": state.kept_commit if state else None,
        "looks": state.looks if state else 0,
        "profile": jsonable(state.profile) if state else None,
        "iterations": _iterations(progress),
        "skipped": dict(state.skipped) if state else {},
        "flags": flag_lines(progress.iterations),
        "what_decides": trust_lines(state) if state else [],
    }


def _iterations(state: Progress) -> list[dict[str, Any]]:
    """Each iteration, as `--json` says it."""
    from harness.model.jsonable import jsonable

    return [
        {
            "number": i.number,
            "title": i.title,
            "bottleneck": i.thought.prediction.bottleneck,
            "predicted": [i.thought.prediction.low, i.thought.prediction.high],
            "measured": jsonable(i.result.step) if i.result else None,
            "outcome": i.outcome.value,
            "hypothesis": i.thought.hypothesis,
            "plan": i.plan.optimization if i.plan else None,
            "lesson": i.note.lesson if i.note else None,
            "commit": i.commit or None,
            "attempt": i.attempt or None,
            "surprise": i.note.surprise if i.note else None,
        }
        for i in state.iterations
    ]
