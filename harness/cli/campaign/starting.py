"""The start of a campaign, as `campaign start` and `optimise` make it and answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.cli.campaign.common import answered, workbench
from harness.cli.shared.base import Answer

if TYPE_CHECKING:
    from harness.optimise import Campaign


def started(campaign: Campaign, *, agent_files: bool, first: str = "") -> Answer:
    """Start the campaign, whose lock is held; `first` is what there is to say before."""
    from harness.optimise import demand_startable, start
    from harness.optimise.agent_files import write_agent_files
    from harness.optimise.budgets import need_of
    from harness.optimise.terms import open_inputs, terms_of
    from harness.render.units import show_ns

    demand_startable(campaign)
    written = write_agent_files(campaign) if agent_files and not campaign.started else []
    with workbench(campaign) as bench:
        state = start(campaign, bench)
    place = state.place
    need = need_of(state.agreed, state.sealed)
    budget = show_ns(state.agreed.bench_budget_ns, 3)
    notes = f"\n{need.words}; the budget of a look is {budget}"
    if state.agreed.bench_budget_ns > terms_of(campaign).bench_budget_ns:
        notes += ", raised from harness.toml's to hold that"
    notes += "".join(f"\n{words}" for words in open_inputs(campaign))
    notes += "".join(f"\nwrote {path}" for path in written)
    return answered(
        campaign,
        f"{first}campaign {campaign.name} started on branch {place.branch}; baseline"
        f" {state.sealed.commit[:7]} is tagged {place.tag}{notes}",
        {
            "campaign": campaign.name,
            "branch": place.branch,
            "tag": place.tag,
            "baseline": state.sealed.commit,
            "seal": state.sealed.root,
            "verdict_blocks": need.blocks,
            "block_ns": need.block_ns,
            "bench_budget_ns": state.agreed.bench_budget_ns,
            "seeds": state.agreed.seeds,
            "open_inputs": open_inputs(campaign),
            "agent_files": [str(path) for path in written],
        },
    )
