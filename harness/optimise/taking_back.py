"""`harness take-back`: a kept iteration that turned out to be wrong is taken back, others stay.

Its change is taken out of the last kept state where that applies cleanly; otherwise, or where the
output is still wrong without it, the code goes back to the state before it. What is left is tested
before it is committed. A call that is killed before its commit leaves files that `harness restore`
puts back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.campaign.events import Kind
from harness.campaign.iteration import Iteration
from harness.campaign.moves import Move
from harness.campaign.port import Workbench
from harness.campaign.values import TestStatus
from harness.campaign.wrongs import Counterexample
from harness.errors import AnswerIsNo, NotAllowed, UsageError
from harness.frozen import dataclass
from harness.optimise.blaming import TRIES, KeptState, blamed, kept_states
from harness.optimise.campaign import Campaign
from harness.optimise.failures import remembered
from harness.optimise.standing import demand_active
from harness.project.state_folder import WORKTREES, state_folder
from harness.system.git.applying import undo_change
from harness.system.git.copy import copy_at, take_over
from harness.system.git.listing import differing, listing_at, listing_here
from harness.system.git.writing import Git, Source


@dataclass(frozen=True, slots=True)
class ToTakeBack:
    """What is to be taken back, as it is asked for; all of it may be left to the harness."""

    iteration: int | None = None
    """None: the one that brought in what is known to be wrong."""
    reason: str = ""
    shown: Counterexample | None = None
    """What shows that the output is wrong; None: what the campaign found."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was taken back, and what that costs."""

    iterations: tuple[int, ...]
    """The wrong one first, and what was lost with it."""
    title: str
    """Of the wrong one."""
    reason: str
    commit: str
    """The kept state now."""
    lost: tuple[str, ...] = ()
    """In words: each later iteration that had to go with it."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to be rid of an iteration."""

    iterations: tuple[int, ...]
    state: KeptState
    """The state that it made."""
    whole: bool = False
    """Back to the state before it, instead of its change alone."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """What has to go, and why."""

    state: KeptState | None
    """The first kept state that is wrong; of no known iteration, where older ones are mixed in."""
    reason: str
    shown: Counterexample | None


@remembered(Move.TAKE_BACK.value)
def take_back(campaign: Campaign, bench: Workbench, asked: ToTakeBack) -> TakenBack:
    """Take a kept iteration back: the last kept state is then one without it, tested anew.

    Raises NotAllowed where nothing is known to be wrong, AnswerIsNo where it does not show again.
    """
    demand_active(campaign)
    done = _done(campaign, asked)
    if done is not None:
        return done
    campaign.permit(Move.TAKE_BACK)
    fault = _fault(campaign, bench, asked)
    for way in _ways(campaign, fault):
        paths = _made_here(campaign, way)
        if paths and _fits(campaign, bench, paths, fault.shown):
            return _recorded(campaign, way, paths, fault)
    raise AnswerIsNo(
        "the output stays wrong whatever is taken back",
        hint="Is it this machine? `harness verify`; `harness campaign finish --no-merge` ends the"
        " campaign without merging it.",
    )


def _done(campaign: Campaign, asked: ToTakeBack) -> TakenBack | None:
    """What an earlier call has taken back, where this one asks for that again."""
    last = campaign.events[-1] if campaign.events else None
    if last is None or last.kind is not Kind.TAKEN_BACK:
        return None
    numbers = last.value("iterations", tuple[int, ...])
    if asked.iteration not in (None, numbers[0]):
        return None
    first = campaign.state.iterations[numbers[0] - 1]
    commit, reason = campaign.state.kept_commit, last.value("reason", str)
    return TakenBack(numbers, first.title, reason, commit, _lost(campaign, numbers[1:]))


def _fault(campaign: Campaign, bench: Workbench, asked: ToTakeBack) -> _Fault:
    state = campaign.state
    known = state.wrong
    shown = asked.shown or (known.shown if known else None)
    said = asked.reason or (known.problem if known else "")
    if asked.iteration is not None:
        return _named(campaign, asked.iteration, said, shown)
    if shown is None:
        raise NotAllowed(
            "nothing is known to be wrong with the last kept state",
            hint="Say what is: harness take-back --given '{\"seed\": 12}', or which iteration and"
            " why: harness take-back 3 --reason WHY.",
        )
    found = blamed(campaign, bench, shown, TRIES)
    if found is None:
        raise AnswerIsNo(
            f"the last kept state is right on {shown.words}, each of {TRIES} times",
            hint="An output that is wrong now and then depends on more than its input. harness"
            " take-back ITERATION --reason WHY takes one back all the same.",
        )
    return _Fault(found, said or f"the output is wrong on {shown.words}", shown)


def _named(campaign: Campaign, number: int, reason: str, shown: Counterexample | None) -> _Fault:
    kept = [i.number for i in campaign.state.kept]
    if number not in kept:
        raise UsageError(
            f"iteration {number} is not kept", hint=f"Kept are: {', '.join(map(str, kept))}."
        )
    if not reason:
        raise UsageError("to take an iteration back needs its reason", hint="--reason WHY")
    state = next(s for s in kept_states(campaign.events) if s.iteration == number)
    return _Fault(state, reason, shown)


def _ways(campaign: Campaign, fault: _Fault) -> Iterator[_Way]:
    """How to be rid of what is wrong, what costs least first."""
    kept = {i.number for i in campaign.state.kept}
    states = [s for s in kept_states(campaign.events) if s.iteration in kept]
    first = fault.state
    assert first is not None
    if first.iteration:
        yield _Way((first.iteration,), first)
        later = [s for s in states if s.iteration >= first.iteration]
    else:  # what was left when another one went: each of its iterations may be it
        later = states
        for state in reversed(states):
            yield _Way((state.iteration,), state)
    if later:
        yield _Way(tuple(s.iteration for s in later), later[0], whole=True)


def _made_here(campaign: Campaign, way: _Way) -> tuple[str, ...]:
    """Have the code here as it is without what goes; the files that differ. Empty: it cannot be."""
    git, checkout, state = campaign.git, campaign.checkout, campaign.state
    if way.whole:
        paths = checkout.differing_from(way.state.before, state.untracked)
        git.restore(way.state.before, paths)
        return paths
    old, new = way.state.before, way.state.commit
    changed = [path for path in git.diff_names(old, new) if not checkout.is_record(path)]
    with copy_at(git, state.kept_commit, state_folder(campaign.config.root) / WORKTREES) as folder:
        copy = Git(folder)
        if not changed or not undo_change(copy, old, new, changed):
            return ()
        paths = differing(listing_at(copy, state.kept_commit), listing_here(copy))
        take_over(folder, git.top, paths)
    return paths


def _fits(
    campaign: Campaign, bench: Workbench, paths: Sequence[str], shown: Counterexample | None
) -> bool:
    """Is the code right that is here now? Where it is not the last kept state is here again."""
    fits, state = False, campaign.state
    try:
        if bench.test(full=False).status is TestStatus.PASSED:
            source = Source(state.kept_commit, paths)
            made = campaign.git.keep_paths(campaign.message("optim: what is left"), source)
            fits = shown is None or bench.first_wrong([made], shown, TRIES).index is None
    finally:
        if not fits:
            campaign.git.restore(state.kept_commit, paths)
    return fits


def _recorded(campaign: Campaign, way: _Way, paths: tuple[str, ...], fault: _Fault) -> TakenBack:
    """Commit the code that is here now, and write down what it is."""
    numbers, state = way.iterations, campaign.state
    title = state.iterations[numbers[0] - 1].title
    subject = f"optim: take back iteration {numbers[0]}: {title}"
    # As it was tested: a hook might change it.
    commit = campaign.commit_records(campaign.message(subject), paths, hooks=False)
    campaign.append(
        Kind.TAKEN_BACK,
        iterations=numbers,
        reason=fault.reason,
        shown=fault.shown,
        commit=commit,
        tree=campaign.checkout.fingerprint_at(commit, state.untracked),
    )
    lost = _lost(campaign, numbers[1:])
    return TakenBack(numbers, title, fault.reason, commit, lost)


def _lost(campaign: Campaign, numbers: Sequence[int]) -> tuple[str, ...]:
    return tuple(_words(campaign.state.iterations[number - 1]) for number in numbers)


def _words(iteration: Iteration) -> str:
    """What is lost with an iteration, and where its code is."""
    gain = f", {iteration.bench.fast.step.point:.3g}x" if iteration.bench else ""
    return (
        f"iteration {iteration.number} ({iteration.title}{gain}) goes with it; its change:"
        f" git show {iteration.commit[:12]} -- . ':!optim'"
    )
