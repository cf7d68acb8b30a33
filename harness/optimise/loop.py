"""The whole loop without a person: a proposer thinks and changes code, the campaign judges.

The proposer works in a private worktree at the last kept state. Its thought is registered before it
may change anything there; what it changed is then copied into the checkout, tested, measured and
kept or reverted like any other. A proposer that fails costs its iteration, not the campaign; one
whose thoughts do not pass ends the loop, not the campaign.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path

from harness.campaign.gates import check_plan, compare_words, keep_reason, name_some
from harness.campaign.iteration import Outcome
from harness.campaign.moves import Move, forbidden
from harness.campaign.port import Workbench
from harness.campaign.state import Step
from harness.campaign.status import profile_table
from harness.campaign.stopping import worthwhile
from harness.campaign.values import TestStatus
from harness.errors import (
    ExitCode,
    HarnessError,
    NotAllowed,
    PluginFailed,
    TrialFailed,
    UsageError,
)
from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model import Brief, Proposal
from harness.model.proposals import PROPOSER_FOLDER, Reflection
from harness.optimise import (
    BenchOptions,
    Campaign,
    bench_candidate,
    check_candidate,
    commit,
    decide,
    log,
    plan,
    revert,
    run_profile,
    skip,
    think,
)
from harness.optimise.loop_requests import heeding_requests, stop_is_asked, wait_while_paused
from harness.optimise.standing import demand_active
from harness.plugins import Proposer
from harness.render.units import show_factor
from harness.system.git.applying import apply_patch
from harness.system.git.copy import copy_at, take_over
from harness.system.git.listing import differing, listing_at, listing_here
from harness.system.git.writing import Git
from harness.system.process.touching import touched_everything

REPAIRS = 2
"""How often code that does not build or run is given back to be repaired."""

THOUGHTS = 3
"""How often a thought may be refused before the loop ends."""


@dataclass(frozen=True, slots=True)
class ProposerWorktree:
    """The `Worktree` that proposers are handed."""

    folder: Path

    def apply(self, patch: Path) -> None:
        """See `Worktree.apply`."""
        apply_patch(Git(self.folder), patch)


_STRETCH = 10
"""An undecided look is repeated where at most this many times the agreed budget would decide."""


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """How long the loop runs, and what it tells its proposer."""

    max_iterations: int | None = None
    """The most iterations of this call; the campaign has a cap of its own."""
    budget_s: float | None = None
    """No further iteration is begun after this time."""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoopReport:
    """What one call of the loop did."""

    iterations: tuple[tuple[int, str, str], ...]
    """Number, title and outcome of each."""
    ended: str
    failed: bool = False
    """Did it end because no thought of the proposer's passed? The campaign could go on."""

    @property
    def exit_code(self) -> ExitCode:
        """What `harness loop` answers its shell: 0 unless it ended early."""
        return ExitCode.ANSWER_IS_NO if self.failed else ExitCode.FINE


@dataclass(frozen=True, slots=True)
class Loop:
    """Everything that the loop acts with."""

    campaign: Campaign
    bench: Workbench
    proposer: Proposer
    runner: Runner
    worktrees: Path
    plan: LoopPlan

    @property
    def asked_at(self) -> tuple[Path, str]:
        """Where somebody who watches asks for a pause or a stop."""
        return self.campaign.config.root, self.campaign.name


def run_loop(loop: Loop) -> LoopReport:
    """Turn until the campaign stops, the plan's bounds are met, or the proposer has nothing more.

    An iteration that was interrupted earlier is closed first. Where no thought passes, that is the
    report's end; before the first iteration it is raised, since then something is set up wrongly.
    """
    demand_active(loop.campaign)
    with heeding_requests(*loop.asked_at):
        return _run(loop)


def _run(loop: Loop) -> LoopReport:
    campaign, started = loop.campaign, time.monotonic()
    first = len(campaign.state.iterations)
    _close_open(loop)
    failure: HarnessError | None = None
    while True:
        made = campaign.state.iterations[first:]
        if failure is not None and not made:
            raise failure
        ended = _ended(loop, len(made), time.monotonic() - started)
        if failure is not None or ended:
            rows = tuple((i.number, i.title, i.outcome.value) for i in made)
            return LoopReport(rows, failure.message if failure else ended, failure is not None)
        failure = _turn(loop)


