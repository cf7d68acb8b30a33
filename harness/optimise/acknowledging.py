"""Records that a flag was looked into, and what was found; the flag stays."""

from __future__ import annotations

from harness.campaign.events import Kind
from harness.campaign.flag_lines import reason_for, standing_flags
from harness.campaign.iteration import Iteration
from harness.campaign.sightings import Flag
from harness.campaign.state import Step
from harness.errors import NotAllowed, UsageError
from harness.optimise.campaign import Campaign
from harness.optimise.standing import demand_active

_NOT_NOW = {
    Step.BENCHMARK: "waits for its look, whose flags are not known yet",
    Step.FINISHED: "is finished, and its records are closed",
}


def acknowledge(
    campaign: Campaign, name: str, reason: str, number: int | None = None
) -> tuple[Iteration, tuple[Flag, ...]]:
    """Say beside the flags of a name why they are no doubt; of the last iteration that has them.

    UsageError where no such flag stands; NotAllowed where another reason was given already.
    """
    demand_active(campaign)
    if not reason.strip():
        raise UsageError("acknowledging a flag needs its reason", hint="--reason WHY")
    if campaign.state.step in _NOT_NOW:
        raise NotAllowed(f"the campaign {campaign.name!r} {_NOT_NOW[campaign.state.step]}")
    iteration, flags = _meant(campaign, name, number)
    for flag in flags:
        known = reason_for(iteration, flag)
        if known and known != reason:
            raise NotAllowed(
                f"the flag {name!r} of iteration {iteration.number} was acknowledged already:"
                f" {known}"
            )
        if not known:
            campaign.append(Kind.ACKNOWLEDGED, iteration=iteration.number, flag=flag, reason=reason)
    return campaign.state.iterations[iteration.number - 1], flags


def _meant(campaign: Campaign, name: str, number: int | None) -> tuple[Iteration, tuple[Flag, ...]]:
    """The iteration whose flags are meant, and these."""
    standing = standing_flags(campaign.state.iterations)
    named = [(i, f) for i, f in standing if f.name == name and number in (None, i.number)]
    if not named:
        which = f" of iteration {number}" if number is not None else ""
        there = ", ".join(f"{f.name} (iteration {i.number})" for i, f in standing)
        raise UsageError(
            f"no flag {name!r}{which} stands in this campaign",
            hint=f"There is {there}." if there else "There is none.",
        )
    last = named[-1][0]
    return last, tuple(flag for iteration, flag in named if iteration is last)
