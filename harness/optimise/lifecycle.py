"""The beginning and the end of a campaign: start, finish. Both can be called again after a kill."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from harness.campaign.agreed import CampaignGit as Place
from harness.campaign.chaining import known_noise
from harness.campaign.events import Kind
from harness.campaign.moves import Move
from harness.campaign.port import BenchRequest, Workbench
from harness.campaign.spending import final_confidence
from harness.campaign.standing import after_finish, before_start, before_step, no_branch, refused
from harness.campaign.state import State, Step
from harness.campaign.values import BenchOutcome, Terms, TestOutcome, TestStatus
from harness.campaign.witness import chain_line
from harness.errors import DataDamaged, ExitCode, GitFailed, NotAllowed
from harness.frozen import dataclass
from harness.model import Verdict
from harness.optimise.budgets import affordable
from harness.optimise.campaign import Campaign
from harness.optimise.failures import remembered
from harness.optimise.retrieving import put_records_back
from harness.optimise.standing import demand_active, place_of, standing
from harness.optimise.steps import run_profile
from harness.optimise.terms import terms_of
from harness.optimise.trusting import take_trusted
from harness.optimise.verify import damage, verify
from harness.system.git.writing import branch_ref

_STRETCH = 10
"""The last comparison goes on where at most this many times the agreed budget decides it."""


@remembered("harness campaign start")
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


def demand_startable(campaign: Campaign) -> None:
    """NotAllowed or ConfigError where a start would be refused, before anything is written."""
    if not campaign.started:
        terms_of(campaign)
        _base_branch(campaign)


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
        terms=affordable(terms, sealed),
        git=place,
        baseline=sealed,
        commit=head,
        tree=checkout.fingerprint_at(head, untracked),
        untracked=untracked,
        trusted=take_trusted(campaign, bench.programs()),
    )


def _base_branch(campaign: Campaign) -> str:
    """The branch that is checked out, with a clean tree and nothing in the way."""
    at = standing(campaign)
    way = before_start(at)
    if way is not None:
        raise refused(way)
    if at.branch is None:
        raise refused(no_branch(at))
    return at.branch


def _complete_start(campaign: Campaign) -> None:
    """Make and check out the branch, commit the first records; whatever of it is not done yet."""
    git, place = campaign.git, campaign.state.place
    if len(campaign.events) > 1:
        demand_active(campaign)
        return
    if not git.has_branch(place.branch):
        git.create_branch(place.branch, place.base_commit)
    if git.branch() == place.base_branch:
        git.switch(place.branch)
    if git.branch() == place.branch:
        # A branch that was deleted took its records from the tree with it; their ref has them.
        put_records_back(campaign)
    way = before_step(campaign.state, standing(campaign))
    if way is not None and way.action != "START":
        raise refused(way)
    campaign.records.guard()
    subject = f"optim: start campaign {campaign.name}"
    campaign.commit_records(campaign.message(subject))


@dataclass(frozen=True, slots=True)
class Finished:
    """What `finish` has to say."""

    result: BenchOutcome | None
    merged: str
    """The commit that the base branch is at; empty where it was not merged."""
    tag: str
    because: str
    """Why it was not merged, or how."""
    failed: TestStatus | None = None
    """How the test of the merged state ended, where it did not pass: then nothing is tagged."""

    @property
    def exit_code(self) -> ExitCode:
        """What `harness campaign finish` answers its shell: 0 unless something was wrong."""
        if self.failed is None and (self.result is None or self.result.correct):
            return ExitCode.FINE
        if self.failed is TestStatus.BUILD_FAILED:
            return ExitCode.BUILD
        return ExitCode.TRIAL if self.failed is TestStatus.CRASHED else ExitCode.ANSWER_IS_NO


@remembered("harness campaign finish")
def finish(
    campaign: Campaign, bench: Workbench, *, merge: bool = True, budget_ns: int | None = None
) -> Finished:
    """Measure against the tag, profile again, write the summary, merge, tag the end."""
    demand_active(campaign)
    _demand_whole(campaign, bench)
    if campaign.state.step is not Step.FINISHED:
        campaign.permit(Move.FINISH)
        if campaign.state.pending is not Kind.FINISHING:
            campaign.append(Kind.FINISHING, **_last_result(campaign, bench, budget_ns))
        run_profile(campaign, bench)
        campaign.append(Kind.FINISHED)
    return _conclude(campaign, bench, merge=merge)


def _demand_whole(campaign: Campaign, bench: Workbench) -> None:
    """DataDamaged where `verify` finds damage: nothing is merged that cannot be proven.

    Records that lie on a branch which is not checked out were looked at before it was left.
    """
    if campaign.git.branch() != campaign.state.place.branch:
        return
    # Logs are rendered anew by every step: what a git command did to them is no damage.
    campaign.warnings += campaign.records.refresh(campaign.events, campaign.state)
    found = verify(campaign, bench)
    if not found.ok:
        problem = damage(found)
        hint = f"`harness verify` shows all, `harness next` what can be restored. {problem.hint}"
        raise DataDamaged(problem.message, hint=hint)


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
        confidence=final_confidence(terms),
        threshold=terms.threshold,
        budget_ns=budget_ns or terms.bench_budget_ns,
        full=terms.full_case is not None,
        objective=terms.objective,
        weighed=terms.weighs,
        noise=known_noise(state) if terms.weighs else (),
    )
    result = bench.bench(request)
    needed = _still_needed(result, terms)
    if budget_ns is None and needed is not None:
        request = replace(
            request, continues=request.look, spent_ns=request.budget_ns, budget_ns=needed
        )
        result = bench.bench(request)
    return {"result": result, "request": request}


def _still_needed(result: BenchOutcome, terms: Terms) -> int | None:
    """The budget that decides every case, where one is open and it can be afforded."""
    cases = [case for case in (result.fast, result.full) if case is not None]
    open_ones = [case for case in cases if case.cumulative.verdict is Verdict.UNDECIDED]
    budgets = [case.budget_needed_ns for case in open_ones]
    known = [budget for budget in budgets if budget is not None]
    if not result.correct or not known:
        return None
    return needed if (needed := max(known)) <= _STRETCH * terms.bench_budget_ns else None


def _conclude(campaign: Campaign, bench: Workbench, *, merge: bool) -> Finished:
    """Commit the last records, merge, test what came of it, tag; whatever is not done yet."""
    git, state = campaign.git, campaign.state
    place = state.place
    result = state.ending.result if state.ending else None
    subject = f"optim: finish campaign {campaign.name}"
    way = after_finish(state, standing(campaign))
    if way is not None and way.action == "SWITCH":
        raise refused(way)
    if git.branch() == place.branch:
        campaign.commit_records(campaign.message(subject))
    if result is not None and not result.correct:
        return Finished(result, "", "", "the output is wrong on the full workload: not merged")
    if not merge:
        return Finished(result, "", "", f"not merged, as asked: git merge {place.branch}")
    before = git.resolve(branch_ref(place.base_branch))
    merged = _merge(campaign, place)
    if git.tag(place.post_tag) is None:
        tested = _tested(campaign, bench, merged)
        if tested is not None:
            why = _taken_back(campaign, before, merged, tested)
            return Finished(result, "", "", why, tested.status)
        message = f"End of campaign {campaign.name}\n\n{chain_line(campaign.events[-1])}\n"
        git.create_tag(place.post_tag, merged, message, campaign.signing_key)
    return Finished(result, merged, place.post_tag, f"{place.branch} into {place.base_branch}")


def _tested(campaign: Campaign, bench: Workbench, merged: str) -> TestOutcome | None:
    """How the test of the merged state ended where it did not pass; None where all is well.

    What is merged without anything else is what was measured, and needs no other test.
    """
    state = campaign.state
    checkout = campaign.checkout
    if checkout.code_at(merged) == checkout.code_at(state.kept_commit):
        return None
    cases = (False, True) if state.agreed.full_case is not None else (False,)
    with _checked_out(campaign, merged):
        outcomes = (bench.test(full=full) for full in cases)
        return next((o for o in outcomes if o.status is not TestStatus.PASSED), None)


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


def _taken_back(campaign: Campaign, before: str, merged: str, tested: TestOutcome) -> str:
    """Put the base branch back to before our merge; a merge made by hand stays. Returns why."""
    git, place = campaign.git, campaign.state.place
    how = " ".join(f"{tested.status.value} on {tested.case}: {tested.summary}".split())
    what = f"the merged state is not right, so it is not tagged: {how}"
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


def _merge(campaign: Campaign, place: Place) -> str:
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
