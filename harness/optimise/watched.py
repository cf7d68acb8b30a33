"""A campaign as somebody sees it who only watches: no lock is taken and nothing is written."""

from __future__ import annotations

from typing import Any

from harness.campaign.events import Event, Kind
from harness.campaign.folding import fold
from harness.campaign.gates import compare_words, predicted_words
from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.state import State, Step
from harness.frozen import dataclass
from harness.model.jsonable import jsonable
from harness.optimise.journal import JOURNAL_NAME, Journal
from harness.optimise.loop_requests import asked_of_loop
from harness.project.config import Config, lookup
from harness.project.state_folder import campaign_state
from harness.project.workload import campaign_folder
from harness.render.units import show_factor


@dataclass(frozen=True, slots=True)
class WatchedIteration:
    """One iteration, as far as it is."""

    number: int
    title: str
    outcome: str
    compared: str
    """Predicted against measured; of an open one what is predicted."""
    closed: bool

    @property
    def line(self) -> str:
        """The iteration in one line."""
        return f"iteration {self.number}: {self.title}: {self.outcome}; {self.compared}"


@dataclass(frozen=True, slots=True)
class WatchedCampaign:
    """How far a campaign is."""

    name: str
    state: str
    speedup: float | None
    iterations: tuple[WatchedIteration, ...]
    looking: bool
    """Is the candidate being measured?"""
    request: str
    """What the loop is asked for, or nothing."""
    ended: bool

    @property
    def under_way(self) -> bool:
        """Has it been started, and not ended?"""
        return self.state != Step.START.value and not self.ended

    @property
    def line(self) -> str:
        """Where it stands, in one line."""
        so_far = "" if self.speedup is None else f", {show_factor(self.speedup)} so far"
        measured = ", a look is under way" if self.looking else ""
        asked = f"; the loop is asked to {self.request}" if self.request else ""
        return f"campaign {self.name}: {self.state}{so_far}{measured}{asked}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "campaign": self.name,
            "state": self.state,
            "speedup": self.speedup,
            "iterations": jsonable(self.iterations),
            "looking": self.looking,
            "request": self.request or None,
            "ended": self.ended,
        }


def watched_campaign(config: Config, name: str) -> WatchedCampaign:
    """How far the campaign is now, from its journal."""
    lookup(config.campaigns, name, "campaign", config.path)
    own = campaign_state(config.root, name)
    journal = Journal(campaign_folder(config, name) / JOURNAL_NAME, own / JOURNAL_NAME)
    events = journal.read_all()
    progress = fold(events)
    asked = asked_of_loop(config.root, name)
    started = isinstance(progress, State)
    return WatchedCampaign(
        name=name,
        state=progress.step.value,
        speedup=progress.speedup if started and progress.kept else None,
        iterations=tuple(_watched(i) for i in progress.iterations) if started else (),
        looking=_is_looking(events),
        request=asked.value if asked else "",
        ended=progress.step in (Step.FINISH, Step.FINISHED),
    )


def _is_looking(events: list[Event]) -> bool:
    """Was a look begun last? One that was killed looks the same until the next step."""
    return bool(events) and events[-1].kind is Kind.BENCHING


def _watched(iteration: Iteration) -> WatchedIteration:
    is_open = iteration.outcome is Outcome.OPEN
    compared = predicted_words(iteration) if is_open else compare_words(iteration)
    return WatchedIteration(
        iteration.number, iteration.title, iteration.outcome.value, compared, iteration.closed
    )
