"""The next action of a campaign, from its events, its tree and its branches."""

from __future__ import annotations

from dataclasses import replace

from harness.campaign.advice import Advice, advise
from harness.campaign.gates import Tree
from harness.campaign.state import Step
from harness.optimise.campaign import Campaign
from harness.optimise.lifecycle import concluded, start_is_complete


def next_action(campaign: Campaign) -> Advice:
    """The one safest thing to do next; never raises for a state that a command can mend."""
    state = campaign.state
    several = len(campaign.config.campaigns) > 1
    named = f" --campaign {campaign.name}" if several else ""
    if not campaign.started:
        advice = advise(state, Tree(""))
        return replace(advice, command=advice.command + named)
    if state.step is Step.FINISHED:
        wrong = state.ending and state.ending.result and not state.ending.result.correct
        if wrong or concluded(campaign):
            return advise(state, Tree(state.kept_tree))
        return Advice(
            "FINISH", "it is not merged and tagged yet", f"harness campaign finish{named}"
        )
    branch = state.place.branch
    if not start_is_complete(campaign):
        return Advice("START", "the start was interrupted", f"harness campaign start{named}")
    if campaign.git.branch() != branch:
        return Advice("SWITCH", f"the campaign lives on {branch!r}", f"git switch {branch}")
    return advise(state, campaign.tree())
