"""The state of a campaign: a fold over its events; pure.

`fold(events)` is the only way in which a state comes to be: `NotStarted` without events, `State`
after the first one. It refuses a sequence that the state machine does not allow, so that a journal
which was pieced together by another hand is found out even where its digests fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar

from harness.campaign.agreed import CampaignGit, Decision, Ending
from harness.campaign.bottlenecks import identity
from harness.campaign.events import Event, Kind
from harness.campaign.iteration import Iteration, Outcome, TriedVariant, bench_outcome
from harness.campaign.port import SealedBaseline
from harness.campaign.trust_rules import TrustChange
from harness.campaign.values import (
    BenchOutcome,
    CaseResult,
    ProfileOutcome,
    Terms,
    TestOutcome,
    TestStatus,
)
from harness.errors import DataDamaged
from harness.model.held import Trusted
from harness.model.proposals import Plan, Reflection, Thought


class Step(Enum):
    """What the campaign waits for."""

    START = "START"
    PROFILE = "PROFILE"
    THINK = "THINK"
    PLAN = "PLAN"
    IMPLEMENT = "IMPLEMENT"
    """The change, and then its test: events cannot tell one from the other, the tree can."""
    BENCHMARK = "BENCHMARK"
    LOG = "LOG"
    COMMIT = "COMMIT"
    REVERT = "REVERT"
    DECIDE = "DECIDE"
    FINISH = "FINISH"
    FINISHED = "FINISHED"


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A campaign that has no event yet: nothing is agreed, and nothing was tried."""

    step: ClassVar[Step] = Step.START
    iterations: ClassVar[tuple[Iteration, ...]] = ()
    kept: ClassVar[tuple[Iteration, ...]] = ()
    speedup: ClassVar[float] = 1.0


