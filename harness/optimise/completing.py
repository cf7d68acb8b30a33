"""What is left of an iteration in one call: test, look, entry, commit or revert, and decision.

It is the single steps one after the other, each with its gates and its event, as far as nothing is
left to choose: code that has to be repaired, a look that a larger budget would decide, and a result
that the note given ahead does not fit are left to the caller, who goes on from there by the single
steps or by the same call. What was interrupted is taken up by the next call.
"""

from __future__ import annotations

from dataclasses import field, replace

from harness.campaign.agreed import Decision
from harness.campaign.gates import check_note
from harness.campaign.iteration import Iteration
from harness.campaign.moves import Move
from harness.campaign.port import Workbench
from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.state import Step
from harness.campaign.values import BenchOutcome, TestOutcome
from harness.errors import HarnessError
from harness.frozen import dataclass
from harness.model.proposals import Reflection
from harness.optimise.advice import next_action
from harness.optimise.campaign import Campaign
from harness.optimise.keeping import Then, check_then, close
from harness.optimise.steps import (
    BenchOptions,
    bench_candidate,
    check_candidate,
    log,
    run_profile,
)


@dataclass(frozen=True, slots=True)
class Rest:
    """How the rest of an iteration is gone through."""

    then: Then
    note: Reflection | None = None
    """The entry, written before the result; None: it ends with the look."""
    bench: BenchOptions = field(default_factory=BenchOptions)


@dataclass(frozen=True, slots=True)
class Profiled:
    """The profile that the next thought rests on, where an iteration's end was to take it."""

    outcome: ProfileOutcome | None = None
    """None: no thought is due."""
    problem: str = ""
    """Why there is none although one is due."""


@dataclass(frozen=True, slots=True)
class Went:
    """How far it went."""

    test: TestOutcome | None = None
    """Of this call; None: the code was tested before."""
    bench: BenchOutcome | None = None
    iteration: Iteration | None = None
    """As it was closed; None: it is still open."""
    decision: Decision | None = None
    waits: str = ""
    """Why the note was not taken; empty: it was, or it did not come to that."""
    profiled: Profiled | None = None
    """None: it was not asked for, or the iteration is open."""


def complete(campaign: Campaign, workbench: Workbench, rest: Rest) -> Went:
    """Go through the rest of the open iteration, as far as nothing is left to choose.

    Raises what the single steps raise.
    """
    went = Went()
    if _is_open(campaign, Step.IMPLEMENT, Step.BENCHMARK):
        went = _measured(campaign, workbench, rest)
        hopeless = next_action(campaign).command.startswith(Move.GIVE_UP.value)
        if _is_open(campaign, Step.IMPLEMENT) or (
            _is_open(campaign, Step.BENCHMARK) and not hopeless
        ):
            return went
    if rest.note is None and _is_open(campaign, Step.BENCHMARK, Step.LOG):
        return went
    done = campaign.state.iterations
    if not done or (done[-1].closed and campaign.tree().changed):
        campaign.permit(Move.BENCH)  # which says what is allowed instead
    return _logged(campaign, workbench, rest, went)


def _is_open(campaign: Campaign, *steps: Step) -> bool:
    return campaign.state.iteration is not None and campaign.state.step in steps


def _measured(campaign: Campaign, workbench: Workbench, rest: Rest) -> Went:
    """Test what was not tested as it is, then look at what is right."""
    test, last = None, campaign.state.iterations[-1]
    if not last.tests or campaign.tree().fingerprint != last.tested_tree:
        test = check_candidate(campaign, workbench, full=False)
    if campaign.state.step is not Step.BENCHMARK:
        return Went(test)
    return Went(test, bench_candidate(campaign, workbench, rest.bench))


def _logged(campaign: Campaign, workbench: Workbench, rest: Rest, went: Went) -> Went:
    """Write the entry, where it fits the result, and close the iteration."""
    note = rest.note
    reason = "undecided" if _is_open(campaign, Step.BENCHMARK) else ""
    check_then(campaign, rest.then, abandoned=bool(reason))
    if note is not None and _is_open(campaign, Step.BENCHMARK, Step.LOG):
        last = campaign.state.iterations[-1]
        reason = reason or last.abandoned
        try:
            check_note(replace(last, abandoned=reason), note)
        except HarnessError as problem:
            return replace(went, waits=problem.message)
    if note is not None:
        log(campaign, note, reason)
    iteration, decision = close(campaign)
    profiled = profile_next(campaign, workbench) if rest.then is Then.PROFILE else None
    return replace(went, iteration=iteration, decision=decision, profiled=profiled)


def profile_next(campaign: Campaign, workbench: Workbench) -> Profiled:
    """The profile that the next thought rests on; after a revert it is the one that is there.

    What ended is recorded by now, so that a profiler which fails undoes nothing of it.
    """
    state = campaign.state
    if state.step not in (Step.PROFILE, Step.THINK) or state.wrong is not None:
        return Profiled()
    try:
        return Profiled(run_profile(campaign, workbench))
    except HarnessError as problem:
        return Profiled(problem=problem.message)
