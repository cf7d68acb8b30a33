"""The two logs and the summary, rendered from a state in the guide's formats; pure.

The Commit field of a kept iteration cannot stand in the commit itself, since the log is part of it.
There it reads `this commit`; from the next commit of the records on it is the hash.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from harness.campaign.case_notes import case_notes, interval_words, scale_notes, together_words
from harness.campaign.cost_notes import guard_notes
from harness.campaign.endings import result_parts, stop_parts
from harness.campaign.flag_lines import told_with
from harness.campaign.iteration import Iteration, Outcome
from harness.campaign.log_words import correctness_words, in_one_line
from harness.campaign.objectives import clock_words
from harness.campaign.port import SealedBaseline
from harness.campaign.raced import variant_lines
from harness.campaign.scoring import describe_scores, score
from harness.campaign.state import State
from harness.campaign.values import Ratio
from harness.campaign.where_done import executor_words, place_notes
from harness.model import Verdict
from harness.model.proposals import Reflection
from harness.render.units import show_beside, show_ns, show_ratio, show_share

_HASH = 7
_PHASES_SHOWN = 4


def optimization_log(state: State) -> str:
    """`optimization_log.md`: the baseline, one entry an iteration, and the campaign's end."""
    parts = [f"# Optimization Campaign: {state.name}", _baseline(state), *_trust(state)]
    sealed = state.sealed
    parts += [_entry(i, i.note, sealed) for i in state.iterations if i.note is not None]
    parts += [f"## Skipped: {name}\n{reason}" for name, reason in state.skipped.items()]
    parts += [*result_parts(state), *stop_parts(state)]
    return "\n\n".join(parts) + "\n"


def thinking_log(state: State) -> str:
    """`thinking_log.md`: what was registered before each iteration, and due postmortems."""
    parts = [f"# Thinking Journal: {state.name}"]
    for iteration in state.iterations:
        parts.append(_before(iteration))
        if iteration.note is not None and iteration.surprised:
            parts.append(_postmortem(iteration, iteration.note))
    return "\n\n".join(parts) + "\n"


def summary(state: State) -> str:
    """`summary.md`: the whole campaign in the short form of the guide's section 10."""
    result, leads = result_parts(state), state.agreed.leads_with_result
    parts = [f"# Optimization Campaign: {state.name}", *(result if leads else [])]
    parts += [_baseline(state), *_trust(state)]
    parts += [_short(i, i.note) for i in state.iterations if i.note is not None]
    parts += [*([] if leads else result), *stop_parts(state)]
    parts.append(f"## Predictions\n- {describe_scores(score(state.iterations))}")
    return "\n\n".join(parts) + "\n"


def _baseline(state: State) -> str:
    sealed = state.sealed
    total = sealed.total_ns
    phases = [
        f"{name}: {show_ns(ns)} ({show_share(ns / total)})"
        for name, ns in sealed.phases[:_PHASES_SHOWN]
    ]
    clock = " wall time" if state.agreed.says_clocks else ""
    figures = " | ".join([f"Total: {show_ns(total)}{clock}", *phases])
    there = executor_words(state.agreed)
    place = f" on {sealed.place}" if sealed.place else ""
    more = f"\n- Everything is built and measured by {there}; the baseline{place}" if there else ""
    more += f"\n- {_when_taken(state)}" if state.agreed.leads_with_result else ""
    commit = f"- Commit: {sealed.commit[:_HASH]} ({state.place.tag} tag)"
    return f"## Baseline\n- {figures}\n{commit}{more}"


def _when_taken(state: State) -> str:
    """When the baseline's own figures were taken: another hour's machine is another machine."""
    when = datetime.fromtimestamp(state.started_at_ns / 1e9, UTC)
    return (
        f"These figures were taken by {when:%Y-%m-%d %H:%M} UTC, before the loop, by themselves:"
        " they are no measure for later ones, and every result is of sides that ran in turns"
    )


def _trust(state: State) -> list[str]:
    """What is to be known of what decides beside the code; nothing where it stayed as it was."""
    lines = trust_lines(state)
    return ["\n".join(("## What decides", *(f"- {line}" for line in lines)))] if lines else []


