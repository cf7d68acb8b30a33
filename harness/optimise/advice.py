"""The next action of a campaign, from its events, its tree and its branches."""

from __future__ import annotations

from harness.campaign.advice import Advice, advise
from harness.campaign.gates import Tree
from harness.campaign.state import Step
from harness.optimise.campaign import Campaign
from harness.optimise.lifecycle import merged


def next_action(campaign: Campaign) -> Advice:
    """The one safest thing to do next; never raises for a state that a command can mend."""
    state = campaign.state
    if not campaign.started:
        return advise(state, Tree(""))
    if state.step is Step.FINISHED:
        wrong = state.ending and state.ending.result and not state.ending.result.correct
        if wrong or merged(campaign):
            return advise(state, Tree(state.kept_tree))
        return Advice("FINISH", "the branch is not merged yet", "harness campaign finish")
    branch = state.place.branch
    if not campaign.git.has_branch(branch) or len(campaign.events) == 1:
        here = campaign.git.branch()
        if here != branch or not campaign.git.has_branch(branch):
            return Advice("START", "the start was interrupted", "harness campaign start")
    if campaign.git.branch() != branch:
        return Advice("SWITCH", f"the campaign lives on {branch!r}", f"git switch {branch}")
    return advise(state, campaign.tree())
