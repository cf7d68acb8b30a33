"""The steps of an iteration up to its log: each checks its gates, acts, and writes its event.

Every step is idempotent: called again with the same input it answers the same and writes nothing.
All of them want the campaign's lock (`Campaign.locked`).
"""

from __future__ import annotations

from dataclasses import replace

from harness.campaign.agreed import Decision
from harness.campaign.alike import change_digest
from harness.campaign.chaining import chained, known_noise
from harness.campaign.events import Kind
from harness.campaign.flagging import with_flags
from harness.campaign.folding import apply
from harness.campaign.gates import check_note, check_plan, check_thought
from harness.campaign.iteration import Iteration
from harness.campaign.moves import Move, permit
from harness.campaign.port import BenchRequest, Workbench, confirms, holds_tails
from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.spending import attempt_confidence, confidence_of
from harness.campaign.state import Step
from harness.campaign.stopping import decision_by_rules as decide_by_rules
from harness.campaign.values import BenchOutcome, TestOutcome, TestStatus
from harness.campaign.wrongs import wrong_in_look, wrong_in_test
from harness.errors import NotAllowed, UsageError
from harness.frozen import dataclass
from harness.model.proposals import Plan, Reflection, Thought
from harness.optimise.blaming import to_blame
from harness.optimise.campaign import Campaign
from harness.optimise.failures import remembered
from harness.optimise.standing import demand_active
from harness.optimise.trusting import check

_BETWEEN = (Step.PROFILE, Step.THINK)


@remembered(Move.PROFILE.value)
def run_profile(campaign: Campaign, bench: Workbench) -> ProfileOutcome:
    """PROFILE: where the last kept state spends its time."""
    demand_active(campaign)
    state = campaign.state
    known = state.profile if state.profiled_tree == state.kept_tree else None
    if known is not None and state.step in (Step.THINK, Step.FINISH):
        return known
    campaign.permit(Move.PROFILE)
    outcome = bench.profile()
    campaign.append(Kind.PROFILED, tree=state.kept_tree, outcome=outcome)
    return outcome


def think(campaign: Campaign, thought: Thought, planned: Plan | None = None) -> Iteration:
    """THINK: register a prediction before the code changes; and PLAN, where one is given with it.

    A plan that is not complete is refused before anything is registered.
    """
    demand_active(campaign)
    if planned is not None:
        check_plan(planned)
    iteration = _think(campaign, thought)
    return iteration if planned is None else plan(campaign, planned)


def _think(campaign: Campaign, thought: Thought) -> Iteration:
    open_one = campaign.state.iteration
    if open_one is not None and open_one.thought == thought:
        return open_one
    campaign.permit(Move.THINK)
    check_thought(campaign.state, thought)
    stop = decide_by_rules(campaign.state, campaign.state.last_at_ns)
    if stop.stop:
        raise NotAllowed(f"the loop has ended: {stop.reason}", hint="Allowed: harness decide.")
    campaign.append(Kind.THOUGHT, thought=thought, tree=campaign.state.kept_tree)
    return campaign.state.iterations[-1]


def plan(campaign: Campaign, planned: Plan) -> Iteration:
    """PLAN: say what will be tried, and why."""
    demand_active(campaign)
    open_one = campaign.state.iteration
    if open_one is not None and open_one.plan == planned:
        return open_one
    campaign.permit(Move.PLAN)
    check_plan(planned)
    campaign.append(Kind.PLANNED, plan=planned)
    return campaign.state.iterations[-1]


