"""What a thought, a plan and a note have to say; pure. When each is due: `harness.campaign.moves`.

Every gate returns nothing or raises: NotAllowed where the rules of the guide are against it,
UsageError where what was written is not complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.campaign.bottlenecks import WHOLE_PROGRAM, holds_others, means_the_whole
from harness.campaign.case_notes import together_words
from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.objectives import objective_words
from harness.campaign.profile_values import ProfileRow
from harness.campaign.state import State
from harness.campaign.stopping import worthwhile
from harness.campaign.values import Ratio
from harness.errors import NotAllowed, UsageError
from harness.model import Verdict
from harness.model.proposals import Plan, Prediction, Reflection, Thought
from harness.render.floor_line import floor_words
from harness.render.units import NO_INTERVAL, show_beside

_NO_SURPRISE = re.compile(
    r"\W*(none|nothing|nil|null|n/?a|no surprises?|not surprised|no)\W*"
    r"|\W*(none|nothing|no surprises?|not surprised)\s*[^\w\s].*",
    re.IGNORECASE | re.DOTALL,
)
_SHOWN = 5


def check_thought(state: State, thought: Thought) -> None:
    """A bottleneck, a hypothesis and a prediction are there, which fits the last profile.

    A bottleneck that the profile does not show, one under the least share, and a prediction
    beyond Amdahl's bound want an explicit reason.
    """
    _check_fields(thought)
    bottleneck = thought.prediction.bottleneck
    if state.is_skipped(bottleneck):
        why = next(w for n, w in state.skipped.items() if state.same_place(n, bottleneck))
        raise NotAllowed(f"the bottleneck {bottleneck!r} was skipped: {why}", hint=_others(state))
    if _goes_around(state, bottleneck):
        raise NotAllowed(
            f"{bottleneck!r} holds what was skipped ({', '.join(state.skipped)}), so it is no other"
            " bottleneck",
            hint=_others(state),
        )
    if _is_unbounded_name(state, bottleneck):
        raise NotAllowed(
            f"{bottleneck!r} holds all that runs below it, so that it bounds nothing",
            hint=f"A rewrite of all of it has a name of its own: bottleneck = {WHOLE_PROGRAM!r}."
            f" Else name a part: {_open_bottlenecks(state) or 'none is shown'}.",
        )
    stuck = state.stuck_on()
    if stuck is not None and state.same_place(stuck, bottleneck):
        raise NotAllowed(
            f"{state.failed_attempts(bottleneck)} attempts on {bottleneck!r} failed: it is stuck",
            hint=f'harness skip {bottleneck!r} --reason "why you are stuck"',
        )
    problem = bound_problem(state, thought)
    if problem and not thought.reason.strip():
        raise NotAllowed(
            problem, hint="Correct it, or say why it is made all the same: reason / --reason."
        )


def _others(state: State) -> str:
    shown = _open_bottlenecks(state)
    return f"Attack another: {shown}." if shown else 'harness decide --exhausted "WHY"'


def _goes_around(state: State, bottleneck: str) -> bool:
    """Is it a name for the whole of what has skipped parts, in a profile that tells parts apart?"""
    rows = state.profile.rows if state.profile else ()
    parts = any(not holds_others(row.name) for row in rows)
    return state.agreed.rules > 1 and bool(state.skipped) and parts and holds_others(bottleneck)


def _is_unbounded_name(state: State, bottleneck: str) -> bool:
    """Is it `main` or the like, in a profile that has the whole program as a row of its own?"""
    profile = state.profile
    if profile is None or profile.row(WHOLE_PROGRAM) is None:
        return False
    return means_the_whole(bottleneck) and profile.row(bottleneck) is None


def _check_fields(thought: Thought) -> None:
    fields = {
        "chosen": thought.chosen,
        "reasoning": thought.reasoning,
        "risk": thought.risk,
    }
    if thought.prediction.bottleneck.strip() in ("", "<bottleneck>"):
        raise UsageError("a thought needs bottleneck, a row of the profile", hint=_TEMPLATE)
    if not _filled(thought.hypothesis):
        raise UsageError(
            f"a thought needs hypothesis, what limits it and why; got {thought.hypothesis!r}",
            hint=_TEMPLATE,
        )
    for name, text in fields.items():
        if text.strip() and not _filled(text):
            raise UsageError(
                f"{name} is left as in a form: {text!r}",
                hint="Fill it in, or leave it out.",
            )
    if len(thought.options) not in (0, 2, 3):
        raise UsageError(
            f"a thought considers 2 or 3 options or names none, got {len(thought.options)}",
            hint=_TEMPLATE,
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
    # The bound as it is shown will do, and what the profile's own roughness leaves of it.
    if prediction.high > max(row.farthest, round(row.farthest, 2)):
        if row.limit is not None and row.bound >= row.limit:
            known = floor_words(state.profile.floor if state.profile else None)
            return (
                f"{prediction.low:g} to {prediction.high:g}x is beyond the floor:"
                f" {known.removeprefix('floor: ')}"
            )
        return (
            f"{prediction.low:g} to {prediction.high:g}x is beyond Amdahl's bound: {row.name!r}"
            f" takes {row.share:.1%}, so all of it gone would give {row.bound:.2f}x{_at_most(row)}"
        )
    return ""


def _at_most(row: ProfileRow) -> str:
    """What else the bound may be, where the profile's roughness leaves something of it."""
    if row.high is None or round(row.farthest, 2) <= round(row.bound, 2):
        return ""
    return f", and {row.farthest:.2f}x were its share the {row.high:.1%} that it may be"


