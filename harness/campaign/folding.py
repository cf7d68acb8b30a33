"""The fold that makes a campaign's state of its events; pure.

`fold(events)` is the only way in which a state comes to be: `NotStarted` without events, `State`
after the first one. It refuses a sequence that the state machine does not allow, so that a journal
which was pieced together by another hand is found out even where its digests fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.campaign.agreed import CampaignGit, Decision, Ending
from harness.campaign.events import Event, Kind
from harness.campaign.flag_lines import standing_flags
from harness.campaign.iteration import Iteration, Outcome, TriedVariant, bench_outcome
from harness.campaign.port import SealedBaseline
from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.sightings import Acknowledged, Flag
from harness.campaign.state import NotStarted, Progress, State, Step
from harness.campaign.trust_rules import TrustChange
from harness.campaign.values import BenchOutcome, Terms, TestOutcome, TestStatus
from harness.campaign.wrongs import Counterexample, KnownWrong, wrong_in_look, wrong_in_test
from harness.errors import DataDamaged
from harness.model.held import Trusted
from harness.model.proposals import Plan, Reflection, Thought


def fold(events: Iterable[Event]) -> Progress:
    """The state after these events; DataDamaged naming the first one that may not be there."""
    progress: Progress = NotStarted()
    for event in events:
        progress = apply(progress, event)
    return progress


def apply(before: Progress, event: Event) -> State:
    """The state after one more event."""
    allowed = _ALLOWED[event.kind]
    if before.step not in allowed:
        want = " or ".join(sorted(step.value for step in allowed))
        raise DataDamaged(
            f"event {event.number}: {event.kind.value!r} in state {before.step.value} (it belongs"
            f" in {want})",
            hint=_ANOTHER_HAND,
        )
    after = _started(event) if isinstance(before, NotStarted) else _APPLY[event.kind](before, event)
    return replace(after, last_at_ns=event.at_ns, events=event.number)


_ANOTHER_HAND = "The journal was not written by the harness alone."
_BETWEEN = frozenset({Step.PROFILE, Step.THINK})

_ALLOWED: Mapping[Kind, frozenset[Step]] = {
    Kind.STARTED: frozenset({Step.START}),
    Kind.PROFILED: frozenset({Step.PROFILE, Step.THINK, Step.FINISH}),
    Kind.THOUGHT: frozenset({Step.THINK}),
    Kind.PLANNED: frozenset({Step.PLAN}),
    Kind.TRIED: frozenset({Step.IMPLEMENT}),
    Kind.TESTED: frozenset({Step.IMPLEMENT, Step.BENCHMARK}),
    Kind.BENCHING: frozenset({Step.BENCHMARK}),
    Kind.BENCHED: frozenset({Step.BENCHMARK}),
    Kind.ABANDONED: frozenset({Step.PLAN, Step.IMPLEMENT, Step.BENCHMARK, Step.LOG, Step.COMMIT}),
    Kind.LOGGED: frozenset({Step.LOG}),
    Kind.COMMITTING: frozenset({Step.COMMIT}),
    Kind.COMMITTED: frozenset({Step.COMMIT}),
    Kind.REVERTING: frozenset({Step.REVERT}),
    Kind.REVERTED: frozenset({Step.REVERT}),
    Kind.TAKEN_BACK: frozenset({Step.DECIDE, Step.FINISH, *_BETWEEN}),
    Kind.DECIDED: frozenset({Step.DECIDE, *_BETWEEN}),
    Kind.SKIPPED: frozenset({Step.DECIDE, *_BETWEEN}),
    Kind.TRUSTED: frozenset(Step) - {Step.START, Step.FINISHED},
    Kind.ACKNOWLEDGED: frozenset(Step) - {Step.START, Step.BENCHMARK, Step.FINISHED},
    Kind.FINISHING: frozenset({Step.FINISH}),
    Kind.FINISHED: frozenset({Step.FINISH}),
}


def _started(event: Event) -> State:
    return State(
        name=event.value("name", str),
        step=Step.PROFILE,
        agreed=event.value("terms", Terms),
        place=event.value("git", CampaignGit),
        sealed=event.value("baseline", SealedBaseline),
        kept_tree=event.value("tree", str),
        kept_commit=event.value("commit", str),
        untracked=event.value("untracked", tuple[str, ...]),
        started_at_ns=event.at_ns,
        trusted=event.value("trusted", Trusted) if "trusted" in event.data else None,
    )


def _trusted(state: State, event: Event) -> State:
    change = TrustChange(
        event.at_ns, event.value("changes", tuple[str, ...]), event.value("reason", str)
    )
    return replace(
        state,
        trusted=event.value("trusted", Trusted),
        trust_changes=(*state.trust_changes, change),
    )


def _profiled(state: State, event: Event) -> State:
    step = Step.FINISH if state.step is Step.FINISH else Step.THINK
    return replace(
        state,
        step=step,
        profile=event.value("outcome", ProfileOutcome),
        profiled_tree=event.value("tree", str),
    )


def _thought(state: State, event: Event) -> State:
    if state.profile is None:
        raise DataDamaged(
            f"event {event.number}: {event.kind.value!r} before anything was profiled",
            hint=_ANOTHER_HAND,
        )
    number, rules = len(state.iterations) + 1, state.agreed.rules
    thought = event.value("thought", Thought)
    fresh = Iteration(number, thought, state.profile, event.at_ns, rules=rules)
    return replace(state, step=Step.PLAN, iterations=(*state.iterations, fresh), decision=None)


def _change(state: State, step: Step, **changes: object) -> State:
    """The last iteration with some fields changed, and the next step."""
    *before, last = state.iterations
    changed = replace(last, **changes)  # type: ignore[arg-type]
    return replace(state, step=step, iterations=(*before, changed))


def _planned(state: State, event: Event) -> State:
    return _change(state, Step.IMPLEMENT, plan=event.value("plan", Plan))


def _tried(state: State, event: Event) -> State:
    raced = event.value("variants", tuple[TriedVariant, ...])
    return _change(state, Step.IMPLEMENT, tried=(*state.iterations[-1].tried, *raced))


def _tested(state: State, event: Event) -> State:
    outcome = event.value("outcome", TestOutcome)
    step = {
        TestStatus.PASSED: Step.BENCHMARK,
        TestStatus.WRONG: Step.LOG,
        TestStatus.BUILD_FAILED: Step.IMPLEMENT,
        TestStatus.CRASHED: Step.IMPLEMENT,
    }[outcome.status]
    *before, last = state.iterations
    tests = (*last.tests, (event.value("tree", str), outcome))
    change = event.value("change", str) if "change" in event.data else ""
    like = tuple(i.number for i in before if change and i.change == change)
    if since := _since(event):
        return _found_wrong(state, since, wrong_in_test(outcome), tests=tests)
    blamed = _wrong_parts(event)
    return _change(state, step, tests=tests, change=change, like=like, wrong_parts=blamed)


def _since(event: Event) -> int:
    """The kept iteration whose error was found; 0: none, or the candidate's own."""
    return event.value("since", int) if "since" in event.data else 0


