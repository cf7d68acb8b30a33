"""What is left of an iteration in one call, as far as nothing is left to choose."""

import pytest

from harness.campaign.iteration import Outcome
from harness.campaign.state import Step
from harness.campaign.values import TestStatus
from harness.errors import NotAllowed, TrialFailed
from harness.model.proposals import Reflection
from harness.optimise import Then, commit, plan, think
from harness.optimise.completing import Rest, complete

NONE = Reflection("None: as predicted")
FULL = Reflection("less than hoped", "", "the cache", "layout matters")


@pytest.fixture
def waiting(started, thought, planned):
    """A campaign that waits for the change of its first iteration."""
    think(started.campaign, thought())
    plan(started.campaign, planned())
    return started


def go(world, note=None, then=Then.AUTO):
    return complete(world.campaign, world.bench, Rest(then, note))


def test_a_gain_as_predicted_is_tested_measured_logged_and_kept(waiting):
    waiting.write(time=50)
    went = go(waiting, NONE)
    assert went.test.status is TestStatus.PASSED
    assert went.iteration.outcome is Outcome.KEPT
    assert (went.iteration.note, went.decision.stop) == (NONE, False)
    assert waiting.campaign.state.step is Step.PROFILE
    assert "work.txt" not in waiting.git.changes().tracked
    looks = waiting.campaign.state.looks
    again = go(waiting, NONE)
    assert (again.iteration, again.decision) == (went.iteration, went.decision)
    assert waiting.campaign.state.looks == looks


def test_code_of_after_the_end_of_an_iteration_is_not_said_to_be_kept(waiting):
    waiting.write(time=50)
    go(waiting, NONE)
    waiting.write(output="wrong")
    for again in (lambda: go(waiting, NONE), lambda: commit(waiting.campaign)):
        with pytest.raises(NotAllowed):
            again()
    waiting.write(time=50, output="right")
    assert go(waiting, NONE).iteration.outcome is Outcome.KEPT


def test_a_wrong_output_is_reverted_with_the_postmortem_that_was_given(waiting):
    waiting.write(output="wrong")
    went = go(waiting, FULL)
    assert (went.bench, went.iteration.outcome) == (None, Outcome.WRONG)
    assert went.iteration.attempt
    assert "output = right" in (waiting.root / "work.txt").read_text()


@pytest.mark.parametrize("note", [None, NONE])
def test_an_entry_that_is_missing_or_does_not_fit_is_waited_for(waiting, note):
    waiting.write(time=80)
    went = go(waiting, note)
    assert (went.iteration, bool(went.waits)) == (None, note is not None)
    assert waiting.campaign.state.step is Step.LOG
    closed = go(waiting, FULL)
    assert (closed.test, closed.bench) == (None, None)
    assert closed.iteration.closed


def test_code_that_does_not_build_is_left_to_be_repaired(waiting):
    waiting.write(build="fails")
    went = go(waiting, FULL)
    assert (went.test.status, went.iteration) == (TestStatus.BUILD_FAILED, None)
    assert waiting.campaign.state.step is Step.IMPLEMENT
    waiting.write(build="works", time=50)
    assert go(waiting, FULL).iteration.outcome is Outcome.KEPT


def test_a_look_that_more_time_would_decide_is_left_open(waiting):
    waiting.write(time=80, noise=1)
    went = go(waiting, FULL)
    assert went.iteration is None
    assert waiting.campaign.state.step is Step.BENCHMARK


def test_a_look_that_would_hardly_be_decided_is_given_up(waiting):
    waiting.write(time=99, noise=0.03)
    went = go(waiting, FULL)
    assert went.iteration.closed
    assert went.iteration.abandoned == "undecided"


def test_what_is_against_the_result_is_refused_after_the_look(waiting):
    waiting.write(time=200)
    with pytest.raises(NotAllowed, match="against the result"):
        go(waiting, FULL, Then.COMMIT)
    assert waiting.campaign.state.step is Step.LOG
    assert go(waiting, FULL, Then.REVERT).iteration.outcome is Outcome.SLOWER


def test_before_the_thought_nothing_is_done(started):
    started.write(time=50)
    for note in (None, FULL):
        with pytest.raises(NotAllowed, match="not allowed"):
            go(started, note)


def test_the_profile_of_what_was_kept_is_taken_in_the_same_call(waiting):
    waiting.write(time=50, forces=0.5)
    went = go(waiting, NONE, Then.PROFILE)
    assert went.profiled.outcome.row("forces").share == 0.5
    assert waiting.campaign.state.step is Step.THINK
    taken = waiting.bench.calls.count("profile")
    assert go(waiting, NONE, Then.PROFILE).profiled == went.profiled
    assert waiting.bench.calls.count("profile") == taken


def test_after_a_revert_the_profile_that_is_there_serves(waiting):
    before = waiting.campaign.state.profile
    taken = waiting.bench.calls.count("profile")
    waiting.write(time=200)
    went = go(waiting, FULL, Then.PROFILE)
    assert (went.iteration.outcome, went.profiled.outcome) == (Outcome.SLOWER, before)
    assert waiting.bench.calls.count("profile") == taken


def test_a_profiler_that_fails_undoes_nothing(waiting, monkeypatch):
    def fail():
        raise TrialFailed("perf ended with signal 9")

    monkeypatch.setattr(waiting.bench, "profile", fail)
    waiting.write(time=50)
    went = go(waiting, NONE, Then.PROFILE)
    assert (went.iteration.outcome, went.profiled.outcome) == (Outcome.KEPT, None)
    assert "signal 9" in went.profiled.problem
    assert waiting.campaign.state.step is Step.PROFILE


def test_no_profile_is_taken_where_the_loop_ends(waiting):
    taken = waiting.bench.calls.count("profile")
    waiting.write(time=5)
    went = go(waiting, FULL, Then.PROFILE)
    assert (went.decision.stop, went.profiled.outcome) == (True, None)
    assert waiting.bench.calls.count("profile") == taken