def trust_lines(state: State) -> list[str]:
    """What decides beside the code and is worth a word, and how it changed: one line each."""
    lines = list(state.trusted.notes) if state.trusted else []
    for change in state.trust_changes:
        accepted = f" (accepted: {in_one_line(change.reason)})" if change.reason else ""
        lines += [f"changed: {in_one_line(words)}{accepted}" for words in change.changes]
    return lines


def _entry(iteration: Iteration, note: Reflection, sealed: SealedBaseline) -> str:
    prediction = iteration.thought.prediction
    plan = in_one_line(iteration.plan.optimization) if iteration.plan else "none was planned"
    lines = [
        f"## Iteration {iteration.number}: {iteration.title}",
        f"**Target:** {prediction.bottleneck}",
        f"**Optimization:** {plan}",
        f"**Bottleneck:** {_bottleneck(iteration)}",
        f"**Prediction:** {_prediction(iteration)}",
        f"**Result:** {_result(iteration)}",
        f"**Performance:** {_performance(iteration)}",
        f"**Correctness:** {correctness_words(iteration)}",
        f"**Commit:** {_commit(iteration)}",
        *map(in_one_line, variant_lines(iteration)),
        f"**Surprise:** {in_one_line(note.surprise)}",
        f"**Notes:** {_notes(iteration, note, sealed)}",
        *map(in_one_line, told_with(iteration)),
    ]
    return "\n".join(lines)


def _sentence(text: str) -> str:
    """A text in one line that ends like a sentence, so that another can follow."""
    flat = in_one_line(text)
    return flat if flat.endswith((".", "!", "?")) else f"{flat}."


def _bottleneck(iteration: Iteration) -> str:
    profile, name = iteration.profile, iteration.thought.prediction.bottleneck
    row = profile.row(name)
    said = iteration.tells_apart and profile.overlaps
    overlap = ", each with all that it calls" if said else ""
    shown = [f"{r.name} {show_share(r.share)}" for r in profile.rows[:_PHASES_SHOWN]]
    bound = f"; it has no {name}"
    if row is not None:
        whole = math.isinf(row.bound)
        gone = "the whole program, no bound" if whole else f"at most {row.bound:.2f}x"
        bound = f"; all of {name} gone: {gone}"
    return f"{', '.join(shown)} ({profile.tool}, case {profile.case}{overlap}){bound}"


def _predicted(iteration: Iteration) -> str:
    prediction = iteration.thought.prediction
    return f"{prediction.low:g}-{prediction.high:g}x"


def _prediction(iteration: Iteration) -> str:
    why = in_one_line(iteration.thought.reasoning)
    return f"{_predicted(iteration)}: {why}" if why else _predicted(iteration)


def _result(iteration: Iteration) -> str:
    if iteration.result is None:
        return f"FAIL ({iteration.outcome.value})"
    step, total = iteration.result.step, iteration.result.cumulative
    point, interval = _beside_prediction(iteration, step)
    kept = "" if iteration.outcome is Outcome.KEPT else f"; {iteration.outcome.value}, reverted"
    if not iteration.result.chained:
        return (
            f"{point} speedup (cumulative: {show_ratio(total.point)} over baseline){interval}{kept}"
        )
    whole = f"{show_ratio(total.point)}{interval_words(total)} over baseline, chained"
    if iteration.bench is not None and iteration.bench.others:
        kept = f" on {iteration.result.case}; {together_words(iteration.bench)}{kept}"
    return f"{point} speedup{interval} (cumulative: {whole}){kept}"


def _beside_prediction(iteration: Iteration, step: Ratio) -> tuple[str, str]:
    """What was gained, and its interval, as they are held against what was predicted."""
    bounds = iteration.bounds
    return show_beside(step.point, *bounds), interval_words(step, *bounds)


def _performance(iteration: Iteration) -> str:
    result = iteration.result
    if result is None:
        return "not measured"
    phases = [
        f"{p.name} {show_ns(p.baseline_ns)} -> {show_ns(p.current_ns)}"
        for p in result.phases[:_PHASES_SHOWN]
    ]
    before = "last kept state" if result.chained else "baseline"
    total = (
        f"{show_ns(result.current_ns)} {clock_words(result.metric)}, {before}"
        f" {show_ns(result.baseline_ns)} (case {result.case})"
    )
    # Phases are by wall time always: beside a total of CPU time a reader would add them up.
    if result.metric != "wall" and phases:
        phases[0] = f"by wall time: {phases[0]}"
    return "; ".join([total, *phases])


