"""Re-derives a campaign from its events, trials and commits, and names what does not fit.

What a fresh clone does not have (tags, refs/harness) is said, and does not count as damage. The
order is that of trust: journal, baseline, then each event with its numbers, gates and commits, and
the rendered logs last.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from harness.campaign.agreed import Decision
from harness.campaign.chaining import chained, known_noise
from harness.campaign.events import Event, Kind
from harness.campaign.exit_codes import answer_of_flags
from harness.campaign.flag_lines import flag_lines
from harness.campaign.flagging import EDITION, with_flags
from harness.campaign.folding import states_after
from harness.campaign.gates import check_note, check_plan, check_thought
from harness.campaign.port import BenchRequest, SealedBaseline, Workbench, confirms, holds_tails
from harness.campaign.spending import attempt_confidence, confidence_of, final_confidence
from harness.campaign.state import State, Step
from harness.campaign.stopping import decision_by_rules
from harness.campaign.values import BenchOutcome, Terms
from harness.errors import (
    AnswerIsNo,
    DataClosed,
    DataDamaged,
    HarnessError,
)
from harness.model import Noise, Verdict
from harness.model.proposals import Plan, Reflection, Thought
from harness.optimise.campaign import Campaign
from harness.optimise.verification import Verification
from harness.optimise.verify_commits import check_attempt, commit_problems, taken_back_problems
from harness.optimise.verify_figures import figure_problems, ran_one_program
from harness.optimise.verify_trusted import trusted_parts
from harness.optimise.verify_weighed import same_noise, weighed_problems


def verify(campaign: Campaign, bench: Workbench, against: Path | None = None) -> Verification:
    """Check everything; the journal itself was checked when the campaign was opened.

    `against`: another witness than the campaign's own.
    """
    found = Verification()
    if not campaign.started:
        found.unchecked.append(f"the campaign {campaign.name!r} has no events yet")
        for path in campaign.records.edited(()):
            found.problems.append(f"{path}: is there, and the events that it was rendered from not")
        return found
    branch = campaign.state.place.branch
    elsewhere = campaign.git.is_repository() and campaign.git.branch() != branch
    unfinished = campaign.state.step is not Step.FINISHED
    if unfinished and elsewhere and not campaign.journal.exists():
        found.unchecked.append(f"the campaign {campaign.name!r} lives on the branch {branch!r}")
        return found
    found.checked["events"] = len(campaign.events)
    found.flags += flag_lines(campaign.state.iterations)
    here = len(campaign.journal.read())
    if here < len(campaign.events) and not campaign.recoverable:
        found.problems.append(
            f"{campaign.journal.path}: ends after event {here}; this machine has written"
            f" {len(campaign.events)} ({campaign.journal.copy})"
        )
    _baseline(campaign, bench, found)
    # The first event, the start, has no state before it, and promises nothing to be checked here.
    for event, (before, after) in zip(
        campaign.events[1:], pairwise(states_after(campaign.events)), strict=True
    ):
        for problem in _event(campaign, bench, found, (before, event, after)):
            found.problems.append(f"event {event.number} ({event.kind.value}): {problem}")
    for part in trusted_parts(campaign, against):
        found.remarks += part.remarks
        found.unchecked += part.unchecked
        found.problems += part.problems
        for what, count in part.checked.items():
            found.checked[what] = count
    behind = set(campaign.records.behind(campaign.events))
    for path in campaign.records.edited(campaign.events):
        if path in behind:
            found.unchecked.append(
                f"{path} lacks the last event, whose command was interrupted; the next renders it"
            )
            continue
        found.problems.append(f"{path}: not what the events give: edited by hand, or out of date")
    for _ in campaign.records.expected(campaign.state):
        found.count("rendered logs")
    return found


def _but_noise(sealed: SealedBaseline) -> SealedBaseline:
    """What identifies a baseline: older campaigns keep no noise of its trials, by either clock, and
    what was said when it was made is not known later."""
    return replace(sealed, noise=(), cpu_noise=Noise(), place="", notes=(), runs=0)


def _baseline(campaign: Campaign, bench: Workbench, found: Verification) -> None:
    try:
        sealed, doubts = bench.check_baseline()
    except DataClosed:
        raise  # not a misfit: it may not be read, and its own hint says how to open it
    except HarnessError as problem:
        found.problems.append(problem.message)
        return
    found.unchecked += doubts
    found.count("baseline")
    if _but_noise(sealed) != _but_noise(campaign.state.sealed) or (
        campaign.state.agreed.weighs and not same_noise(sealed.noise, campaign.state.sealed.noise)
    ):
        found.problems.append(
            f"the baseline in {campaign.folder} is not the one that the campaign started with:"
            f" seal {sealed.root[:12]}, started with {campaign.state.sealed.root[:12]}"
        )


Turn = tuple[State, Event, State]
"""The state before an event, the event, the state after it."""


def _event(campaign: Campaign, bench: Workbench, found: Verification, turn: Turn) -> Iterator[str]:
    """What does not fit about one event."""
    before, event, after = turn
    try:
        if event.kind is Kind.THOUGHT:
            check_thought(before, event.value("thought", Thought))
            found.count("thoughts")
        elif event.kind is Kind.PLANNED:
            check_plan(event.value("plan", Plan))
        elif event.kind is Kind.LOGGED and before.iteration is not None:
            check_note(before.iteration, event.value("note", Reflection))
            found.count("surprises")
        elif event.kind is Kind.DECIDED:
            yield from _decision(before, event, found)
        elif event.kind is Kind.BENCHED:
            yield from _bench(campaign, bench, (before, event, after), found)
        elif event.kind is Kind.FINISHING:
            yield from _result(bench, before, event, found)
        elif event.kind is Kind.COMMITTED:
            yield from commit_problems(campaign, event, after, found)
        elif event.kind is Kind.TAKEN_BACK:
            yield from taken_back_problems(campaign, event, after, found)
        elif event.kind is Kind.REVERTED:
            check_attempt(campaign, event, after, found)
    except DataClosed:
        raise  # not a misfit: it may not be read, and its own hint says how to open it
    except HarnessError as problem:
        yield problem.message


def _decision(before: State, event: Event, found: Verification) -> Iterator[str]:
    stored = event.value("decision", Decision)
    exhausted = event.value("exhausted", str)
    derived = decision_by_rules(before, event.at_ns, exhausted)
    found.count("decisions")
    if derived == stored or _decided_just_before(before, event, stored):
        return
    yield f"the rules give {_words(derived)}, the event says {_words(stored)}"


_CLOCKS_APART_NS = 10_000_000_000
"""Older harnesses read the clock once for a decision and once more for its event, so much later
at most."""


def _decided_just_before(before: State, event: Event, stored: Decision) -> bool:
    """Is it what the rules gave at some moment shortly before the event's?

    The time that was spent, which a stop by the time budget names, only grows: the moment at which
    it is the stored one is found by halving.
    """
    exhausted = event.value("exhausted", str)
    early, late = max(before.last_at_ns, event.at_ns - _CLOCKS_APART_NS), event.at_ns
    if decision_by_rules(before, early, exhausted) == stored:
        return True
    spent = _minutes(stored)
    while spent is not None and late - early > 1:
        middle = (early + late) // 2
        derived = decision_by_rules(before, middle, exhausted)
        if derived == stored:
            return True
        minutes = _minutes(derived)
        if minutes is None or minutes < spent:
            early = middle
        else:
            late = middle
    return False


_SPENT = re.compile(r"is spent \(([-+.0-9e]+) min\)$")


def _minutes(decision: Decision) -> float | None:
    """The time that a stop by the time budget says was spent."""
    match = _SPENT.search(decision.reason) if decision.rule == "time budget" else None
    return float(match[1]) if match else None


def _words(decision: Decision) -> str:
    return f"{'stop' if decision.stop else 'continue'} ({decision.rule}: {decision.reason})"


def _bench(campaign: Campaign, bench: Workbench, turn: Turn, found: Verification) -> Iterator[str]:
    before, event, _ = turn
    request = event.value("request", BenchRequest)
    terms = before.agreed
    expected = confidence_of(request.look, terms)
    if terms.weighs:
        expected = attempt_confidence(max(request.attempt, 1), len(before.kept), terms)
        yield from weighed_problems(campaign.events, before, event)
    if request.look != before.looks or not math.isclose(request.confidence, expected):
        yield (
            f"look {request.look} at confidence {request.confidence}: look {before.looks} has"
            f" {expected}"
        )
    if (request.kept, request.baseline) != (before.kept_commit, before.sealed.commit):
        yield "it was not compared with the last kept state and the baseline"
    stored = event.value("outcome", BenchOutcome)
    yield from _other_terms(request, terms)
    yield from _lacks_cases(stored, terms)
    # Nothing rests on the full case where the fast one is slower already.
    slower = terms.rules > 1 and any(
        case.step.verdict is Verdict.SLOWER for case in stored.together
    )
    right = all(case.correct for case in stored.together)
    if before.full_due and stored.full is None and right and not slower:
        yield "the full case was due and was not measured"
    yield from _figures(bench, request, stored, found, before)


_OTHER_TAILS = "the mean and the slow runs were not held against it as the terms say"


def _other_terms(request: BenchRequest, terms: Terms) -> Iterator[str]:
    """What a look was asked otherwise than the terms of the start say."""
    if request.objective != terms.objective:
        yield f"it was decided by {request.objective or 'any'} time, not {terms.objective or 'any'}"
    if request.guards != terms.guards:
        yield f"its guards were {request.guards}, and those of the terms are {terms.guards}"
    if request.tails != holds_tails(terms):
        yield _OTHER_TAILS
    if request.cases != terms.cases:
        yield f"it was judged with the cases {request.cases}, and the terms say {terms.cases}"
    if request.confirm != confirms(terms):
        yield "its gain was not measured afresh as the terms say"


def _lacks_cases(stored: BenchOutcome, terms: Terms) -> Iterator[str]:
    """Which cases of the terms a look has no result of, though nothing had ended it before."""
    measured = {case.case for case in stored.results}
    over = any(not c.correct or c.step.verdict is Verdict.SLOWER for c in stored.results)
    missing = [name for name in terms.cases if name not in measured]
    if missing and not over:
        yield f"{', '.join(missing)}: due and not measured"
    if terms.cases and stored.threshold != terms.threshold:
        yield f"its cases were held against {stored.threshold}, and the terms say {terms.threshold}"


def _result(bench: Workbench, before: State, event: Event, found: Verification) -> Iterator[str]:
    """The last result: there where something was kept, and asked as the terms say."""
    if event.data.get("result") is None:
        if before.kept:
            yield f"{len(before.kept)} iterations were kept, and the end was not measured"
        return
    request = event.value("request", BenchRequest)
    baseline, terms = before.sealed.commit, before.agreed
    if (request.kept, request.baseline) != (baseline, baseline):
        yield "it was not compared with the baseline"
    if not math.isclose(request.confidence, final_confidence(terms)):
        yield f"confidence {request.confidence}: the terms give {final_confidence(terms)}"
    if request.weighed != terms.weighs or (
        terms.weighs and not same_noise(request.noise, known_noise(before))
    ):
        yield "it was not weighed by the noise that was known"
    yield from _other_terms(request, terms)
    stored = event.value("result", BenchOutcome)
    yield from _lacks_cases(stored, terms)
    right = all(case.correct for case in stored.together)
    if terms.full_case is not None and stored.full is None and right:
        yield "the full case was due and was not measured"
    yield from _figures(bench, request, stored, found)


def _figures(
    bench: Workbench,
    request: BenchRequest,
    stored: BenchOutcome,
    found: Verification,
    before: State | None = None,
) -> Iterator[str]:
    """The ratios and verdicts again, from the trials; of a weighed look after `before` chained."""
    derived = bench.recompute(request, stored)
    if request.weighed and before is not None:
        derived = chained(before, derived, goes_on=request.continues is not None)
    for kept, again in zip(stored.results, derived.results, strict=True):
        found.count("measured cases")
        found.remarks += ran_one_program(kept)
        yield from figure_problems(kept, again)
    edition = stored.flagged.rules
    if before is not None and 0 < edition <= EDITION:
        found.count("looks weighed again for flags")
        if with_flags(before, stored, edition).flagged != stored.flagged:
            yield "its flags are not those that its figures give"


def wrong_with(found: Verification, *, strict: bool) -> DataDamaged | AnswerIsNo | None:
    """What `harness verify` answers, as an error; None: everything fits.

    With `strict` a flag is a no, where nothing worse was found.
    """
    if not found.ok:
        return damage(found)
    return answer_of_flags(found.flags) if strict else None


def damage(found: Verification) -> DataDamaged:
    """The first problem as an error."""
    more = len(found.problems) - 1
    return DataDamaged(
        found.problems[0] + (f" (and {more} more)" if more else ""),
        hint="Restore the records from git: `git log -- optim` shows who changed them.",
    )