def _ended(loop: Loop, done: int, spent_s: float) -> str:
    state = loop.campaign.state
    if state.step in (Step.FINISH, Step.FINISHED):
        return state.decision.reason if state.decision else "the campaign is finished"
    wait_while_paused(*loop.asked_at)
    if stop_is_asked(*loop.asked_at):
        return "a stop was asked for"
    if loop.plan.max_iterations is not None and done >= loop.plan.max_iterations:
        return f"{done} iterations were asked for"
    if loop.plan.budget_s is not None and spent_s >= loop.plan.budget_s:
        return f"the time of {loop.plan.budget_s:g} s is spent"
    return ""


def _turn(loop: Loop) -> HarnessError | None:
    """The next step between iterations, or a whole iteration; why the proposer cannot go on."""
    campaign = loop.campaign
    state = campaign.state
    if state.step is Step.DECIDE:
        decide(campaign)
    elif state.step is Step.PROFILE:
        run_profile(campaign, loop.bench)
    elif (stuck := state.stuck_on()) is not None:
        attempts = state.failed_attempts(stuck)
        skip(campaign, stuck, f"{attempts} attempts by the proposer {loop.proposer.name!r} failed")
        decide(campaign)
    elif not decide(campaign).stop:
        return _iterate(loop)
    return None


def _iterate(loop: Loop) -> HarnessError | None:
    """Think, plan, implement, test, bench, log, commit or revert; or why no thought passed."""
    campaign = loop.campaign
    campaign.permit(Move.THINK)
    with _worktree(loop) as folder:
        brief = _brief(loop, folder)
        proposal = _registered(loop, brief)
        if isinstance(proposal, HarnessError):
            return proposal
        if proposal is None:
            decide(campaign, exhausted=f"the proposer {loop.proposer.name!r} has nothing more")
            return None
        wait_while_paused(*loop.asked_at)
        abandoned = _implemented(loop, brief, proposal)
        wait_while_paused(*loop.asked_at)
        if not abandoned and campaign.state.step is Step.BENCHMARK:
            abandoned = _measured(loop)
        _logged(loop, brief, proposal, abandoned)
    _close_open(loop)
    return None


@contextmanager
def _worktree(loop: Loop) -> Iterator[Path]:
    """The last kept state in a repository of its own: whatever is done to git there stays there."""
    with copy_at(loop.campaign.git, loop.campaign.state.kept_commit, loop.worktrees) as folder:
        yield folder


def _brief(loop: Loop, worktree: Path) -> Brief:
    campaign = loop.campaign
    state, config = campaign.state, campaign.config
    target = config.target(state.agreed.target)
    below = campaign.git.below_top(config.root)
    names = [name for name in worthwhile(state) if not state.is_skipped(name)]
    rows = state.profile.rows if state.profile else ()
    tried = [f"{i.title}: {i.outcome.value}" for i in state.iterations]
    text = (
        f"You make the program {target.name!r} faster without changing its output. Campaign"
        f" {campaign.name}, iteration {len(state.iterations) + 1},"
        f" {show_factor(state.cumulative)} so far.\n"
        f"{profile_table(state)}\n"
        f"tried so far: {'; '.join(tried) or 'nothing'}\n"
        f"You may not change: {', '.join(state.agreed.protect) or 'nothing is protected'}.\n"
    )
    return Brief(
        campaign=campaign.name,
        iteration=len(state.iterations) + 1,
        target=target,
        worktree=worktree,
        root=worktree if below == "." else worktree / below,
        bottlenecks=tuple((r.name, r.share) for r in rows if r.name in names),
        tried=tuple(i.title for i in state.iterations),
        flags_file=config.flags_files.get(target.name),
        options=loop.plan.options,
        text=text,
    )


def _registered(loop: Loop, brief: Brief) -> Proposal | HarnessError | None:
    """The proposal, registered as thought and plan; None: there is nothing more to try.

    Where none passes the gates, or the proposer fails, it is asked again with the reason; the
    last reason is returned.
    """
    failure: HarnessError | None = None
    for _ in range(THOUGHTS):
        try:
            proposal = loop.proposer.propose(brief, loop.runner)
            if proposal is None:
                return failure
            _demand_unchanged(loop, brief.worktree)
            check_plan(proposal.plan())
            try:
                thought = proposal.thought()
            except ValueError as problem:
                raise UsageError(f"the prediction: {problem}") from None
            think(loop.campaign, thought)
            plan(loop.campaign, proposal.plan())
        except (NotAllowed, UsageError, TrialFailed, PluginFailed) as refused:
            # The same refusal again: the proposer does not heed it, and more calls cost money.
            if brief.problem and brief.problem in refused.message:
                return refused
            failure, brief = refused, replace(brief, problem=refused.message)
        else:
            return proposal
    return failure


