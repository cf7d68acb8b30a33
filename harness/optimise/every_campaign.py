"""All campaigns of a harness.toml, with what each has gained, as one value."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from harness.campaign.iteration import Iteration
from harness.campaign.scoring import describe_scores, score
from harness.errors import DataDamaged, ExitCode
from harness.frozen import dataclass
from harness.model.jsonable import jsonable
from harness.optimise.campaign import Campaign
from harness.project.config import Config
from harness.render.tables import layout
from harness.render.units import show_factor

HEADERS = ["campaign", "target", "state", "speed-up", "kept"]


@dataclass(frozen=True, slots=True, repr=False)
class EveryCampaign:
    """The campaigns that can be read, and what is damaged of the others, in words."""

    campaigns: tuple[Campaign, ...]
    damaged: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """What `harness campaign list` answers its shell."""
        return ExitCode.DAMAGED if self.damaged else ExitCode.FINE

    @property
    def ok(self) -> bool:
        """Could every campaign be read?"""
        return not self.damaged

    @property
    def iterations(self) -> Iterable[Iteration]:
        """Those of all campaigns."""
        return chain.from_iterable(c.progress.iterations for c in self.campaigns)

    def table(self, style: str = "plain") -> str:
        """One row per campaign."""
        return layout(HEADERS, [_row(c) for c in self.campaigns], style)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness campaign list --json`."""
        return {
            "campaigns": [_facts(c) for c in self.campaigns],
            "predictions": jsonable(score(list(self.iterations))),
            "damaged": list(self.damaged),
        }

    def __str__(self) -> str:
        if not self.campaigns and not self.damaged:
            return "harness.toml declares no campaign"
        scores = describe_scores(score(list(self.iterations)))
        return f"{self.table()}\n\npredictions over all campaigns: {scores}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table("html")


def every_campaign(config: Config) -> EveryCampaign:
    """Read the declared campaigns; a damaged one is named and stops nothing."""
    found, damaged = [], []
    for name in config.campaigns:
        try:
            found.append(Campaign(config, name))
        except DataDamaged as problem:
            damaged.append(problem.message)
    return EveryCampaign(tuple(found), tuple(damaged))


def _row(campaign: Campaign) -> list[str]:
    state = campaign.progress
    return [
        campaign.name,
        campaign.section.target,
        state.step.value,
        "not decided" if state.speedup is None else show_factor(state.speedup),
        f"{len(state.kept)} of {len(state.iterations)}",
    ]


def _facts(campaign: Campaign) -> dict[str, Any]:
    state = campaign.progress
    return {
        "campaign": campaign.name,
        "target": campaign.section.target,
        "state": state.step.value,
        "speedup": state.speedup,
        "iterations": len(state.iterations),
        "kept": len(state.kept),
        "predictions": jsonable(score(state.iterations)),
    }
