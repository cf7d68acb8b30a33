"""The merge at the end of a campaign: tested and measured before it is tagged."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.campaign.agreed import CampaignGit as Place
from harness.campaign.chaining import known_noise
from harness.campaign.port import BenchRequest, Workbench, confirms, holds_tails
from harness.campaign.spending import final_confidence
from harness.campaign.standing import after_finish
from harness.campaign.values import CaseResult, TestStatus
from harness.errors import GitFailed, NotAllowed
from harness.frozen import dataclass
from harness.model import Verdict
from harness.optimise.campaign import Campaign
from harness.optimise.standing import standing
from harness.render.units import show_speed_up
from harness.system.git.writing import branch_ref


@dataclass(frozen=True, slots=True)
class Merged:
    """What was found of a merged state that has other code than what was measured."""

    problem: str = ""
    """Why it may not be tagged, in words; empty: it may."""
    what: str = "is not right"
    """What that means for it."""
    failed: TestStatus | None = None
    """How its test ended, where it did not pass."""
    measured: str = ""
    """How fast it is beside the last kept state, in words; empty: it is that state."""


def checked(
    campaign: Campaign, bench: Workbench, merged: str, budget_ns: int | None = None
) -> Merged:
    """Test the merged state, and measure it against the last kept one.

    What is merged without anything else is what was measured, and needs nothing more.
    """
    state, checkout = campaign.state, campaign.checkout
    if checkout.code_at(merged) == checkout.code_at(state.kept_commit):
        return Merged()
    cases = (False, True) if state.agreed.full_case is not None else (False,)
    with _checked_out(campaign, merged):
        for full in cases:
            tested = bench.test(full=full)
            if tested.status is not TestStatus.PASSED:
                how = f"{tested.status.value} on {tested.case}: {tested.summary}"
                return Merged(how, failed=tested.status)
        if not state.kept:
            return Merged()  # no figure was given that could no longer be true
        outcome = bench.merged(final_request(campaign, state.kept_commit, budget_ns))
    return _judged(outcome.results)


def final_request(campaign: Campaign, kept: str, budget_ns: int | None) -> BenchRequest:
    """A comparison with the commit `kept`, as the end of a campaign is measured."""
    state, terms = campaign.state, campaign.state.agreed
    return BenchRequest(
        kept=kept,
        baseline=state.sealed.commit,
        look=0,
        confidence=final_confidence(terms),
        threshold=terms.threshold,
        budget_ns=budget_ns or terms.bench_budget_ns,
        full=terms.full_case is not None,
        objective=terms.objective,
        guards=terms.guards,
        cases=terms.cases,
        weighed=terms.weighs,
        noise=known_noise(state) if terms.weighs else (),
        tails=holds_tails(terms),
        confirm=confirms(terms),
    )


def _judged(cases: Sequence[CaseResult]) -> Merged:
    """May a merged state of these figures carry the campaign's own? Not where it is slower."""
    wrong = next((case for case in cases if not case.correct), None)
    if wrong is not None:
        how = f"{wrong.case}: {wrong.crashed or wrong.problem}"
        return Merged(how, failed=TestStatus.CRASHED if wrong.crashed else TestStatus.WRONG)
    words = "; ".join(
        f"{case.case} {show_speed_up(case.step.estimate)}, {case.step.verdict.value}"
        for case in cases
    )
    measured = f"the merged state beside the one that was decided: {words}"
    if any(case.step.verdict in (Verdict.SLOWER, Verdict.MIXED) for case in cases):
        return Merged(words, "is slower than what was decided", measured=measured)
    return Merged(measured=measured)


@contextlib.contextmanager
def _checked_out(campaign: Campaign, commit: str) -> Iterator[None]:
    """Have a commit here for a while: its branch may be checked out in another worktree."""
    git, branch = campaign.git, campaign.git.branch()
    if git.head() == commit or branch is None:
        yield
        return
    git.run("switch", "--quiet", "--detach", commit)
    try:
        yield
    finally:
        git.switch(branch)


def taken_back(campaign: Campaign, before: str, merged: str, found: Merged) -> str:
    """Put the base branch back to before our merge; a merge made by hand stays. Returns why."""
    git, place = campaign.git, campaign.state.place
    how = " ".join(found.problem.split())
    what = f"the merged state {found.what}, so it is not tagged: {how}"
    ours = git.message(merged).startswith(_merge_subject(campaign))
    if ours and before == merged:  # an earlier call was ended between its merge and its test
        before = git.resolve(f"{merged}^1")
    tips = (before, git.resolve(branch_ref(place.branch)))
    campaign.checkout.keep_unfit(merged, tips, how)
    if before == merged:
        return f"{what}; mend it on {place.base_branch}, commit, and finish again"
    git.switch(place.branch)
    git.update_ref(f"refs/heads/{place.base_branch}", before, merged)
    return (
        f"{what}; {place.base_branch} is where it was. On {place.branch}: git merge"
        f" {place.base_branch}, mend it, commit, and finish again"
    )


def _merge_subject(campaign: Campaign) -> str:
    return f"{campaign.state.agreed.commit_prefix}Merge campaign {campaign.name}"


def merge(campaign: Campaign, place: Place) -> str:
    """Merge the campaign's branch into its base; the base's new HEAD."""
    git = campaign.git
    ours, base = branch_ref(place.branch), branch_ref(place.base_branch)
    if git.is_ancestor(ours, base):
        if git.branch() == place.branch and git.worktree_of(place.base_branch) is None:
            git.switch(place.base_branch)
        return git.resolve(base)
    # What is known to fail its test is tested again: whoever asks may have mended the machine.
    way = after_finish(campaign.state, replace(standing(campaign), unfit=""))
    if way is not None and way.action != "FINISH":
        raise NotAllowed(
            f"it is not merged yet: {way.why}",
            hint=f"{way.line}; then harness campaign finish again, which tags the end.",
        )
    if git.branch() == place.branch:
        git.switch(place.base_branch)
    try:
        return git.merge(ours, _merge_subject(campaign))
    except GitFailed as problem:
        git.switch(place.branch)
        raise GitFailed(
            f"the merge into {place.base_branch} was refused: {problem.message}",
            hint=f"Merge by hand (git switch {place.base_branch} && git merge {place.branch}),"
            " then run harness campaign finish again, which tags the end.",
        ) from None
