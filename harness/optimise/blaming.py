"""Which kept iteration brought an error in: the states of the code, from git, are run again."""

from __future__ import annotations

from collections.abc import Sequence

from harness.campaign.events import Event, Kind
from harness.campaign.folding import states_after
from harness.campaign.port import Workbench
from harness.campaign.wrongs import Counterexample
from harness.errors import HarnessError
from harness.frozen import dataclass
from harness.optimise.campaign import Campaign

TRIES = 3
"""What is wrong at the end is looked for as often before it is said that it does not show again."""


@dataclass(frozen=True, slots=True)
class KeptState:
    """A state of the code that was kept."""

    iteration: int
    """0: what was left when an iteration was taken back."""
    commit: str
    before: str
    """The kept state before it."""


def kept_states(events: Sequence[Event]) -> tuple[KeptState, ...]:
    """All states that were kept, the oldest first, without the one that the campaign started at."""
    found = list[KeptState]()
    before = ""
    for event, state in zip(events, states_after(events), strict=True):
        if event.kind is Kind.COMMITTED:
            number = state.iterations[-1].number
            found.append(KeptState(number, state.kept_commit, before))
        elif event.kind is Kind.TAKEN_BACK:
            found.append(KeptState(0, state.kept_commit, before))
        before = state.kept_commit
    return tuple(found)


def blamed(
    campaign: Campaign, bench: Workbench, shown: Counterexample, tries: int = 1
) -> KeptState | None:
    """The first of the kept states that is wrong there; None: the last one is right.

    Older states than the last that something was taken back from have what was taken back.
    """
    states = kept_states(campaign.events)
    start = max((i for i, state in enumerate(states) if not state.iteration), default=0)
    recent = states[start:]
    if not recent:
        return None
    found = bench.first_wrong([state.commit for state in recent], shown, tries)
    return None if found.index is None else recent[found.index]


def since_when(
    campaign: Campaign, bench: Workbench, found: tuple[Counterexample, str] | None
) -> dict[str, int]:
    """What an event says of an error that the candidate has from the last kept state.

    Nothing where the error is its own: only on values that were drawn can a kept state be wrong,
    since it was right on the case's own.
    """
    if found is None or not found[0].given or not campaign.state.kept:
        return {}
    state = blamed(campaign, bench, found[0])
    if state is None:
        return {}
    return {"since": state.iteration or campaign.state.kept[-1].number}


def to_blame(
    campaign: Campaign, bench: Workbench, found: tuple[Counterexample, str] | None
) -> dict[str, int | tuple[str, ...]]:
    """What an event says of where an error is from: a kept state, or a part of the candidate."""
    since = since_when(campaign, bench, found)
    if since or found is None:
        return {**since}
    wrong = wrong_parts(campaign, bench, found[0])
    return {"wrong_parts": wrong} if wrong else {}


def wrong_parts(campaign: Campaign, bench: Workbench, shown: Counterexample) -> tuple[str, ...]:
    """The commits of those that the candidate is put together of, and that are wrong there alone.

    None where that cannot be told: what was found of the candidate stands all the same.
    """
    parts = campaign.state.iterations[-1].parts
    try:
        return tuple(
            part.commit
            for part in parts
            if bench.first_wrong([part.commit], shown).index is not None
        )
    except HarnessError:
        return ()
