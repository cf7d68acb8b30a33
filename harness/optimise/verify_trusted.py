"""What `verify` says of all that decides in a campaign beside its code, and of its witness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path

from harness.campaign.alike import groups_alike
from harness.campaign.logs import trust_lines
from harness.campaign.state import State, Step
from harness.campaign.witness import chain_in, statement_on
from harness.errors import UsageError
from harness.frozen import dataclass
from harness.optimise.campaign import Campaign
from harness.optimise.trusting import look
from harness.optimise.witnessing import read_witness
from harness.plugins.packages import foreign_packages
from harness.system.git.objects import damaged_objects


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found of one thing, in words."""

    remarks: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    checked: Mapping[str, int] = field(default_factory=dict)


def trusted_parts(campaign: Campaign, against: Path | None) -> Iterator[Findings]:
    """What decides, whose plugins take part, the witness, the tag of the end, and git's objects."""
    yield _trust(campaign)
    yield Findings(
        tuple(f"in force here, and not the harness's own: {words}" for words in foreign_packages())
    )
    yield _witness(campaign, against)
    yield _alike(campaign)
    if campaign.git.is_repository():
        yield _end_tag(campaign)
        yield _objects(campaign)


def _trust(campaign: Campaign) -> Findings:
    """How it changed, and, while the campaign is under way, whether it is what it was taken for."""
    state = campaign.state
    remarks = tuple(f"what decides: {line}" for line in trust_lines(state))
    over = state.step is Step.FINISHED or not campaign.git.is_repository()
    if state.trusted is None or over:
        return Findings(remarks)
    now, differing = look(campaign)
    if now.host != state.trusted.host:
        return Findings(remarks, ("what decides was taken on another machine",))
    words = [(f"what decides has changed: {d.words}", d.refused) for d in differing]
    return Findings(
        (*remarks, *(w for w, refused in words if not refused)),
        problems=tuple(w for w, refused in words if refused),
    )


def _witness(campaign: Campaign, against: Path | None) -> Findings:
    path = against or campaign.witness
    try:
        seen = read_witness(path)
    except FileNotFoundError:
        if against is not None:
            raise UsageError(f"no witness at {path}", hint="--against FILE") from None
        seen = []
    if not seen:
        return Findings(unchecked=(f"the chain against a witness: {path} has seen nothing of it",))
    said = statement_on(campaign.events, seen)
    known = {(one.number, one.digest) for one in seen}
    unseen = [event for event in campaign.events if (event.number, event.digest) not in known]
    doubt = (
        f"{len(unseen)} of {len(campaign.events)} events against the witness {path}, which has not"
        " seen them",
    )
    return Findings(
        (f"the witness {path} has seen {said.others} other chains of this name",)
        if said.others and said.agreed
        else (),
        unchecked=doubt if unseen and not said.problems else (),
        problems=tuple(
            f"against the witness {path}: {words}. Where you put the project back from a copy, move"
            " that file away"
            for words in said.problems
        ),
        checked={"events that the witness has seen": said.agreed} if said.agreed else {},
    )


def _alike(campaign: Campaign) -> Findings:
    """Attempts at nearly the same change: each has its share of luck."""
    iterations = campaign.state.iterations
    return Findings(
        tuple(
            f"iterations {', '.join(map(str, group))} tried nearly the same change"
            for group in groups_alike((i.number, i.change) for i in iterations)
        )
    )


def _end_tag(campaign: Campaign) -> Findings:
    """The tag of the end leads to the last kept state, and names the last event."""
    state, git = campaign.state, campaign.git
    tag = git.tag(state.place.post_tag)
    if tag is None or state.step is not Step.FINISHED:
        return Findings()
    problems = []
    if git.has_commit(state.kept_commit) and not git.is_ancestor(state.kept_commit, tag.commit):
        problems.append(
            f"the tag {tag.name} was moved: {tag.commit[:12]} does not have the last kept state"
        )
    said, last = chain_in(tag.message), campaign.events[-1]
    if said is not None and (said.number, said.digest) != (last.number, last.digest):
        problems.append(
            f"the tag {tag.name} says that the chain ends with event {said.number}"
            f" ({said.digest[:12]}), not with event {last.number} ({last.digest[:12]})"
        )
    signature = git.signature(tag.name) if tag.annotated else None
    doubt = () if not signature else (f"the signature of the tag {tag.name}: {signature}",)
    return Findings((), doubt, tuple(problems), {"signatures": 1} if signature == "" else {})


def _objects(campaign: Campaign) -> Findings:
    """The objects of git that the campaign relies on are what their ids say."""
    git, state = campaign.git, campaign.state
    wanted = [c for c in dict.fromkeys(_relied_on(state)) if git.has_commit(c)]
    wrong = damaged_objects(git, wanted)
    words = (f"git's object {name[:12]} was overwritten: {what}" for name, what in wrong.items())
    return Findings(problems=tuple(words), checked={"commits read object by object": len(wanted)})


def _relied_on(state: State) -> Iterator[str]:
    yield state.place.base_commit
    yield from (i.commit for i in state.iterations if i.commit)
    yield from (i.attempt for i in state.iterations if i.attempt)
