"""What the state allows, and what it refuses with what is allowed instead; pure.

Every gate returns nothing or raises: NotAllowed where the state, the tree or the rules of the
guide are against it, UsageError where what was written is not complete.
"""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.state import State, Step
from harness.campaign.stopping import worthwhile
from harness.campaign.values import LogNote, Plan, ProfileRow, Terms, Thought
from harness.errors import NotAllowed, UsageError
from harness.model import Verdict

ALLOWED: Mapping[Step, str] = {
    Step.START: "harness campaign start",
    Step.PROFILE: "harness profile",
    Step.THINK: "harness think",
    Step.PLAN: "harness plan",
    Step.IMPLEMENT: "change the code, then harness test",
    Step.BENCHMARK: "harness bench",
    Step.LOG: "harness log",
    Step.COMMIT: "harness commit",
    Step.REVERT: "harness revert",
    Step.DECIDE: "harness decide",
    Step.FINISH: "harness campaign finish",
    Step.FINISHED: "nothing: it is finished; declare the next campaign in harness.toml",
}
"""What a state waits for, as a command."""

_NO_SURPRISE = re.compile(
    r"\W*(none|nothing|nil|null|n/?a|no surprises?|not surprised|no)\W*"
    r"|\W*(none|nothing|no surprises?|not surprised)\s*[^\w\s].*",
    re.IGNORECASE | re.DOTALL,
)
_SHOWN = 5
_TOP = '"$(git rev-parse --show-toplevel)"'


@dataclass(frozen=True, slots=True)
class Tree:
    """The working tree as a campaign sees it: without its records and the user's own files."""

    fingerprint: str
    changed: tuple[str, ...] = ()
    """The files that differ from the last kept state."""
    added: tuple[str, ...] = ()
    """Those of them that the last kept state does not have."""

    def way_back(self, kept_commit: str, paths: Iterable[str]) -> str:
        """The command that restores some of these files and moves new ones out of the way.

        It works in every folder of the repository.
        """
        here = list(paths)
        old = [shlex.quote(f":/{path}") for path in here if path not in self.added]
        new = [f"{_TOP}/{shlex.quote(path)}" for path in here if path in self.added]
        commands = [f"git restore --source={kept_commit[:12]} -- {' '.join(old)}"] if old else []
        commands += [f"mv -n {' '.join(new)} {_TOP}/.."] if new else []
        return " && ".join(commands)


def demand(state: State, command: str, steps: Iterable[Step]) -> None:
    """The command belongs to one of these steps; NotAllowed says what is allowed instead."""
    if state.step in steps:
        return
    raise NotAllowed(
        f"`harness {command}` is not allowed now: the campaign {state.name!r} waits for"
        f" {state.step.value}",
        hint=f"Allowed: {ALLOWED[state.step]}. `harness next` says more.",
    )


def demand_untouched(state: State, tree: Tree, command: str) -> None:
    """The code is that of the last kept state: a thought comes before the change."""
    if tree.fingerprint == state.kept_tree:
        return
    raise NotAllowed(
        f"`harness {command}` wants the code of the last kept state, but these files differ:"
        f" {name_some(tree.changed)}",
        hint=f"Put the change aside (git diff > ../change.patch), restore it (git restore"
        f" --source={state.kept_commit[:12]} -- FILE; remove or ignore new files), and think"
        " before you change.",
    )


def demand_change(state: State, tree: Tree) -> None:
    """Something is there to be tested."""
    if tree.fingerprint == state.kept_tree:
        raise NotAllowed(
            "there is nothing to test: the code is that of the last kept state",
            hint="Make the change that was planned, then harness test; or give the iteration up:"
            " harness log --abandon REASON.",
        )


def demand_unforbidden(state: State, tree: Tree) -> None:
    """No protected file changed, and none outside the campaign's paths."""
    bad = forbidden(tree.changed, state.agreed)
    if bad:
        raise NotAllowed(
            f"files changed that this campaign may not change: {name_some(bad)}",
            hint=f"Restore them: {tree.way_back(state.kept_commit, bad[:_SHOWN])}",
        )


