"""The beginning and the end of a campaign: start, finish. Both can be called again after a kill."""

from __future__ import annotations

from dataclasses import dataclass

from harness.campaign.events import Kind
from harness.campaign.moves import Move
from harness.campaign.port import BenchRequest, Workbench
from harness.campaign.standing import after_finish, before_start, before_step, refused
from harness.campaign.state import Git as Place
from harness.campaign.state import State, Step
from harness.campaign.values import BenchOutcome
from harness.edge.git import branch_ref
from harness.errors import GitFailed, NotAllowed
from harness.optimise.campaign import Campaign, terms_of
from harness.optimise.standing import place_of, standing
from harness.optimise.steps import run_profile


def start(campaign: Campaign, bench: Workbench) -> State:
    """Seal the baseline, tag it, write the first event, and switch to the campaign's branch."""
    if not campaign.started:
        _begin(campaign, bench)
    elif campaign.state.step is Step.FINISHED:
        raise NotAllowed(
            f"the campaign {campaign.name!r} is finished",
            hint="Declare the next one, with a name of its own, in harness.toml.",
        )
    _complete_start(campaign)
    return campaign.state


def _begin(campaign: Campaign, bench: Workbench) -> None:
    git, checkout = campaign.git, campaign.checkout
    base = _base_branch(campaign)
    terms = terms_of(campaign)
    sealed = bench.baseline()
    head = git.head()
    if sealed.commit != head:
        raise NotAllowed(
            f"the baseline in {campaign.folder} is of commit {sealed.commit[:12]}, HEAD is"
            f" {head[:12]}",
            hint="A campaign starts at its baseline: check that commit out, or move the old"
            " records away.",
        )
    place = place_of(campaign, base, head)
    untracked = checkout.untracked()
    campaign.append(
        Kind.STARTED,
        name=campaign.name,
        terms=terms,
        git=place,
        baseline=sealed,
        commit=head,
        tree=checkout.fingerprint_at(head, untracked),
        untracked=untracked,
    )


def _base_branch(campaign: Campaign) -> str:
    """The branch that is checked out, with a clean tree and nothing in the way."""
    at = standing(campaign)
    way = before_start(at)
    if way is not None:
        raise refused(way)
    assert at.branch is not None
    return at.branch


def _complete_start(campaign: Campaign) -> None:
    """Make and check out the branch, commit the first records; whatever of it is not done yet."""
    git, place = campaign.git, campaign.state.place
    if len(campaign.events) > 1:
        campaign.demand_active()
        return
    if not git.has_branch(place.branch):
        git.create_branch(place.branch, place.base_commit)
    if git.branch() == place.base_branch:
        git.switch(place.branch)
    way = before_step(campaign.state, standing(campaign))
    if way is not None and way.action != "START":
        raise refused(way)
    subject = f"optim: start campaign {campaign.name}"
    campaign.commit_records(campaign.checkout.message(subject))


@dataclass(frozen=True, slots=True)
class Finished:
    """What `finish` has to say."""

    result: BenchOutcome | None
    merged: str
    """The commit that the base branch is at; empty where it was not merged."""
    tag: str
    because: str
    """Why it was not merged, or how."""


def finish(
    campaign: Campaign, bench: Workbench, *, merge: bool = True, budget_ns: int | None = None
) -> Finished:
    """Measure against the tag, profile again, write the summary, merge, tag the end."""
    campaign.demand_active()
    if campaign.state.step is not Step.FINISHED:
        campaign.permit(Move.FINISH)
        if campaign.state.pending is not Kind.FINISHING:
            campaign.append(Kind.FINISHING, **_last_result(campaign, bench, budget_ns))
        run_profile(campaign, bench)
        campaign.append(Kind.FINISHED)
    return _conclude(campaign, merge=merge)


def _last_result(campaign: Campaign, bench: Workbench, budget_ns: int | None) -> dict[str, object]:
    """The full workload, baseline against the last kept state; nothing where nothing was kept."""
    state = campaign.state
    if not state.kept:
        return {"result": None, "request": None}
    terms = state.agreed
    request = BenchRequest(
        kept=state.sealed.commit,
        baseline=state.sealed.commit,
        look=0,
        confidence=1 - terms.total_level,
        threshold=terms.threshold,
        budget_ns=budget_ns or terms.bench_budget_ns,
        full=terms.full_case is not None,
        objective=terms.objective,
    )
    return {"result": bench.bench(request), "request": request}


def _conclude(campaign: Campaign, *, merge: bool) -> Finished:
    """Commit the last records, merge and tag; whatever of it is not done yet."""
    git, state = campaign.git, campaign.state
    place = state.place
    result = state.ending.result if state.ending else None
    subject = f"optim: finish campaign {campaign.name}"
    if git.branch() == place.branch:
        campaign.commit_records(campaign.checkout.message(subject))
    if result is not None and not result.correct:
        return Finished(result, "", "", "the output is wrong on the full workload: not merged")
    if not merge:
        return Finished(result, "", "", f"not merged, as asked: git merge {place.branch}")
    merged = _merge(campaign, place)
    if git.tag(place.post_tag) is None:
        git.create_tag(place.post_tag, merged, f"End of campaign {campaign.name}")
    return Finished(result, merged, place.post_tag, f"{place.branch} into {place.base_branch}")


def _merge(campaign: Campaign, place: Place) -> str:
    """Merge the campaign's branch into its base; the base's new HEAD."""
    git = campaign.git
    ours, base = branch_ref(place.branch), branch_ref(place.base_branch)
    if git.is_ancestor(ours, base):
        if git.branch() == place.branch and git.worktree_of(place.base_branch) is None:
            git.switch(place.base_branch)
        return git.resolve(base)
    way = after_finish(campaign.state, standing(campaign))
    if way is not None and way.action != "FINISH":
        raise NotAllowed(
            f"it is not merged yet: {way.why}",
            hint=f"{way.line}; then harness campaign finish again, which tags the end.",
        )
    if git.branch() == place.branch:
        git.switch(place.base_branch)
    try:
        return git.merge(ours, f"Merge campaign {campaign.name}")
    except GitFailed as problem:
        git.switch(place.branch)
        raise GitFailed(
            f"the merge into {place.base_branch} was refused: {problem.message}",
            hint=f"Merge by hand (git switch {place.base_branch} && git merge {place.branch}),"
            " then run harness campaign finish again, which tags the end.",
        ) from None