def _changes(loop: Loop, worktree: Path) -> tuple[str, ...]:
    """What differs in the worktree from the last kept state, the proposer's own files left out."""
    touched_everything()  # by the proposer, which runs in this process
    git = Git(worktree)
    here = {p: c for p, c in listing_here(git).items() if not p.startswith(f"{PROPOSER_FOLDER}/")}
    return differing(listing_at(git, loop.campaign.state.kept_commit), here)


def _demand_unchanged(loop: Loop, worktree: Path) -> None:
    changed = _changes(loop, worktree)
    if changed:
        raise NotAllowed(f"code changed before the thought: {name_some(changed)}; undo that")


def _implemented(loop: Loop, brief: Brief, proposal: Proposal) -> str:
    """Let the proposer change the code until it runs; why it is given up, or nothing."""
    problem = word = ""
    for _ in range(1 + REPAIRS):
        try:
            changed = loop.proposer.implement(
                brief, proposal, problem, loop.runner, ProposerWorktree(brief.worktree)
            )
        except HarnessError as failure:
            return f"the proposer failed: {failure.message}"
        paths = _changes(loop, brief.worktree)
        bad = forbidden(paths, loop.campaign.state.agreed)
        if not changed or not paths:
            return problem or "the proposer changed nothing"
        if bad:
            return f"the proposer changed protected files: {name_some(bad)}"
        try:
            take_over(brief.worktree, loop.campaign.git.top, paths)
        except OSError as refused:
            return f"the proposer's change could not be taken over: {refused}"
        outcome = check_candidate(loop.campaign, loop.bench, full=False)
        if not outcome.status.repairable:
            return ""
        problem, word = outcome.summary, _UNREPAIRED[outcome.status]
    return f"{word}: {problem}"


_UNREPAIRED = {
    TestStatus.BUILD_FAILED: "it does not build",
    TestStatus.CRASHED: "it does not end well",
}


def _measured(loop: Loop) -> str:
    """Bench, once more where that would decide; why it is given up, or nothing."""
    campaign = loop.campaign
    outcome = bench_candidate(campaign, loop.bench, BenchOptions())
    agreed = campaign.state.agreed.bench_budget_ns
    needed = outcome.budget_needed_ns
    if campaign.state.step is Step.BENCHMARK and needed and needed <= _STRETCH * agreed:
        budget_ns = max(needed, agreed + 1)
        bench_candidate(campaign, loop.bench, BenchOptions(budget_ns=budget_ns))
    return "undecided within the budget" if campaign.state.step is Step.BENCHMARK else ""


def _logged(loop: Loop, brief: Brief, proposal: Proposal, abandoned: str) -> None:
    """Log with the proposer's reflection, or with the result in words where it has none."""
    campaign = loop.campaign
    iteration = campaign.state.iterations[-1]
    result = abandoned or f"{compare_words(iteration)}; {keep_reason(iteration)}"
    note = _mechanical(loop, result)
    try:
        found = loop.proposer.reflect(brief, proposal, result, loop.runner)
        if found is not None:
            log(campaign, found, abandoned)
            return
    except HarnessError as failure:
        note = replace(note, notes=f"The proposer did not reflect: {failure.message}")
    log(campaign, note, abandoned)


def _mechanical(loop: Loop, result: str) -> Reflection:
    """What can be said without understanding anything."""
    iteration = loop.campaign.state.iterations[-1]
    name = loop.proposer.name
    if not iteration.surprised:
        return Reflection(f"None: {compare_words(iteration)}", f"By the proposer {name!r}.")
    return Reflection(
        surprise=f"The result was not the predicted one: {result}",
        notes=f"By the proposer {name!r}.",
        why="not examined: an automatic proposer does not explain",
        lesson=f"{iteration.title}: {iteration.outcome.value} here",
    )


def _close_open(loop: Loop) -> None:
    """Bring an open iteration to its end: given up where it has no result yet."""
    campaign = loop.campaign
    steps = (Step.PLAN, Step.IMPLEMENT, Step.BENCHMARK)
    if campaign.state.step in steps:
        reason = "the loop was interrupted"
        log(campaign, _mechanical(loop, reason), reason)
    if campaign.state.step is Step.LOG:
        kept = campaign.state.iterations[-1].outcome is Outcome.KEPT
        same = campaign.tree().fingerprint == campaign.state.iterations[-1].tested_tree
        reason = "" if same or not kept else "the code changed after it was measured"
        log(campaign, _mechanical(loop, reason or "interrupted before its log"), reason)
    if campaign.state.step is Step.COMMIT:
        commit(campaign)
    if campaign.state.step is Step.REVERT:
        revert(campaign)