def demand_tested(state: State, tree: Tree, command: str) -> None:
    """The code is the code that was tested (and, after a bench, measured)."""
    iteration = state.iteration
    assert iteration is not None
    if tree.fingerprint == iteration.tested_tree:
        return
    measured = state.step in (Step.LOG, Step.COMMIT)
    raise NotAllowed(
        f"the code changed after it was {'measured' if measured else 'tested'}, so"
        f" `harness {command}` would speak of other code: {name_some(tree.changed)} differ from"
        " the last kept state",
        hint="Undo what came later, or give up: harness log --abandon REASON, then harness revert."
        if measured
        else "Run harness test again.",
    )


def forbidden(changed: Iterable[str], terms: Terms) -> list[str]:
    """The changed files that are protected or outside the campaign's paths."""
    return [
        path
        for path in changed
        if _matches(path, terms.protect) or (terms.paths and not _matches(path, terms.paths))
    ]


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(
        path == pattern.rstrip("/")
        or path.startswith(pattern.rstrip("/") + "/")
        or fnmatch.fnmatchcase(path, pattern)
        for pattern in patterns
    )


def check_thought(state: State, thought: Thought) -> None:
    """The guide's fields are filled in, and the prediction fits the last profile.

    A bottleneck that the profile does not show, one under the least share, and a prediction
    beyond Amdahl's bound want an explicit reason.
    """
    _check_fields(thought)
    bottleneck = thought.prediction.bottleneck
    if bottleneck in state.skipped:
        raise NotAllowed(
            f"the bottleneck {bottleneck!r} was skipped: {state.skipped[bottleneck]}",
            hint=f"Attack another: {_open_bottlenecks(state)}.",
        )
    if state.stuck_on() == bottleneck:
        raise NotAllowed(
            f"{state.failed_attempts(bottleneck)} attempts on {bottleneck!r} failed: it is stuck",
            hint=f'harness skip {bottleneck!r} --reason "why you are stuck"',
        )
    problem = bound_problem(state, thought)
    if problem and not thought.reason.strip():
        raise NotAllowed(
            problem, hint="Correct it, or say why it is made all the same: reason / --reason."
        )


def _check_fields(thought: Thought) -> None:
    fields = {
        "hypothesis": thought.hypothesis,
        "chosen": thought.chosen,
        "reasoning": thought.reasoning,
        "risk": thought.risk,
        "bottleneck": thought.prediction.bottleneck,
    }
    for name, text in fields.items():
        if not _filled(text):
            raise UsageError(f"a thought needs {name}; got {text!r}", hint=_TEMPLATE)
    if not 2 <= len(thought.options) <= 3:
        raise UsageError(
            f"a thought considers 2 or 3 options, got {len(thought.options)}", hint=_TEMPLATE
        )
    for option in thought.options:
        if not all(map(_filled, (option.name, option.pros, option.cons))):
            raise UsageError(f"an option needs name, pros and cons; got {option}", hint=_TEMPLATE)


_TEMPLATE = "`harness next` prints the template."


def _filled(text: str) -> bool:
    """Is it more than white space and the template's own words?"""
    stripped = text.strip()
    return bool(stripped) and not (stripped.startswith("<") and stripped.endswith(">"))


def bound_problem(state: State, thought: Thought) -> str:
    """What the last profile has against the prediction, with the bound; empty: nothing."""
    prediction = thought.prediction
    row = state.profile.row(prediction.bottleneck) if state.profile else None
    if row is None:
        return (
            f"the last profile shows no {prediction.bottleneck!r};"
            f" it shows {_open_bottlenecks(state) or 'nothing'}"
        )
    if row.share < state.agreed.min_share:
        return (
            f"{row.name!r} takes {row.share:.1%} of the time: all of it gone would give"
            f" {row.bound:.3f}x"
        )
    if prediction.high > max(row.bound, round(row.bound, 2)):  # the bound as it is shown will do
        return (
            f"{prediction.low:g} to {prediction.high:g}x is beyond Amdahl's bound: {row.name!r}"
            f" takes {row.share:.1%}, so all of it gone would give {row.bound:.2f}x"
        )
    return ""


