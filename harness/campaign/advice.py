"""The one safest next action: what, why, the exact command, and what to fill in; pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.campaign.case_notes import next_campaign
from harness.campaign.dominating import what_is_left
from harness.campaign.events import Kind
from harness.campaign.gates import compare_words, keep_reason, name_some
from harness.campaign.iteration import Iteration
from harness.campaign.moves import Move, Tree, allows, restorable
from harness.campaign.patterns import fitting
from harness.campaign.raced import next_best_words
from harness.campaign.state import State, Step
from harness.campaign.stopping import (
    ONLY_START_UP,
    attackable,
    decision_by_rules,
    near_the_target,
)
from harness.campaign.templates import note_template, plan_template, thought_template
from harness.campaign.values import BenchOutcome, TestStatus
from harness.frozen import dataclass
from harness.model.durations import write_duration
from harness.render.units import show_beside

MAX_TRIES = 3
"""A candidate that is still undecided after this many looks is given up."""
_MAX_STRETCH = 10
"""A budget of more than this many times the agreed one is not advised."""
_PATTERNS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next."""

    action: str
    """The step's name."""
    why: str
    command: str
    template: str = ""
    """What to write into the file that the command reads."""
    should_continue: bool = True
    first: str = ""
    """What only the reader can do, before the command."""
    instead: str = ""
    """Another command, for a reader who knows better."""

    @property
    def line(self) -> str:
        """What to do, in one line."""
        return f"{self.first}, then {self.command}" if self.first else self.command

    @property
    def text(self) -> str:
        """The advice in words for agents and people; it has about 400 tokens at most."""
        lines = [f"next: {self.action}", f"why: {self.why}"]
        lines += [f"first: {self.first}"] if self.first else []
        lines.append(f"run: {self.command}")
        if self.template:
            lines += ["with:", self.template.rstrip("\n")]
        lines += [f"or: {self.instead}"] if self.instead else []
        lines.append(f"should_continue: {str(self.should_continue).lower()}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts from which the next action of a campaign is derived while it is under way here."""

    state: State
    tree: Tree
    looked_ns: int = 0
    """The budget of the last look at the open iteration that was answered."""

    @property
    def iteration(self) -> Iteration:
        """The open iteration; asked only in steps that have one."""
        return self.state.iterations[-1]


Candidate = Callable[[Situation], Advice | None]
"""What could be done; None where that is not the thing to do now."""


def advise(situation: Situation) -> Advice:
    """The safest next action, given the events and the working tree.

    The first candidate of the state that the gates allow: what is advised is accepted. Where they
    allow none the code is not what the campaign waits for, and is restored.
    """
    state, tree = situation.state, situation.tree
    for move, candidate in ((Move.TAKE_BACK, _take_back), *_CANDIDATES[state.step]):
        found = candidate(situation) if move is None or allows(move, state, tree) else None
        if found is not None:
            return found
    return _restore(situation)


def _restore(situation: Situation) -> Advice:
    wanted = restorable(situation.state, situation.tree)
    if situation.tree.cut_off and wanted.source == situation.tree.cut_off:
        why = "the race was interrupted before its best variant was in the tree"
    elif wanted.source == situation.tree.tested_commit:
        why = "the code is not what was tested any more"
    elif situation.state.step in (Step.PLAN, Step.IMPLEMENT, Step.BENCHMARK):
        why = f"these files may not change in this campaign: {name_some(wanted.paths)}"
    else:
        why = f"the code is not that of the last kept state: {name_some(wanted.paths)}"
    return Advice("RESTORE", f"{why}; it is kept under a ref", Move.RESTORE.value)


def advise_start() -> Advice:
    """What to do with a campaign that was not started and has nothing in its way."""
    return Advice("START", "no campaign has been started", "harness campaign start")


def _profile(situation: Situation) -> Advice:
    first = situation.state.profile is None
    why = "measure before you guess" if first else "the code changed since the last profile"
    near = near_the_target(situation.state)
    return Advice("PROFILE", near + why, Move.PROFILE.value, instead=_END if near else "")


_EXHAUSTED = 'harness decide --exhausted "<why nothing is left to try>"'
_END = 'harness decide --exhausted "the target is reached; finish measures it"'


def _take_back(situation: Situation) -> Advice | None:
    """What is kept is known to be wrong: nothing else comes before that."""
    wrong = situation.state.wrong
    if wrong is None:
        return None
    by = f" since iteration {wrong.iteration}" if wrong.iteration else ""
    return Advice(
        "TAKE BACK",
        f"the last kept state is wrong on {wrong.shown.words}{by}: {short(wrong.problem)}",
        Move.TAKE_BACK.value,
    )


def _skip(situation: Situation) -> Advice | None:
    state = situation.state
    stuck = state.stuck_on()
    if stuck is None:
        return None
    return Advice(
        "SKIP",
        f"{state.failed_attempts(stuck)} attempts on {stuck!r} failed; document why",
        f'harness skip {shlex.quote(stuck)} --reason "<why you are stuck>"',
    )


def _stop(situation: Situation) -> Advice | None:
    """The loop ends: no thought would be taken any more."""
    decision = decision_by_rules(situation.state, situation.state.last_at_ns)
    return Advice("DECIDE", decision.reason, Move.DECIDE.value) if decision.stop else None


def _think(situation: Situation) -> Advice:
    state, terms = situation.state, situation.state.agreed
    patterns = fitting(state.profile) if state.profile else []
    fits = "; ".join(f"{p.number} {p.name}: {p.check}" for p, _ in patterns[:_PATTERNS_SHOWN])
    near = f"{near_the_target(state)}{next_best_words(state.iterations)}"
    why = f"{near}write the prediction before the code"
    if state.profile and state.profile.rows and not attackable(state.profile, terms.min_share):
        why = f"{near}{ONLY_START_UP}: end the loop, or say what a change could still take away"
    return Advice(
        "THINK",
        why + (f". Patterns that fit: {fits}" if fits else ""),
        f"{Move.THINK.value} --file -",
        thought_template(state),
        instead=_END if near_the_target(state) else _EXHAUSTED,
    )


def _plan(_: Situation) -> Advice:
    return Advice(
        "PLAN", "say what you will try and why", f"{Move.PLAN.value} --file -", plan_template()
    )


def _cut_off(situation: Situation) -> Advice | None:
    """A race whose best variant is not in the tree as a whole."""
    return _restore(situation) if situation.tree.cut_off else None


def _raced_in_vain(situation: Situation) -> Advice | None:
    ran = situation.iteration.raced_in_vain  # and none of them was shown to gain
    if not ran or situation.tree.fingerprint != situation.state.kept_tree:
        return None
    return replace(
        give_up("no variant was shown to gain"),
        why=f"no gain could be shown: {ran} raced, none is sure to be faster",
        template=note_template(surprised=True),
        instead="other code in the tree, then harness bench --then auto; or harness try VARIANT...",
    )


def _implement(situation: Situation) -> Advice | None:
    """The change itself, which only the reader can make."""
    state, iteration = situation.state, situation.iteration
    if situation.tree.fingerprint != state.kept_tree:
        return None
    title = iteration.plan.title if iteration.plan else ""
    rest = (
        "several ideas at once: `harness try A.patch B.patch`, and all that gain is put together;"
        " `harness bench --then auto` does all of the rest"
    )
    return Advice(
        "IMPLEMENT",
        f"the plan is made: {short(title)} ({rest})",
        Move.TEST.value,
        first="change the code as planned",
        instead=give_up("<why>").command,
    )


def _repair(situation: Situation) -> Advice | None:
    iteration = situation.iteration
    test = iteration.test
    if test is None or not test.status.repairable:
        return None
    what = "build" if test.status is TestStatus.BUILD_FAILED else "program"
    if situation.tree.fingerprint != iteration.tested_tree:
        return Advice("TEST", f"the {what} was repaired", Move.TEST.value)
    return Advice(
        "REPAIR",
        f"{test.status.value}: {short(test.summary)}",
        Move.TEST.value,
        first=f"fix the {what}",
        instead=give_up("<why>").command,
    )


def _test(situation: Situation) -> Advice | None:
    """Code that was not tested yet."""
    if situation.tree.fingerprint == situation.iteration.tested_tree:
        return None
    changed = f"changed: {name_some(situation.tree.changed)}"
    why = "the code changed after its test" if situation.iteration.tests else changed
    return Advice("TEST", why, Move.TEST.value)


def _bench(situation: Situation) -> Advice | None:
    """A first look, or a longer one where that may decide."""
    state, iteration = situation.state, situation.iteration
    flag = " --validate-full" if state.full_due else ""
    command = f"{Move.BENCH.value}{flag}"
    if iteration.bench is None:
        return Advice("BENCHMARK", "the output is right; is it faster?", command)
    needed_ns = _worth_looking(situation, iteration.bench)
    if needed_ns is None:
        return None
    return Advice(
        "BENCHMARK",
        f"undecided within the budget; about {write_duration(needed_ns)} would decide",
        f"{Move.BENCH.value} --budget {write_duration(needed_ns)}{flag}",
        instead=give_up("undecided").command,
    )


def _worth_looking(situation: Situation, bench: BenchOutcome) -> int | None:
    """The budget of one more look at what is undecided; None where it would hardly decide."""
    needed, agreed = bench.budget_needed_ns, situation.state.agreed.bench_budget_ns
    if needed is None or needed > _MAX_STRETCH * agreed or _futile(situation):
        return None
    if bench.fast.ran_kept_program:
        return None
    if len(situation.iteration.benches) >= MAX_TRIES:
        return None
    # With the budget of the last look the command would be answered by that look, unmeasured.
    return max(needed, agreed, situation.looked_ns + 1)


def _futile(situation: Situation) -> bool:
    """Would even the upper end be no gain worth the name?"""
    bench = situation.iteration.bench
    return bench is not None and bench.reach < 1 + situation.state.agreed.min_gain


def _undecided(situation: Situation) -> Advice | None:
    bench = situation.iteration.bench
    if bench is None:
        return None
    why = "undecided, and more time would hardly decide"
    if bench.fast.ran_kept_program:
        why = "it ran the program of the last kept state, byte for byte: no time would decide"
    elif _futile(situation):
        least = 1 + situation.state.agreed.min_gain
        why = f"undecided, and at most {show_beside(bench.reach, least)} could come of it"
    form = note_template(surprised=situation.iteration.surprised)
    return replace(give_up("undecided"), why=why, template=form)


def give_up(reason: str) -> Advice:
    """The iteration ends without a result; its revert and the loop's decision follow at once."""
    return Advice("LOG", reason, f'{Move.GIVE_UP.value} "{reason}" --file - --then auto')


def _log(situation: Situation) -> Advice:
    iteration = situation.iteration
    return Advice(
        "LOG",
        f"{compare_words(iteration)}. {keep_reason(iteration)}",
        f"{Move.LOG.value} --file -",
        note_template(surprised=iteration.surprised),
    )


def _commit(situation: Situation) -> Advice:
    interrupted = situation.state.pending is Kind.COMMITTING
    why = "it was interrupted" if interrupted else keep_reason(situation.iteration)
    return Advice("COMMIT", why, Move.COMMIT.value)


def _give_up_other_code(situation: Situation) -> Advice | None:
    """Advise to give the iteration up where no commit keeps the code that was measured."""
    if situation.tree.tested_commit:
        return None
    changed = name_some(situation.tree.changed)
    return replace(
        give_up("the code changed after it was measured"),
        why=f"the code changed after it was measured, and no ref keeps what was: {changed}",
        template=note_template(surprised=True),
    )


def _revert(situation: Situation) -> Advice:
    interrupted = situation.state.pending is Kind.REVERTING
    going = "it was interrupted" if interrupted else keep_reason(situation.iteration)
    return Advice("REVERT", f"{going}; the attempt's code is kept", Move.REVERT.value)


def _decide(situation: Situation) -> Advice:
    decision = decision_by_rules(situation.state, situation.state.last_at_ns)
    return Advice("DECIDE", decision.reason, Move.DECIDE.value)


def _finish(situation: Situation) -> Advice:
    decision = situation.state.decision
    return Advice("FINISH", decision.reason if decision else "the loop ends", Move.FINISH.value)


def _finished(situation: Situation) -> Advice:
    state = situation.state
    profile = state.ending.profile if state.ending else None
    left = f"; {what_is_left(state, profile)}" if profile and profile.rows else ""
    return Advice(
        "NONE",
        f"the campaign is finished{left}",
        "harness campaign start --campaign NAME",
        next_campaign(state.name, state.agreed),
        should_continue=False,
        first="declare the next campaign in harness.toml",
    )


def short(text: str, limit: int = 200) -> str:
    """A text on one line, cut where it is long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


_CANDIDATES: Mapping[Step, tuple[tuple[Move | None, Candidate], ...]] = {
    Step.PROFILE: ((Move.PROFILE, _profile),),
    Step.THINK: (
        (Move.SKIP, _skip),
        (Move.DECIDE, _stop),
        (Move.THINK, _think),
    ),
    Step.PLAN: ((Move.PLAN, _plan),),
    Step.IMPLEMENT: (
        (Move.RESTORE, _cut_off),
        (Move.GIVE_UP, _raced_in_vain),
        (None, _implement),
        (Move.TEST, _repair),
        (Move.TEST, _test),
    ),
    Step.BENCHMARK: (
        (Move.BENCH, _bench),
        (Move.BENCH, _undecided),
        (Move.TEST, _test),
        (Move.RESTORE, _restore),
        (None, _implement),
    ),
    Step.LOG: ((Move.LOG, _log), (Move.GIVE_UP, _give_up_other_code)),
    Step.COMMIT: ((Move.COMMIT, _commit), (Move.GIVE_UP, _give_up_other_code)),
    Step.REVERT: ((Move.REVERT, _revert),),
    Step.DECIDE: ((Move.DECIDE, _decide),),
    Step.FINISH: ((Move.FINISH, _finish),),
    Step.FINISHED: ((None, _finished),),
}
"""What each state may want, the best first, with the gate that it has to pass."""
