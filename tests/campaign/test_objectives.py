"""Guards of a campaign's terms, and objectives that are no times: what becomes of a look."""

from __future__ import annotations

import msgspec
import pytest

from harness.campaign.events import builtins
from harness.campaign.gates import keep_reason
from harness.campaign.iteration import Outcome
from harness.campaign.logs import optimization_log
from harness.campaign.objectives import GuardResult, clock_words, objective_words
from harness.campaign.values import BenchOutcome
from harness.model import Verdict
from harness.model.guards import GuardState


def guard(state: GuardState) -> GuardResult:
    return GuardResult("memory=5%", state, "0.28x [0.27, 0.29]")


def test_what_breaks_a_guard_is_not_kept_however_fast_it_is(story, make_result):
    broken = make_result(2.0, guarded=(guard(GuardState.BROKEN),))
    story.profiled()
    story.planned()
    story.tested()
    state = story.benched(broken)
    assert state.iterations[-1].bench.verdict is Verdict.SLOWER
    state = story.closed()
    assert state.iterations[-1].outcome is not Outcome.KEPT
    assert "breaks a guard: memory=5%: broken (0.28x" in keep_reason(state.iterations[-1])
    assert "Guard memory=5%: broken (0.28x [0.27, 0.29])." in optimization_log(state)


@pytest.mark.parametrize("found", [GuardState.KEPT, GuardState.OPEN])
def test_a_guard_that_is_kept_or_open_stops_nothing_and_stands_in_the_log(
    story, make_result, found
):
    state = story.iterated(make_result(2.0, guarded=(guard(found),)))
    assert state.iterations[-1].outcome is Outcome.KEPT
    assert f"Guard memory=5%: {found.value}" in optimization_log(state)


def test_a_guard_of_the_full_case_counts_too(make_result):
    full = make_result(2.0, case="full", guarded=(guard(GuardState.BROKEN),))
    assert BenchOutcome(make_result(2.0), full).verdict is Verdict.SLOWER


def test_looks_of_before_there_were_guards_are_read_as_they_are(make_result):
    plain = builtins(BenchOutcome(make_result(2.0)))
    del plain["fast"]["guarded"]
    read = msgspec.convert(plain, BenchOutcome)
    assert (read.verdict, read.broken) == (Verdict.FASTER, ())


def test_a_figure_is_no_time_and_the_times_beside_it_are_wall_times():
    assert [objective_words(name) for name in ("wall", "cpu", "instructions")] == [
        *("wall time", "cpu time", "instructions")
    ]
    assert [clock_words(name) for name in ("wall", "cpu", "instructions")] == [
        *("wall time", "cpu time", "wall time")
    ]
