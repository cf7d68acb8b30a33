"""A campaign for a reader who knows nothing: where it stands, what was tried; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.campaign.advice import Advice
from harness.campaign.bottlenecks import BY_WHOLE
from harness.campaign.case_notes import case_words
from harness.campaign.endings import headline_words
from harness.campaign.flag_lines import flag_lines
from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.logs import trust_lines
from harness.campaign.objectives import objective_words
from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.scoring import describe_scores, score
from harness.campaign.state import NotStarted, Progress, State, Step
from harness.render.floor_line import floor_words
from harness.render.tables import layout
from harness.render.units import show_factor, show_ns, show_share

_ROWS = 8
OVERLAPPING = "a share is of a row with all that it calls: they overlap, and have no sum"


def status_text(state: Progress, advice: Advice) -> str:
    """Goal, progress, bottlenecks, iterations, predictions and the next action."""
    if isinstance(state, NotStarted):
        return f"not started. next: {advice.command}"
    return "\n\n".join(
        filter(
            None,
            (
                _goal(state),
                _progress(state),
                profile_table(state),
                _iterations(state),
                _skipped(state),
                "\n".join(flag_lines(state.iterations)),
                "\n".join(f"what decides: {line}" for line in trust_lines(state)),
                f"predictions: {describe_scores(score(state.iterations))}",
                advice.text,
            ),
        )
    )


def _goal(state: State) -> str:
    terms, place = state.agreed, state.place
    target = f"{terms.target_speedup:g}x" if terms.target_speedup else "as fast as it gets"
    return (
        f"campaign {state.name}: make the target {terms.target!r} faster, goal {target}, same"
        f" output\ncase: {case_words(terms)}\nbranch: {place.branch} (from {place.base_branch}),"
        f" baseline {state.sealed.commit[:7]} (tag {place.tag}), last kept state"
        f" {state.kept_commit[:7]}\n"
        f"protected: {', '.join(terms.protect) or 'nothing'}"
    )


def _progress(state: State) -> str:
    terms = state.agreed
    kept, count = len(state.kept), len(state.iterations)
    open_one = state.iteration
    at = f"iteration {open_one.number}" if open_one else "between iterations"
    by = f" by {objective_words(terms.objective)}" if terms.objective else ""
    bench = state.kept[-1].bench if state.kept else None
    chained = ""
    total = state.over_baseline
    if bench is not None and bench.fast.chained and total is not None:
        chained = (
            f" [{show_factor(total.low)}, {show_factor(total.high)}] at"
            f" {math.floor(100 * total.confidence)} % or more, chained"
        )
    figure = f"so far: {show_factor(state.cumulative)}{chained} over the baseline{by}"
    if state.wrong is not None:
        figure += f"; WRONG on {state.wrong.shown.words}"
    if state.ending is not None and state.step is Step.FINISHED:
        figure = f"measured at the end: {headline_words(state)}"
    return (
        f"state: {state.step.value} ({at})\n{figure}; {count} of {terms.max_iterations}"
        f" iterations, {kept} kept; {state.looks} looks"
    )


def profile_table(state: State, most: int = _ROWS) -> str:
    """The last profile: bottleneck, share, bound, and what became of it; at most `most` rows."""
    profile = state.profile
    if profile is None or not profile.rows:
        return ""
    rows = [
        [r.name, r.by, show_share(r.share), _bound(r), _word(state, r.name)]
        for r in _shown(profile.rows, most)
    ]
    said = [OVERLAPPING, *profile.notes] if profile.overlaps else profile.notes
    notes = "".join(f"\nnote: {note}" for note in said)
    by = "no function is told" if profile.tool == "none" else profile.tool
    title = f"where the time goes ({by}, case {profile.case}{_wall(profile)}):"
    table = layout(["bottleneck", "by", "share", "all of it gone", ""], rows)
    floor = f"{floor_words(profile.floor)}\n" if profile.floor else ""
    return f"{title}\n{floor}{table}{notes}"


def _shown(rows: Sequence[ProfileRow], most: int) -> list[ProfileRow]:
    """The first rows, and the whole program wherever it stands."""
    return [*rows[:most], *(row for row in rows[most:] if row.by == BY_WHOLE)]


def _bound(row: ProfileRow) -> str:
    return "no bound" if math.isinf(row.bound) else show_factor(row.bound)


def _wall(profile: ProfileOutcome) -> str:
    return f", {show_ns(profile.wall_ns)}" if profile.wall_ns else ""


def _word(state: State, name: str) -> str:
    if name in state.skipped:
        return "skipped"
    failed = state.failed_attempts(name)
    return f"{failed} failed attempts" if failed else ""


def _iterations(state: State) -> str:
    rows = [_iteration(i) for i in state.iterations]
    headers = ["#", "title", "bottleneck", "predicted", "measured", "outcome", "commit"]
    return layout(headers, rows) if rows else ""


def _iteration(iteration: Iteration) -> list[str]:
    prediction = iteration.thought.prediction
    result = iteration.result
    return [
        str(iteration.number),
        iteration.title if iteration.plan or iteration.closed else "(not planned yet)",
        prediction.bottleneck,
        f"{prediction.low:g}-{prediction.high:g}x",
        show_factor(result.step.point, prediction.low, prediction.high) if result else "-",
        iteration.outcome.value if iteration.closed else "open",
        iteration.commit[:7] if iteration.outcome is Outcome.KEPT else iteration.attempt[:7],
    ]


def _skipped(state: State) -> str:
    return "\n".join(f"skipped {name}: {reason}" for name, reason in state.skipped.items())