def _open_bottlenecks(state: State) -> str:
    rows = state.profile.rows if state.profile else ()
    worth = worthwhile(state)
    shown = [_row_words(r) for r in rows if r.name in worth and not state.is_skipped(r.name)]
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


def check_note(iteration: Iteration, note: Reflection) -> None:
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


def predicted_words(iteration: Iteration) -> str:
    """What was predicted of the whole program."""
    prediction = iteration.thought.prediction
    return f"predicted {prediction.low:g} to {prediction.high:g}x"


def compare_words(iteration: Iteration) -> str:
    """Predicted against measured, with the interval of each."""
    predicted = predicted_words(iteration)
    if iteration.result is None:
        return f"{predicted}, got no valid result ({iteration.outcome.value})"
    step = iteration.result.step
    place = "inside" if iteration.point_predicted else "outside"
    measured = measured_words(step, iteration.thought.prediction)
    words = f"{predicted}, measured {measured}, {place} the predicted interval"
    if place == "outside" and not iteration.surprised:
        return f"{words}, which its own one meets"
    return words


def measured_words(step: Ratio, predicted: Prediction) -> str:
    """What was measured, with its interval, beside what was predicted."""
    ends = predicted.low, predicted.high
    point, low, high = (show_beside(each, *ends) for each in (step.point, step.low, step.high))
    interval = f"[{low.removesuffix('x')}, {high.removesuffix('x')}]"
    return f"{point} {interval if step.bounded else f'({NO_INTERVAL})'}"


def result_words(iteration: Iteration) -> str:
    """Predicted against measured, and why it is kept or not."""
    return f"{compare_words(iteration)}; {keep_reason(iteration)}"


_NO_RESULT = (Outcome.ABANDONED, Outcome.WRONG, Outcome.CRASHED)


def keep_reason(iteration: Iteration) -> str:
    """Why an iteration is kept or not, in one sentence."""
    bench = iteration.bench
    outcome = iteration.outcome
    if iteration.taken_back:
        return f"taken back: {iteration.taken_back}"
    if iteration.since:
        return f"not judged: iteration {iteration.since}, which it stands on, is wrong"
    if bench is None or not bench.correct or outcome in _NO_RESULT:
        return iteration.abandoned or outcome.value
    if bench.broken:
        broken = "; ".join(str(found) for found in bench.broken)
        return f"breaks a guard: {broken}"
    if bench.others and bench.verdict is not Verdict.EQUIVALENT:
        return f"{together_words(bench)}, output right"
    if bench.verdict is Verdict.FASTER and bench.fast.chained:
        return (
            f"faster than the last kept state by {objective_words(bench.fast.metric)}, output right"
        )
    if bench.verdict is Verdict.FASTER:
        return "faster than the last kept state and than the baseline, output right"
    if bench.verdict is Verdict.SLOWER and bench.fast.step.verdict is not Verdict.SLOWER:
        return "slower on the full case"
    if bench.verdict is Verdict.MIXED:
        return "a usual run gains against the last kept state, and its mean or slow runs lose"
    if bench.fast.step.verdict is Verdict.FASTER:
        return f"against the baseline it is {bench.fast.cumulative.verdict.value}"
    return f"{bench.verdict.value} against the last kept state"


def name_some(paths: Iterable[str]) -> str:
    """A few paths by name, and how many more there are."""
    everything = list(paths)
    more = len(everything) - _SHOWN
    return ", ".join(everything[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