def _open_bottlenecks(state: State) -> str:
    rows = state.profile.rows if state.profile else ()
    worth = worthwhile(state)
    shown = [_row_words(r) for r in rows if r.name in worth and r.name not in state.skipped]
    return ", ".join(shown[:_SHOWN])


def _row_words(row: ProfileRow) -> str:
    return f"{row.name} ({row.share:.0%})"


def check_plan(plan: Plan) -> None:
    """A plan has a title of one line and says what will be tried."""
    if not _filled(plan.title) or "\n" in plan.title.strip() or len(plan.title) > 72:
        raise UsageError(
            f"a plan needs a title of one line, at most 72 characters; got {plan.title!r}",
            hint=_TEMPLATE,
        )
    if not _filled(plan.optimization):
        raise UsageError("a plan says what will be changed and why: optimization", hint=_TEMPLATE)


def check_note(iteration: Iteration, note: LogNote) -> None:
    """A surprise is written, and more than "None" where the result left the prediction."""
    if not note.surprise.strip():
        raise UsageError(
            "the surprise is missing; think hard before you write None",
            hint=f"{compare_words(iteration)}. --surprise TEXT",
        )
    if not iteration.surprised:
        return
    if not _says_something(note.surprise):
        raise NotAllowed(
            f"{note.surprise.strip()!r} is no answer: {compare_words(iteration)}",
            hint="Say what was unexpected; the surprise is what the next one learns from.",
        )
    missing = [name for name in ("why", "lesson") if not _filled(getattr(note, name))]
    if missing:
        raise UsageError(
            f"a postmortem is due, since {compare_words(iteration)}; missing: {', '.join(missing)}",
            hint="--why explains the discrepancy, --lesson what it teaches about the code.",
        )


def _says_something(surprise: str) -> bool:
    """More than a word for nothing: "None", "None - as predicted", "n/a"."""
    return _filled(surprise) and _NO_SURPRISE.fullmatch(surprise) is None


def compare_words(iteration: Iteration) -> str:
    """Predicted against measured, with the interval of each."""
    prediction = iteration.thought.prediction
    predicted = f"predicted {prediction.low:g} to {prediction.high:g}x"
    if iteration.result is None:
        return f"{predicted}, got no valid result ({iteration.outcome.value})"
    step = iteration.result.step
    place = "outside" if iteration.surprised else "inside"
    interval = f"[{step.low:.3g}, {step.high:.3g}]" if step.bounded else "(no interval yet)"
    return f"{predicted}, measured {step.point:.3g}x {interval}, {place} the predicted interval"


def may_bench_again(iteration: Iteration, budget_ns: int, last_budget_ns: int) -> bool:
    """Undecided, and asked with more time than the last look had."""
    return iteration.outcome is Outcome.UNDECIDED and budget_ns > last_budget_ns


_NO_RESULT = (Outcome.ABANDONED, Outcome.WRONG, Outcome.CRASHED)


def keep_reason(iteration: Iteration) -> str:
    """Why an iteration is kept or not, in one sentence."""
    bench = iteration.bench
    outcome = iteration.outcome
    if bench is None or not bench.correct or outcome in _NO_RESULT:
        return iteration.abandoned or outcome.value
    if bench.verdict is Verdict.FASTER:
        return "faster than the last kept state and than the baseline, output right"
    if bench.verdict is Verdict.SLOWER and bench.fast.step.verdict is not Verdict.SLOWER:
        return "slower on the full case"
    if bench.fast.step.verdict is Verdict.FASTER:
        return f"against the baseline it is {bench.fast.cumulative.verdict.value}"
    return f"{bench.verdict.value} against the last kept state"


def name_some(paths: Iterable[str]) -> str:
    """A few paths by name, and how many more there are."""
    everything = list(paths)
    more = len(everything) - _SHOWN
    return ", ".join(everything[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
