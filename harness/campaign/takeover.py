"""What the next one to drive a campaign has to know, in 500 tokens; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.campaign.advice import Advice
from harness.campaign.case_notes import case_words
from harness.campaign.flag_lines import flag_lines
from harness.campaign.gates import keep_reason, name_some
from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.logs import trust_lines
from harness.campaign.moves import Tree
from harness.campaign.objectives import objective_words
from harness.campaign.state import NotStarted, Progress, State
from harness.model import Verdict
from harness.render.floor_line import floor_words
from harness.render.units import show_factor

MOST = 2000
"""Characters, at about four a token."""

_FITS = ((6, 120), (5, 90), (4, 70), (3, 50), (2, 40), (1, 30))
"""How many of each kind are shown, and how wide, until all of it fits."""


def takeover_text(state: Progress, advice: Advice, tree: Tree, sources: Sequence[str] = ()) -> str:
    """Goal, where it stands, what is open, what failed and why, lessons, next; at most `MOST`.

    `sources` are the target's files, for where no file has changed yet.
    """
    if isinstance(state, NotStarted):
        return f"not started. next: {advice.command}"
    for count, width in _FITS:
        text = "\n".join(_lines(state, advice, (tree, sources), _Short(count, width)))
        if len(text) <= MOST:
            return text
    return text[: MOST - 3] + "..."


class _Short:
    """Cuts texts and lists to what there is room for."""

    def __init__(self, count: int, width: int) -> None:
        self.count, self.width = count, width

    def __call__(self, text: str, times: int = 1) -> str:
        flat, most = " ".join(text.split()), self.width * times
        return flat if len(flat) <= most else flat[: most - 3] + "..."


def _lines(
    state: State, advice: Advice, code: tuple[Tree, Sequence[str]], short: _Short
) -> Iterator[str]:
    yield from _standing(state)
    yield from _open(state, short)
    yield from _code(state, code, short)
    failed = [i for i in state.iterations if i.closed and i.outcome is not Outcome.KEPT]
    for iteration in failed[-short.count :]:
        yield f"{_kind(iteration)}: {_failure(iteration, short)}"
    lessons = [
        f"lesson {i.number}: {short(i.note.lesson)}"
        for i in state.iterations
        if i.note is not None and i.note.lesson
    ]
    yield from lessons[-short.count :]
    flags = flag_lines(state.iterations)
    yield from (short(line, 2) for line in flags[-short.count :])
    if len(flags) > short.count:
        yield f"FLAG: {len(flags) - short.count} more: harness status --all"
    yield from (f"what decides: {short(line, 2)}" for line in trust_lines(state)[-short.count :])
    skipped = [f"skipped: {short(f'{name}: {why}')}" for name, why in state.skipped.items()]
    yield from skipped[-short.count :]
    yield f"next: {advice.action}: {short(advice.why, 2)}"
    if advice.first:
        yield f"first: {short(advice.first, 2)}"
    yield f"run: {short(advice.command, 3)}"


def _standing(state: State) -> Iterator[str]:
    terms, place = state.agreed, state.place
    goal = f"{terms.target_speedup:g}x" if terms.target_speedup else "as fast as it gets"
    by = f" by {objective_words(terms.objective)}" if terms.objective else ""
    where = f"campaign {state.name}, case {case_words(terms)}"
    yield f"goal: {terms.target} {goal}{by}, same output ({where})"
    kept, count = len(state.kept), len(state.iterations)
    yield (
        f"stands at: {_number(state)} over the baseline; {kept} of {count} iterations"
        f" kept, {terms.max_iterations - count} left; last kept {state.kept_commit[:7]} on"
        f" {place.branch}"
    )
    if state.profile is not None and state.profile.floor is not None:
        yield floor_words(state.profile.floor)


def _number(state: State) -> str:
    return "not decided" if state.speedup is None else show_factor(state.speedup)


def _open(state: State, short: _Short) -> Iterator[str]:
    """The iteration at hand: its plan, its prediction, its hypothesis, its latest result."""
    iteration = state.iteration
    if iteration is None:
        yield f"open: nothing; it waits for {state.step.value}"
        return
    prediction = iteration.thought.prediction
    yield (
        f"open: iteration {iteration.number} at {state.step.value}: {short(iteration.title)};"
        f" predicted {prediction.low:g}-{prediction.high:g}x on {prediction.bottleneck}"
    )
    if iteration.plan is not None:
        yield f"plan: {short(iteration.plan.optimization, 2)}"
    yield f"hypothesis: {short(iteration.thought.hypothesis, 2)}"
    if iteration.bench is not None:
        yield f"measured: {short(keep_reason(iteration))}"
    elif iteration.test is not None:
        yield f"tested: {iteration.test.status.value}: {short(iteration.test.summary)}"


def _code(state: State, code: tuple[Tree, Sequence[str]], short: _Short) -> Iterator[str]:
    tree, sources = code
    if tree.changed:
        yield f"code: changed since the last kept state: {name_some(tree.changed[: short.count])}"
    elif tree.fingerprint in ("", state.kept_tree):
        files = f"; the target's files: {name_some(sources[: short.count])}" if sources else ""
        yield f"code: unchanged since the last kept state{files}"


_UNKNOWN = (Outcome.BUILD_FAILED, Outcome.CRASHED, Outcome.UNDECIDED, Outcome.NOT_JUDGED)
"""After these outcomes it is not known whether the idea was any good."""


def _kind(iteration: Iteration) -> str:
    unmeasured = iteration.outcome is Outcome.ABANDONED and iteration.result is None
    undecided = iteration.bench is not None and iteration.bench.verdict is Verdict.UNDECIDED
    unknown = iteration.outcome in _UNKNOWN or unmeasured or undecided
    return "not decided" if unknown else "failed"


def _failure(iteration: Iteration, short: _Short) -> str:
    """What was tried, how it ended and why, in one line."""
    note = iteration.note
    measured = f" {show_factor(iteration.result.step.point)}" if iteration.result else ""
    why = iteration.abandoned or (note.why or note.surprise if note else "")
    words = f"{iteration.title}: {iteration.outcome.value}{measured}; {why}"
    return f"{iteration.number} on {iteration.thought.prediction.bottleneck}: {short(words)}"
