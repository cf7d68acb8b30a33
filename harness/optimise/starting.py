"""The start of a campaign as one call: in which order it happens, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from harness.campaign.port import Workbench
from harness.campaign.state import State
from harness.frozen import dataclass
from harness.optimise.agent_files import write_agent_files
from harness.optimise.budgets import Need, need_of
from harness.optimise.campaign import Campaign
from harness.optimise.disturbed import advice_on_cpu
from harness.optimise.lifecycle import demand_startable, start
from harness.optimise.terms import open_inputs, terms_of
from harness.render.units import show_ns


@dataclass(frozen=True, slots=True)
class CampaignStart:
    """A campaign that was started, and what its looks will take."""

    name: str
    state: State
    need: Need
    wanted_budget_ns: int
    """What harness.toml says of a look; what was agreed may be more."""
    open_inputs: tuple[str, ...]
    """What a program could know by heart of its inputs, in words."""
    agent_files: tuple[Path, ...] = ()
    on_cpu: str = ""
    """That CPU time would decide far sooner, and how it is had; empty: it would not."""

    @property
    def words(self) -> str:
        """What a person is told."""
        state, budget_ns = self.state, self.state.agreed.bench_budget_ns
        raised = ", raised from harness.toml's to hold that"
        runs = f", made of {state.sealed.runs} runs of the program" if state.sealed.runs else ""
        lines = [
            f"campaign {self.name} started on branch {state.place.branch}; baseline"
            f" {state.sealed.commit[:7]} is tagged {state.place.tag}{runs}",
            f"{self.need.words}; the budget of {self._look} is {show_ns(budget_ns, 3)}"
            + (raised if budget_ns > self.wanted_budget_ns else ""),
            *filter(None, [self.on_cpu]),
            *self.open_inputs,
            *(f"wrote {path}" for path in self.agent_files),
        ]
        return "\n".join(lines)

    @property
    def _look(self) -> str:
        cases = self.need.cases
        return "a look" if cases < 2 else f"each of the {cases} cases of a look"

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness campaign start --json`."""
        state = self.state
        return {
            "campaign": self.name,
            "branch": state.place.branch,
            "tag": state.place.tag,
            "baseline": state.sealed.commit,
            "seal": state.sealed.root,
            "runs": state.sealed.runs,
            "verdict_blocks": self.need.blocks,
            "block_ns": self.need.block_ns,
            "bench_budget_ns": state.agreed.bench_budget_ns,
            "seeds": state.agreed.seeds,
            "open_inputs": self.open_inputs,
            "on_cpu": self.on_cpu,
            "agent_files": [str(path) for path in self.agent_files],
        }


def start_campaign(
    campaign: Campaign,
    workbench: Callable[[Campaign], AbstractContextManager[Workbench]],
    *,
    agent_files: bool,
) -> CampaignStart:
    """Start a campaign whose lock is held; what `start` raises.

    What refuses a start comes first, so that a refused one has written nothing. The agents' files
    come before the measuring: the commit of the start has them.
    """
    demand_startable(campaign)
    written = write_agent_files(campaign) if agent_files and not campaign.started else []
    with workbench(campaign) as bench:
        state = start(campaign, bench)
    return CampaignStart(
        name=campaign.name,
        state=state,
        need=need_of(state.agreed, state.sealed),
        wanted_budget_ns=terms_of(campaign).bench_budget_ns,
        open_inputs=tuple(open_inputs(campaign)),
        agent_files=tuple(written),
        on_cpu=advice_on_cpu(campaign),
    )
