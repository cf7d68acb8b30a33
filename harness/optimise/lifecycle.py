"""The beginning and the end of a campaign: start, finish. Both can be called again after a kill."""

from __future__ import annotations

from dataclasses import replace

from harness.campaign.events import Kind
from harness.campaign.moves import Move, allows, permit
from harness.campaign.port import Workbench
from harness.campaign.standing import after_finish, before_start, before_step, no_branch, refused
from harness.campaign.state import State, Step
from harness.campaign.values import BenchOutcome, Terms, TestStatus
from harness.campaign.witness import chain_line
from harness.campaign.wrongs import wrong_in_look
from harness.errors import DataDamaged, ExitCode, NotAllowed
from harness.frozen import dataclass
from harness.model import Verdict
from harness.optimise import merging
from harness.optimise.blaming import TRIES, blamed
from harness.optimise.budgets import affordable
from harness.optimise.campaign import Campaign
from harness.optimise.failures import remembered
from harness.optimise.retrieving import put_records_back
from harness.optimise.standing import demand_active, place_of, standing
from harness.optimise.steps import decide, run_profile
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
        trusted=take_trusted(campaign, bench.programs(), bench.libraries()),
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
    measured: str = ""
    """How fast the merged state is, in words, where other commits were merged with it."""
    slower: bool = False
    """It is slower than what was decided: then nothing is tagged."""
    wrong: bool = False
    """The output of the last kept state is wrong: then nothing is merged."""

    @property
    def exit_code(self) -> ExitCode:
        """What `harness campaign finish` answers its shell: 0 unless something was wrong."""
        if self.slower or self.wrong:
            return ExitCode.ANSWER_IS_NO
        if self.failed is None and (self.result is None or self.result.correct):
            return ExitCode.FINE
        if self.failed is TestStatus.BUILD_FAILED:
            return ExitCode.BUILD
        return ExitCode.TRIAL if self.failed is TestStatus.CRASHED else ExitCode.ANSWER_IS_NO


@remembered("harness campaign finish")
def finish(
    campaign: Campaign,
    bench: Workbench,
    *,
    merge: bool = True,
    budget_ns: int | None = None,
    exhausted: str = "",
) -> Finished:
    """Measure against the tag, profile again, write the summary, merge, tag the end.

    `budget_ns` is that of each measurement. `exhausted` says why the loop ends before its time,
    where it has not ended yet.
    """
    demand_active(campaign)
    _demand_whole(campaign, bench)
    if exhausted:
        _end_loop(campaign, exhausted)
    if campaign.state.step is not Step.FINISHED:
        campaign.permit(Move.FINISH)
        known = campaign.state.wrong is not None and merge
        if not known and campaign.state.pending is not Kind.FINISHING:
            campaign.append(Kind.FINISHING, **_last_result(campaign, bench, budget_ns))
        if campaign.state.wrong is not None and merge:
            return _wrong(campaign)
        run_profile(campaign, bench)
        campaign.append(Kind.FINISHED)
    return _conclude(campaign, bench, merge=merge, budget_ns=budget_ns)


def _end_loop(campaign: Campaign, why: str) -> None:
    """Decide that the loop ends, where that is still open; nothing where it has ended.

    NotAllowed, with nothing written, inside of an iteration and where `finish` would be refused.
    """
    state, tree = campaign.state, campaign.tree()
    if state.step in (Step.FINISH, Step.FINISHED):
        return
    if not allows(Move.DECIDE, state, tree):
        way = Move.REVERT.value
        if allows(Move.GIVE_UP, state, tree):
            note = '--surprise "..." --why "..." --lesson "..."'
            way = f'{Move.GIVE_UP.value} "WHY" {note} --then auto'
        raise NotAllowed(
            f"the loop ends between two iterations, and iteration {len(state.iterations)} is open:"
            f" the campaign {campaign.name!r} waits for {state.step.value}",
            hint=f"Close it, as `harness next` says, or give it up: {way}. Then the same again.",
        )
    permit(Move.FINISH, replace(state, step=Step.FINISH), tree)
    decide(campaign, why)


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
    ends = sum(event.kind is Kind.FINISHING for event in campaign.events)
    request = replace(merging.final_request(campaign, state.sealed.commit, budget_ns), end=ends)
    result = bench.bench(request)
    needed = _still_needed(result, state.agreed)
    if budget_ns is None and needed is not None:
        request = replace(
            request, continues=request.look, spent_ns=request.budget_ns, budget_ns=needed
        )
        result = bench.bench(request)
    found = wrong_in_look(result)
    first = blamed(campaign, bench, found[0], TRIES) if found else None
    since = {"since": first.iteration} if first is not None and first.iteration else {}
    return {"result": result, "request": request, **since}


def _wrong(campaign: Campaign) -> Finished:
    """What is said of a last kept state that is wrong: the campaign is not finished with it."""
    state = campaign.state
    wrong, result = state.wrong, state.ending.result if state.ending else None
    assert wrong is not None
    by, at = "it did not show again in the kept states", state.kept_commit
    if wrong.iteration:
        iteration = state.iterations[wrong.iteration - 1]
        by, at = f"iteration {wrong.iteration} ({iteration.title}) brought it in", iteration.commit
    why = (
        f"the output is wrong on {wrong.shown.words}: not merged, and not finished; {by}:"
        f" {wrong.problem}. To see it: {wrong.shown.command(at)}. To take it back and keep the"
        f" other gains: {Move.TAKE_BACK.value}"
    )
    return Finished(result, "", "", why, wrong=True)


def _still_needed(result: BenchOutcome, terms: Terms) -> int | None:
    """The budget that decides every case, where one is open and it can be afforded."""
    open_ones = [case for case in result.results if case.cumulative.verdict is Verdict.UNDECIDED]
    budgets = [case.budget_needed_ns for case in open_ones]
    known = [budget for budget in budgets if budget is not None]
    if not result.correct or not known:
        return None
    return needed if (needed := max(known)) <= _STRETCH * terms.bench_budget_ns else None


def _conclude(
    campaign: Campaign, bench: Workbench, *, merge: bool, budget_ns: int | None
) -> Finished:
    """Commit the last records, merge, check what came of it, tag; whatever is not done yet."""
    git, state = campaign.git, campaign.state
    place = state.place
    result = state.ending.result if state.ending else None
    subject = f"optim: finish campaign {campaign.name}"
    way = after_finish(state, standing(campaign))
    if way is not None and way.action == "SWITCH":
        raise refused(way)
    if git.branch() == place.branch:
        campaign.commit_records(campaign.message(subject))
    if state.wrong is not None or (result is not None and not result.correct):
        why = "the output is wrong on the full workload: not merged"
        return Finished(result, "", "", why, wrong=True)
    if not merge:
        return Finished(result, "", "", f"not merged, as asked: git merge {place.branch}")
    before = git.resolve(branch_ref(place.base_branch))
    merged = merging.merge(campaign, place)
    found = merging.Merged()
    if git.tag(place.post_tag) is None:
        found = merging.checked(campaign, bench, merged, budget_ns)
        if found.problem:
            why = merging.taken_back(campaign, before, merged, found)
            slower = found.failed is None
            return Finished(result, "", "", why, found.failed, found.measured, slower)
        lines = (
            f"End of campaign {campaign.name}",
            found.measured,
            chain_line(campaign.events[-1]),
        )
        message = "\n\n".join(filter(None, lines)) + "\n"
        git.create_tag(place.post_tag, merged, message, campaign.signing_key)
    why = f"{place.branch} into {place.base_branch}"
    return Finished(result, merged, place.post_tag, why, measured=found.measured)