def _commit(iteration: Iteration) -> str:
    if iteration.taken_back:
        return f"{iteration.commit[:_HASH]} (taken back)"
    if iteration.outcome is Outcome.KEPT:
        return iteration.commit[:_HASH] if iteration.commit else "this commit"
    kept = f"; the attempt is kept as {iteration.attempt[:_HASH]}" if iteration.attempt else ""
    return f"(reverted{kept})"


def _notes(iteration: Iteration, note: Reflection, sealed: SealedBaseline) -> str:
    notes = [_sentence(note.notes)] if note.notes else []
    if iteration.like:
        same = ", ".join(map(str, iteration.like))
        notes.append(f"Nearly the same change as in iteration {same}.")
    if iteration.abandoned:
        notes.append(f"Given up: {_sentence(iteration.abandoned)}")
    if iteration.thought.reason:
        notes.append(f"Attacked all the same: {_sentence(iteration.thought.reason)}")
    if iteration.result is not None:
        if fresh := iteration.result.fresh_blocks:
            notes.append(f"The point is that of {fresh} blocks made after the gain was sure.")
        notes += guard_notes(iteration.result)
    bench = iteration.bench
    notes += [*scale_notes(bench), *case_notes(bench)] if bench is not None else []
    result = iteration.result
    ended = bench is not None and bench.verdict is Verdict.UNDECIDED
    if result is not None and result.chained and ended:
        notes.append(f"Not decided: {_sentence(result.stopped_because)}")
    elif iteration.outcome is Outcome.UNDECIDED:
        notes.append("The budget ended before the interval could decide.")
    notes += place_notes(iteration, sealed)
    return " ".join(notes) or "-"


def _before(iteration: Iteration) -> str:
    thought = iteration.thought
    options = "; ".join(
        f"({n}) {in_one_line(o.name)} (pros: {in_one_line(o.pros)}; cons: {in_one_line(o.cons)})"
        for n, o in enumerate(thought.options, start=1)
    )
    bottleneck = thought.prediction.bottleneck
    said = {
        "Current bottleneck hypothesis": f"{bottleneck}: {in_one_line(thought.hypothesis)}",
        "Options considered": options,
        "Chosen approach": in_one_line(thought.chosen),
        "Prediction": _prediction(iteration),
        "Risk": in_one_line(thought.risk),
    }
    lines = (f"- **{name}:** {text}" for name, text in said.items() if text)
    return "\n".join([f"### Before Iteration {iteration.number}", *lines])


def _postmortem(iteration: Iteration, note: Reflection) -> str:
    actual = f"no valid result ({iteration.outcome.value})"
    if iteration.result is not None:
        step = iteration.result.step
        word = " (regression)" if iteration.outcome is Outcome.SLOWER else ""
        point, interval = _beside_prediction(iteration, step)
        actual = f"{point} speedup{interval}{word}"
    return (
        f"### Postmortem — Iteration {iteration.number}\n"
        f"- **Predicted:** {_predicted(iteration)} speedup\n"
        f"- **Actual:** {actual}\n"
        f"- **Why:** {in_one_line(note.why)}\n"
        f"- **Lesson:** {in_one_line(note.lesson)}"
    )


def _short(iteration: Iteration, note: Reflection) -> str:
    attempted = "" if iteration.outcome is Outcome.KEPT else "[Attempted] "
    told = map(in_one_line, told_with(iteration))
    flags = "".join(f"\n- {line}" for line in told if line.startswith("FLAG "))
    return (
        f"## Iteration {iteration.number}: {attempted}{iteration.title}\n"
        f"- Prediction: {_predicted(iteration)} on {iteration.thought.prediction.bottleneck}\n"
        f"- Result: {_result(iteration)}\n"
        f"- Surprise: {in_one_line(note.surprise)}\n"
        f"- Commit: {_commit(iteration)}{flags}"
    )