@remembered(Move.TEST.value)
def check_candidate(campaign: Campaign, bench: Workbench, *, full: bool) -> TestOutcome:
    """TEST: is the output still right? A failed build is to be repaired, a wrong output ends it."""
    demand_active(campaign)
    state, tree = campaign.state, campaign.tree()
    open_one = state.iteration
    case = state.agreed.full_case if full else state.agreed.case
    known = open_one.test if open_one and open_one.tested_tree == tree.fingerprint else None
    if known is not None and (known.case == case or known.status is not TestStatus.PASSED):
        return known
    permit(Move.TEST, state, tree)
    outcome = bench.test(full=full)
    _demand_still(campaign, tree.fingerprint, "tested")
    change = ""
    if outcome.status is TestStatus.PASSED:
        change = change_digest(campaign.checkout.keep_tested(state.kept_commit, tree.changed))
    right = outcome.status in (TestStatus.PASSED, TestStatus.BUILD_FAILED)
    wrong = None if right else wrong_in_test(outcome)
    blamed = to_blame(campaign, bench, wrong)
    campaign.append(Kind.TESTED, tree=tree.fingerprint, outcome=outcome, change=change, **blamed)
    return outcome


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What the command line says of a bench."""

    full: bool = False
    budget_ns: int | None = None
    again: bool = False
    """Look again although the budget is not larger."""


@remembered(Move.BENCH.value)
def bench_candidate(
    campaign: Campaign, workbench: Workbench, options: BenchOptions
) -> BenchOutcome:
    """BENCHMARK: is it faster than the last kept state and the baseline? Each look is counted."""
    demand_active(campaign)
    state, tree = campaign.state, campaign.tree()
    open_one = state.iteration
    known = open_one.bench if open_one and open_one.tested_tree == tree.fingerprint else None
    budget_ns = options.budget_ns or state.agreed.bench_budget_ns
    if known is not None:
        more = options.again or budget_ns > last_budget_ns(campaign)
        if state.step is not Step.BENCHMARK or not more:
            return known
    permit(Move.BENCH, state, tree)
    request = _under_way(campaign, workbench)
    if request is None:
        request = _request(campaign, budget_ns, full=options.full or state.full_due)
        if known is not None:
            request = _continued(campaign, request)
        # Written before anything is measured: a look that is killed has spent its share of the
        # error.
        campaign.append(Kind.BENCHING, request=request)
    outcome = workbench.bench(request)
    if request.weighed:
        outcome = chained(state, outcome, goes_on=request.continues is not None)
    outcome = with_flags(state, outcome)
    _demand_still(campaign, tree.fingerprint, "measured")
    blamed = to_blame(campaign, workbench, wrong_in_look(outcome))
    told = {"tree": tree.fingerprint, "request": request, "outcome": outcome}
    campaign.append(Kind.BENCHED, **told, **blamed)
    return outcome


def _under_way(campaign: Campaign, workbench: Workbench) -> BenchRequest | None:
    """The look that a call began and did not wait for, where it goes on; it is spent already."""
    last = campaign.events[-1]
    if last.kind is not Kind.BENCHING:
        return None
    request = last.value("request", BenchRequest)
    return request if workbench.under_way(request) else None


def _request(campaign: Campaign, budget_ns: int, *, full: bool) -> BenchRequest:
    state = campaign.state
    if full and state.agreed.full_case is None:
        raise UsageError(
            f"the campaign {campaign.name!r} has no full case",
            hint="full_case in harness.toml, before the campaign starts.",
        )
    look = state.looks + 1
    request = BenchRequest(
        kept=state.kept_commit,
        baseline=state.sealed.commit,
        look=look,
        confidence=confidence_of(look, state.agreed),
        threshold=state.agreed.threshold,
        budget_ns=budget_ns,
        full=full,
        objective=state.agreed.objective,
        tails=holds_tails(state.agreed),
        confirm=confirms(state.agreed),
        guards=state.agreed.guards,
        cases=state.agreed.cases,
    )
    if not state.agreed.weighs:
        return request
    attempt = state.attempts + 1
    return replace(
        request,
        attempt=attempt,
        weighed=True,
        confidence=attempt_confidence(attempt, len(state.kept), state.agreed),
        noise=known_noise(state),
    )


def _continued(campaign: Campaign, request: BenchRequest) -> BenchRequest:
    """The request as one that goes on with the last look, which decided nothing.

    Its interval is that of all blocks together at the level of the new look: each look's level
    holds however long it goes on, and all of them add up to the campaign's. A weighed look goes on
    at its own level and with the noise that was known before it: its evidence is one.
    """
    looks = [e for e in campaign.events if e.kind is Kind.BENCHED]
    last = looks[-1].value("request", BenchRequest)
    if request.weighed:
        request = replace(
            request, attempt=last.attempt, confidence=last.confidence, noise=last.noise
        )
        # Weighed looks may end early: what they did not use of their budget is not spent.
        cases = looks[-1].value("outcome", BenchOutcome).together
        took = max(case.blocks * case.block_ns for case in cases)
        last = replace(last, budget_ns=min(last.budget_ns, took))
    # Asked again for no more than was spent, as much is added.
    more = request.budget_ns if request.budget_ns <= last.budget_ns else 0
    return replace(
        request,
        continues=last.look,
        spent_ns=last.budget_ns,
        budget_ns=max(request.budget_ns, last.budget_ns + more),
    )


def last_budget_ns(campaign: Campaign) -> int:
    """The budget of the last look that was answered: one that was interrupted says nothing."""
    looks = [e for e in campaign.events if e.kind is Kind.BENCHED]
    return looks[-1].value("request", BenchRequest).budget_ns if looks else 0


def _demand_still(campaign: Campaign, fingerprint: str, done: str) -> None:
    """Neither the code nor what decides beside it changed while it was tested or measured."""
    check(campaign)
    if campaign.tree().fingerprint != fingerprint:
        raise NotAllowed(
            f"the code changed while it was {done}; the result is not recorded",
            hint="Leave the files alone while the harness works, and run harness test again.",
        )


def log(campaign: Campaign, note: Reflection, abandon: str = "") -> Iteration:
    """LOG: the surprise, after the result; `abandon` is the reason to give the iteration up.

    What is refused is refused before anything is written: an iteration is not given up by a call
    whose entry is incomplete.
    """
    demand_active(campaign)
    last = campaign.state.iterations[-1] if campaign.state.iterations else None
    if last is not None and last.note == note and last.abandoned == abandon:
        return last
    if abandon and not (last and last.abandoned == abandon):
        _abandon(campaign, note, abandon)
    if campaign.state.step is Step.BENCHMARK and last is not None and last.benches:
        raise NotAllowed(
            "the last look decided nothing, so there is no result to be logged",
            hint="Look longer (harness bench --budget), or give it up: harness log --abandon WHY.",
        )
    campaign.permit(Move.LOG)
    check_note(campaign.state.iterations[-1], note)
    campaign.append(Kind.LOGGED, note=note)
    return campaign.state.iterations[-1]


def _abandon(campaign: Campaign, note: Reflection, reason: str) -> None:
    tree = campaign.permit(Move.GIVE_UP)
    draft = campaign.draft(Kind.ABANDONED, reason=reason)
    after = apply(campaign.state, draft)
    permit(Move.LOG, after, tree)
    check_note(after.iterations[-1], note)
    campaign.record(draft)


def decide(campaign: Campaign, exhausted: str = "") -> Decision:
    """DECIDE: go on or stop, by the guide's criteria."""
    demand_active(campaign)
    state = campaign.state
    if state.step is Step.FINISH and state.decision is not None:
        return state.decision
    campaign.permit(Move.DECIDE)
    draft = campaign.draft(Kind.DECIDED)
    decision = decide_by_rules(state, draft.at_ns, exhausted)
    if state.step in _BETWEEN and state.decision is not None and not decision.stop:
        return state.decision
    # The event bears the moment at which it was decided: `verify` decides by that again.
    data = campaign.draft(Kind.DECIDED, decision=decision, exhausted=exhausted).data
    campaign.record(replace(draft, data=data))
    return decision


def skip(campaign: Campaign, bottleneck: str, reason: str) -> None:
    """Give a bottleneck up, between iterations; the reason is kept for who comes next."""
    demand_active(campaign)
    state = campaign.state
    if not reason.strip():
        raise UsageError("a skip needs its reason", hint='--reason "why you are stuck"')
    if state.skipped.get(bottleneck) == reason:
        return
    if bottleneck in state.skipped:
        raise NotAllowed(f"{bottleneck!r} was skipped already: {state.skipped[bottleneck]}")
    campaign.permit(Move.SKIP)
    attacked = {i.thought.prediction.bottleneck for i in state.iterations}
    shown = {row.name for row in state.profile.rows} if state.profile else set()
    if bottleneck not in attacked | shown:
        raise UsageError(
            f"no bottleneck {bottleneck!r}; the last profile shows {', '.join(sorted(shown))}"
        )
    campaign.append(Kind.SKIPPED, bottleneck=bottleneck, reason=reason)
