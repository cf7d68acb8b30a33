"""The one safest next action: what, why, the exact command, and what to fill in; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.campaign.events import Kind
from harness.campaign.gates import Tree, compare_words, forbidden, keep_reason, name_some
from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.patterns import fitting
from harness.campaign.state import State, Step
from harness.campaign.stopping import decide
from harness.campaign.templates import note_template, plan_template, thought_template
from harness.campaign.values import TestStatus

MAX_TRIES = 3
"""A candidate that is still undecided after so many looks is given up."""
_MAX_STRETCH = 10
"""A budget of more than so many times the agreed one is not advised."""
_PATTERNS_SHOWN = 2
_PATHS_SHOWN = 3


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

    @property
    def text(self) -> str:
        """For agents and people, at most about 400 tokens."""
        lines = [f"next: {self.action}", f"why: {self.why}", f"run: {self.command}"]
        if self.template:
            lines += ["with:", self.template.rstrip("\n")]
        lines.append(f"should_continue: {str(self.should_continue).lower()}")
        return "\n".join(lines)


def advise(state: State, tree: Tree) -> Advice:
    """The safest next action, given the events and the working tree."""
    if state.step not in (Step.START, Step.FINISHED):
        bad = forbidden(tree.changed, state.agreed)
        if bad:
            return Advice(
                "RESTORE",
                f"these files may not change in this campaign: {name_some(bad)}",
                tree.way_back(state.kept_commit, bad[:_PATHS_SHOWN]),
            )
    return _ADVISE[state.step](state, tree)


def _start(_: State, __: Tree) -> Advice:
    return Advice("START", "no campaign has been started", "harness campaign start")


def _profile(state: State, _: Tree) -> Advice:
    why = "measure before you guess" if state.profile is None else "the code changed since the last"
    return Advice("PROFILE", why, "harness profile")


def _think(state: State, tree: Tree) -> Advice:
    stuck = state.stuck_on()
    if stuck is not None:
        return Advice(
            "SKIP",
            f"{state.failed_attempts(stuck)} attempts on {stuck!r} failed; document why",
            f'harness skip "{stuck}" --reason "<why you are stuck>"',
        )
    if tree.fingerprint != state.kept_tree:
        return Advice(
            "RESTORE",
            f"the code changed before the thought: {name_some(tree.changed)}",
            "git diff > ../change.patch && "
            + tree.way_back(state.kept_commit, tree.changed[:_PATHS_SHOWN]),
        )
    decision = decide(state, state.last_at_ns)
    if decision.stop:
        return Advice("DECIDE", decision.reason, "harness decide")
    patterns = fitting(state.profile) if state.profile else []
    fits = "; ".join(f"{p.number} {p.name}: {p.check}" for p, _ in patterns[:_PATTERNS_SHOWN])
    return Advice(
        "THINK",
        "write the prediction before the code" + (f". Patterns that fit: {fits}" if fits else ""),
        "harness think --file -",
        thought_template(state),
    )


def _plan(state: State, _: Tree) -> Advice:
    return Advice("PLAN", "say what you will try and why", "harness plan --file -", plan_template())


def _implement(state: State, tree: Tree) -> Advice:
    iteration = _open(state)
    test = iteration.test
    if test is not None and test.status.repairable:
        same = tree.fingerprint == iteration.tested_tree
        what = "build" if test.status is TestStatus.BUILD_FAILED else "program"
        return Advice(
            "REPAIR" if same else "TEST",
            f"{test.status.value}: {_short(test.summary)}" if same else f"the {what} was repaired",
            f"fix the {what}, then harness test" if same else "harness test",
        )
    if tree.fingerprint == state.kept_tree:
        title = iteration.plan.title if iteration.plan else ""
        return Advice(
            "IMPLEMENT", f"the plan is made: {title}", "change the code, then harness test"
        )
    return Advice("TEST", f"changed: {name_some(tree.changed)}", "harness test")


def _bench(state: State, tree: Tree) -> Advice:
    iteration = _open(state)
    if tree.fingerprint != iteration.tested_tree:
        return Advice("TEST", "the code changed after its test", "harness test")
    flag = " --validate-full" if state.full_due else ""
    bench = iteration.bench
    if bench is None:
        return Advice("BENCHMARK", "the output is right; is it faster?", f"harness bench{flag}")
    needed = bench.fast.budget_needed_ns
    agreed = state.agreed.bench_budget_ns
    hopeless = needed is None or needed > _MAX_STRETCH * agreed
    most = bench.fast.step.high
    futile = most < 1 + state.agreed.min_gain
    if futile or hopeless or len(iteration.benches) >= MAX_TRIES:
        return Advice(
            "LOG",
            f"undecided, and at most {most:.3f}x could come of it"
            if futile
            else "undecided, and more time would hardly decide",
            'harness log --abandon "undecided" --file -',
            note_template(surprised=iteration.surprised),
        )
    assert needed is not None
    seconds = max(needed, agreed) / 1e9
    return Advice(
        "BENCHMARK",
        f"undecided within the budget; about {seconds:.0f} s would decide",
        f"harness bench --budget {seconds:.0f}s{flag}",
    )


def _undo(tree: Tree) -> Advice:
    return Advice(
        "RESTORE",
        f"the code changed after it was measured: {name_some(tree.changed)}",
        "undo what came later; or harness log --abandon REASON --file -",
    )


def _log(state: State, tree: Tree) -> Advice:
    iteration = _open(state)
    if iteration.outcome is Outcome.KEPT and tree.fingerprint != iteration.tested_tree:
        return _undo(tree)
    return Advice(
        "LOG",
        f"{compare_words(iteration)}. {keep_reason(iteration)}",
        "harness log --file -",
        note_template(surprised=iteration.surprised),
    )


def _commit(state: State, tree: Tree) -> Advice:
    iteration = _open(state)
    if state.pending is Kind.COMMITTING:
        return Advice("COMMIT", "it was interrupted", "harness commit")
    if tree.fingerprint != iteration.tested_tree:
        return _undo(tree)
    return Advice("COMMIT", keep_reason(iteration), "harness commit")


def _revert(state: State, _: Tree) -> Advice:
    going = "it was interrupted" if state.pending is Kind.REVERTING else keep_reason(_open(state))
    return Advice("REVERT", f"{going}; the attempt's code is kept", "harness revert")


def _decide(state: State, _: Tree) -> Advice:
    decision = decide(state, state.last_at_ns)
    return Advice("DECIDE", decision.reason, "harness decide")


def _finish(state: State, _: Tree) -> Advice:
    reason = state.decision.reason if state.decision else "the loop has ended"
    return Advice("FINISH", reason, "harness campaign finish")


def _finished(state: State, _: Tree) -> Advice:
    profile = state.ending.profile if state.ending else None
    row = profile.rows[0] if profile and profile.rows else None
    dominates = (
        f"; {row.name} now takes {row.share:.0%}: a new campaign may attack it" if row else ""
    )
    return Advice(
        "NONE",
        f"the campaign is finished{dominates}",
        "declare the next campaign in harness.toml, then harness campaign start --campaign NAME",
        _next_campaign(state),
        should_continue=False,
    )


def _next_campaign(state: State) -> str:
    """The table of a campaign that goes on from here; the goal is the user's to say."""
    terms = state.agreed
    full = f'full_case = "{terms.full_case}"\n' if terms.full_case else ""
    return (
        f'[campaigns.{state.name}-next]\ntarget = "{terms.target}"\ncase = "{terms.case}"\n{full}'
    )


def _open(state: State) -> Iteration:
    assert state.iteration is not None
    return state.iteration


def _short(text: str, limit: int = 200) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


_ADVISE: Mapping[Step, Callable[[State, Tree], Advice]] = {
    Step.START: _start,
    Step.PROFILE: _profile,
    Step.THINK: _think,
    Step.PLAN: _plan,
    Step.IMPLEMENT: _implement,
    Step.BENCHMARK: _bench,
    Step.LOG: _log,
    Step.COMMIT: _commit,
    Step.REVERT: _revert,
    Step.DECIDE: _decide,
    Step.FINISH: _finish,
    Step.FINISHED: _finished,
}