@dataclass(frozen=True, slots=True)
class State:
    """All that follows from the events of a campaign that was started."""

    name: str
    step: Step
    agreed: Terms
    place: CampaignGit
    """Its branches and tags."""
    sealed: SealedBaseline
    """The baseline that it started from."""
    kept_tree: str
    """The fingerprint of the last kept state."""
    kept_commit: str
    untracked: tuple[str, ...]
    """Files that were untracked at the start: they are the user's, and are never touched."""
    started_at_ns: int
    profile: ProfileOutcome | None = None
    profiled_tree: str = ""
    iterations: tuple[Iteration, ...] = ()
    looks: int = 0
    """How often a candidate was measured so far, interrupted looks included."""
    attempts: int = 0
    """How many candidates these were: to go on with an undecided look is no further attempt."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Bottlenecks that were given up, with the reason."""
    decision: Decision | None = None
    pending: Kind | None = None
    """An intent that was written and not yet carried out."""
    ending: Ending | None = None
    rendered: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each log as it was rendered at the end; empty before."""
    trusted: Trusted | None = None
    """What decides beside the code, as it was taken last; None in campaigns of before that."""
    trust_changes: tuple[TrustChange, ...] = ()
    """What of it has changed since the start."""
    last_at_ns: int = 0
    events: int = 0

    @property
    def iteration(self) -> Iteration | None:
        """The iteration that is not closed yet, or None."""
        last = self.iterations[-1] if self.iterations else None
        return None if last is None or last.closed else last

    @property
    def kept(self) -> tuple[Iteration, ...]:
        """The iterations that were committed."""
        return tuple(i for i in self.iterations if i.closed and i.outcome is Outcome.KEPT)

    @property
    def cumulative(self) -> float:
        """The speed-up of the last kept state over the baseline; 1 before the first."""
        bench = self.kept[-1].bench if self.kept else None
        return bench.fast.cumulative.point if bench else 1.0

    @property
    def headline(self) -> CaseResult | None:
        """The result of a finished campaign; None where nothing was kept, or nothing is decided.

        By the first rules it is that of the full case, decided or not.
        """
        result = self.ending.result if self.ending and self.step is Step.FINISHED else None
        if result is None:
            return None
        return result.decided if self.agreed.rules > 1 else result.full or result.fast

    @property
    def speedup(self) -> float | None:
        """The campaign's one number: its headline once it is finished, before that what is kept.

        None where it is finished and nothing was decided.
        """
        if self.ending is None or self.ending.result is None or self.step is not Step.FINISHED:
            return self.cumulative
        return self.headline.cumulative.point if self.headline else None

    @property
    def full_due(self) -> bool:
        """Does the guide want the full case with the iteration that would be kept next?"""
        due = (len(self.kept) + 1) % self.agreed.full_every == 0
        return self.agreed.full_case is not None and due

    def same_place(self, one: str, other: str) -> bool:
        """Do two names mean one bottleneck? By the first rules only where they are equal."""
        return one == other if self.agreed.rules < 2 else identity(one) == identity(other)

    def is_skipped(self, bottleneck: str) -> bool:
        """Was this bottleneck given up, by this name or by another one of it?"""
        return any(self.same_place(name, bottleneck) for name in self.skipped)

    def failed_attempts(self, bottleneck: str) -> int:
        """Failed attempts on a bottleneck since the last one on it that was kept."""
        count = 0
        for iteration in self.iterations:
            name = iteration.thought.prediction.bottleneck
            if self.same_place(name, bottleneck) and iteration.closed:
                count = count + 1 if iteration.outcome.failed_attempt(self.agreed.rules) else 0
        return count

    def stuck_on(self) -> str | None:
        """The bottleneck that wants to be skipped: too many failed attempts, not skipped yet."""
        for iteration in reversed(self.iterations):
            name = iteration.thought.prediction.bottleneck
            if not self.is_skipped(name) and self.failed_attempts(name) >= self.agreed.max_attempts:
                return name
        return None


Progress = NotStarted | State
"""How far a campaign is."""


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
    Kind.DECIDED: frozenset({Step.DECIDE, *_BETWEEN}),
    Kind.SKIPPED: frozenset({Step.DECIDE, *_BETWEEN}),
    Kind.TRUSTED: frozenset(Step) - {Step.START, Step.FINISHED},
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
    return _change(state, step, tests=tests, change=change, like=like)


def _benching(state: State, event: Event) -> State:
    begun = event.data.get("request", {}).get("continues") is None  # one that is killed counts too
    return replace(state, looks=state.looks + 1, attempts=state.attempts + begun)


def _benched(state: State, event: Event) -> State:
    outcome = event.value("outcome", BenchOutcome)
    last = state.iterations[-1]
    undecided = bench_outcome(outcome) is Outcome.UNDECIDED
    step = Step.BENCHMARK if undecided else Step.LOG
    return _change(state, step, benches=(*last.benches, (event.value("tree", str), outcome)))


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


def _decided(state: State, event: Event) -> State:
    decision = event.value("decision", Decision)
    step = Step.THINK if state.profiled_tree == state.kept_tree else Step.PROFILE
    return replace(state, step=Step.FINISH if decision.stop else step, decision=decision)


def _skipped(state: State, event: Event) -> State:
    bottleneck = event.value("bottleneck", str)
    return replace(state, skipped={**state.skipped, bottleneck: event.value("reason", str)})


def _finishing(state: State, event: Event) -> State:
    result = event.value("result", BenchOutcome | None)  # type: ignore[arg-type]
    return replace(state, pending=event.kind, ending=Ending(result, None))


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
    Kind.DECIDED: _decided,
    Kind.SKIPPED: _skipped,
    Kind.TRUSTED: _trusted,
    Kind.FINISHING: _finishing,
    Kind.FINISHED: _finished,
}


def states_after(events: Sequence[Event]) -> list[State]:
    """The state after each event."""
    states: list[State] = []
    for event in events:
        states.append(apply(states[-1] if states else NotStarted(), event))
    return states