def _wrong_parts(event: Event) -> tuple[str, ...]:
    """The commits of the candidate's parts that are wrong by themselves."""
    return event.value("wrong_parts", tuple[str, ...]) if "wrong_parts" in event.data else ()


def _found_wrong(
    state: State, since: int, found: tuple[Counterexample, str] | None, **changes: object
) -> State:
    """The candidate is not judged: what it stands on is wrong."""
    if found is not None:
        state = replace(state, wrong=KnownWrong(*found, since))
    return _change(state, Step.LOG, since=since, **changes)


def _benching(state: State, event: Event) -> State:
    begun = event.data.get("request", {}).get("continues") is None  # one that is killed counts too
    return replace(state, looks=state.looks + 1, attempts=state.attempts + begun)


def _benched(state: State, event: Event) -> State:
    outcome = event.value("outcome", BenchOutcome)
    benches = (*state.iterations[-1].benches, (event.value("tree", str), outcome))
    if since := _since(event):
        return _found_wrong(state, since, wrong_in_look(outcome), benches=benches)
    undecided = bench_outcome(outcome) is Outcome.UNDECIDED
    step, blamed = Step.BENCHMARK if undecided else Step.LOG, _wrong_parts(event)
    return _change(state, step, benches=benches, wrong_parts=blamed)


def _abandoned(state: State, event: Event) -> State:
    return _change(replace(state, pending=None), Step.LOG, abandoned=event.value("reason", str))


def _logged(state: State, event: Event) -> State:
    keep = state.iterations[-1].outcome is Outcome.KEPT
    return _change(
        state, Step.COMMIT if keep else Step.REVERT, note=event.value("note", Reflection)
    )


