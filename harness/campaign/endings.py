"""How a campaign ended, as its logs and its summary say it; pure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.campaign.case_notes import interval_words, together_words
from harness.campaign.cost_notes import guard_notes
from harness.campaign.dominating import dominating_words
from harness.campaign.iteration import Iteration
from harness.campaign.log_words import in_one_line
from harness.campaign.objectives import clock_words, objective_words
from harness.campaign.profile_values import ProfileOutcome
from harness.campaign.state import State, Step
from harness.campaign.stopping import attackable
from harness.campaign.values import AtScale, BenchOutcome, CaseResult
from harness.campaign.where_done import place_of_end
from harness.model import Verdict
from harness.render.floor_line import floor_words
from harness.render.units import show_ns, show_ratio, show_share


def result_parts(state: State) -> list[str]:
    """What came of a campaign, measured at its end; nothing of one that is under way."""
    if state.ending is None or state.step is not Step.FINISHED:
        return []
    headline, result = f"## Campaign result: {headline_words(state)}", state.ending.result
    if result is None:
        return [headline]
    if not state.agreed.leads_with_result:
        return ["\n".join(("## Full-scale validation", *_validation(state, result))), headline]
    lines = [*_validation(state, result), "- Both sides of each ran in turns, at the end."]
    return ["\n".join((headline, *lines))]


def stop_parts(state: State) -> list[str]:
    """Why a campaign ended, and what is left; nothing of one that is under way."""
    if state.ending is None or state.step is not Step.FINISHED:
        return []
    parts = []
    if state.decision is not None:
        parts.append(f"## Stopped: {state.decision.rule}\n- {in_one_line(state.decision.reason)}")
    if state.ending.profile is not None and state.ending.profile.rows:
        parts.append(_next_bottleneck(state, state.ending.profile))
    return parts


def headline_words(state: State) -> str:
    """The campaign's one number in words, once it is finished."""
    result = state.ending.result if state.ending else None
    if result is None:
        return "nothing was kept"
    several = f"; {together_words(result)}" if result.others else ""
    if state.headline is not None:
        return _total(state.headline, state.agreed.rules) + several
    return f"not decided within the budget ({_total(result.fast, state.agreed.rules)})"


def _total(result: CaseResult, rules: int) -> str:
    ratio = result.cumulative
    by = f" by {objective_words(result.metric)}" if rules > 1 else ""
    shown = f"{show_ratio(ratio.point)}{interval_words(ratio)}"
    return f"{shown} over the baseline{by} (case {result.case})"


def _validation(state: State, result: BenchOutcome) -> list[str]:
    lines, rules = [], state.agreed.rules
    for case in result.results:
        clock = f" {clock_words(case.metric)}" if state.agreed.says_clocks else ""
        lines.append(
            f"- {case.case}: {show_ns(case.current_ns)}{clock} vs {show_ns(case.baseline_ns)}"
            f" original = {_total(case, rules)}{_doubt(case, rules)}; correctness"
            f" {'PASS' if case.correct else 'FAIL'}"
        )
        lines += [f"- {note}" for note in (*guard_notes(case), *place_of_end(case))]
    return [*lines, *_unheld(state.kept)]


def _doubt(case: CaseResult, rules: int) -> str:
    """What it would have taken, where the budget ended before this was decided."""
    if rules < 2 or case.cumulative.verdict is not Verdict.UNDECIDED or not case.correct:
        return ""
    if case.budget_needed_ns is None:
        return ", not decided within the budget"
    return f", not decided within the budget (about {show_ns(case.budget_needed_ns, 2)} would)"


def _unheld(kept: Iterable[Iteration]) -> list[str]:
    """Kept gains that did not hold on the full case, or that it left open: counted and named."""
    found = {i.number: i.bench.at_scale for i in kept if i.bench and i.bench.at_scale}
    lines = []
    for what, word in ((AtScale.LOST, "did not hold there"), (AtScale.UNDECIDED, "stayed open")):
        numbers = [str(number) for number, scale in found.items() if scale is what]
        names = f" (iterations {', '.join(numbers)})" if numbers else ""
        if numbers or what is AtScale.LOST:
            count = f"{len(numbers)} of {len(found)}"
            lines.append(f"- {count} kept gains measured on the full case {word}{names}")
    return lines if found else []


def _next_bottleneck(state: State, profile: ProfileOutcome) -> str:
    terms = state.agreed
    if terms.leads_with_result:
        words = dominating_words(profile, terms.min_share)
        return f"## {words}\n\n{floor_words(profile.floor)}" if profile.floor else f"## {words}"
    row = attackable(profile, terms.min_share) if terms.says_clocks else profile.rows[0]
    floor = f"\n\n{floor_words(profile.floor)}" if profile.floor else ""
    if row is None:
        return f"## Hardly more than start-up is left{floor}"
    return (
        f"## {row.name} now dominates ({show_share(row.share)} of total). New campaign needed for"
        f" further gains.{floor}"
    )
