"""The next action of a campaign, from its events, its tree and its branches."""

from __future__ import annotations

import shlex
from dataclasses import replace

from harness.campaign.advice import Advice, Situation, advise, advise_start
from harness.campaign.failing import after_failure
from harness.campaign.moves import Tree
from harness.campaign.standing import after_finish, before_start, before_step
from harness.campaign.state import Step
from harness.optimise.campaign import Campaign
from harness.optimise.failures import recall
from harness.optimise.standing import standing
from harness.optimise.steps import last_budget_ns
from harness.optimise.trusting import refused_now
from harness.system.git.locks import is_stale


def next_action(campaign: Campaign) -> Advice:
    """The one safest thing to do next; never raises for a state that a command can mend.

    Where that was tried in this very state and failed, it is another one.
    """
    found = _next(campaign)
    lock = campaign.git.git_dir / "index.lock"
    if found.command.startswith("git ") and is_stale(lock):
        # The harness clears such a lock away itself; git, typed by hand, would refuse.
        return Advice("GIT", "a git that was killed left its lock", f"rm {shlex.quote(str(lock))}")
    failure = recall(campaign)
    if failure is None:
        return found
    advice = after_failure(_situation(campaign), found, failure)
    if advice.command == "harness campaign abandon":
        return replace(advice, command=standing(campaign).command("campaign abandon"))
    return advice


def _situation(campaign: Campaign) -> Situation | None:
    """What the next action is derived from; None before the start."""
    if not campaign.started:
        return None
    state = campaign.state
    if state.step is Step.FINISHED:
        return Situation(state, Tree(state.kept_tree))
    return Situation(state, campaign.tree(), last_budget_ns(campaign))


def _next(campaign: Campaign) -> Advice:
    at = standing(campaign)
    if not campaign.started:
        from harness.optimise.terms import terms_of

        terms_of(campaign)  # a start would stumble over what harness.toml says wrongly
        advice = before_start(at) or advise_start()
        starts = advice.action == "START"
        return replace(advice, command=at.command("campaign start")) if starts else advice
    state = campaign.state
    if state.step is Step.FINISHED:
        return after_finish(state, at) or advise(Situation(state, Tree(state.kept_tree)))
    way = before_step(state, at)
    if way is not None:
        return way
    usual = _by_state(campaign)  # what of the tree cannot be read is said first
    return _untrusted(campaign) or usual


def _by_state(campaign: Campaign) -> Advice:
    return advise(Situation(campaign.state, campaign.tree(), last_budget_ns(campaign)))


def _untrusted(campaign: Campaign) -> Advice | None:
    """What decides has changed: every step refuses until it is put back, or accepted."""
    refused = refused_now(campaign)
    if not refused:
        return None
    more = f" (and {len(refused) - 1} more: harness trust)" if len(refused) > 1 else ""
    return Advice(
        "TRUST",
        f"what decides in this campaign has changed: {refused[0].words}{more}. To put it back:"
        f" {refused[0].remedy}; then `harness next` goes on. Else accept it, for the record",
        'harness trust --reason "<why it changed>"',
    )