def _intent(state: State, event: Event) -> State:
    return replace(state, pending=event.kind)


def _committed(state: State, event: Event) -> State:
    kept = replace(
        state,
        pending=None,
        kept_tree=event.value("tree", str),
        kept_commit=event.value("commit", str),
    )
    return _change(kept, Step.DECIDE, commit=event.value("commit", str), closed=True)


def _reverted(state: State, event: Event) -> State:
    back = replace(state, pending=None)
    return _change(back, Step.DECIDE, attempt=event.value("attempt", str), closed=True)


def _taken_back(state: State, event: Event) -> State:
    tree, reason = event.value("tree", str), event.value("reason", str)
    numbers = event.value("iterations", tuple[int, ...])
    kept = {i.number for i in state.kept}
    if not numbers or not kept.issuperset(numbers):
        raise DataDamaged(
            f"event {event.number}: {event.kind.value!r} of iterations that are not kept",
            hint=_ANOTHER_HAND,
        )
    return replace(
        state,
        iterations=tuple(
            replace(i, taken_back=reason) if i.number in numbers else i for i in state.iterations
        ),
        kept_tree=tree,
        kept_commit=event.value("commit", str),
        step=Step.THINK if state.profiled_tree == tree else Step.PROFILE,
        decision=None,
        pending=None,
        ending=None,
        wrong=None,
    )


def _decided(state: State, event: Event) -> State:
    decision = event.value("decision", Decision)
    step = Step.THINK if state.profiled_tree == state.kept_tree else Step.PROFILE
    return replace(state, step=Step.FINISH if decision.stop else step, decision=decision)


def _skipped(state: State, event: Event) -> State:
    bottleneck = event.value("bottleneck", str)
    return replace(state, skipped={**state.skipped, bottleneck: event.value("reason", str)})


def _acknowledged(state: State, event: Event) -> State:
    number, found = event.value("iteration", int), event.value("flag", Flag)
    answer = Acknowledged(found, event.value("reason", str))
    its = [i for i, flag in standing_flags(state.iterations) if flag == found]
    if number not in [i.number for i in its]:
        raise DataDamaged(
            f"event {event.number}: {event.kind.value!r} of a flag that is not there",
            hint=_ANOTHER_HAND,
        )
    return replace(
        state,
        iterations=tuple(
            replace(i, acknowledged=(*i.acknowledged, answer)) if i.number == number else i
            for i in state.iterations
        ),
    )


def _finishing(state: State, event: Event) -> State:
    result = event.value("result", BenchOutcome | None)  # type: ignore[arg-type]
    found = wrong_in_look(result) if result is not None else None
    wrong = KnownWrong(*found, _since(event)) if found else state.wrong
    return replace(state, pending=event.kind, ending=Ending(result, None), wrong=wrong)


def _finished(state: State, event: Event) -> State:
    result = state.ending.result if state.ending else None
    ending = Ending(result, state.profile)
    rendered = event.value("rendered", dict[str, str]) if "rendered" in event.data else {}
    finished = replace(state, step=Step.FINISHED, pending=None, ending=ending)
    return replace(finished, rendered=rendered)


_APPLY: Mapping[Kind, Callable[[State, Event], State]] = {
    Kind.PROFILED: _profiled,
    Kind.THOUGHT: _thought,
    Kind.PLANNED: _planned,
    Kind.TRIED: _tried,
    Kind.TESTED: _tested,
    Kind.BENCHING: _benching,
    Kind.BENCHED: _benched,
    Kind.ABANDONED: _abandoned,
    Kind.LOGGED: _logged,
    Kind.COMMITTING: _intent,
    Kind.COMMITTED: _committed,
    Kind.REVERTING: _intent,
    Kind.REVERTED: _reverted,
    Kind.TAKEN_BACK: _taken_back,
    Kind.DECIDED: _decided,
    Kind.SKIPPED: _skipped,
    Kind.TRUSTED: _trusted,
    Kind.ACKNOWLEDGED: _acknowledged,
    Kind.FINISHING: _finishing,
    Kind.FINISHED: _finished,
}


def states_after(events: Sequence[Event]) -> list[State]:
    """The state after each event."""
    states: list[State] = []
    for event in events:
        states.append(apply(states[-1] if states else NotStarted(), event))
    return states
