"""The fold: what state the events give, and which sequences it refuses."""

from dataclasses import replace

import pytest

from harness.campaign.events import Kind, next_event
from harness.campaign.folding import fold, states_after
from harness.campaign.iteration import Outcome
from harness.campaign.state import NotStarted, Step
from harness.campaign.values import Terms, TestStatus
from harness.errors import DataDamaged
from harness.model import Verdict
from harness.model.proposals import Reflection


def test_the_steps_of_a_kept_iteration_follow_the_guide(story, make_result):
    seen = [story.state.step]
    seen.append(story.profiled().step)
    story.planned()
    seen.append(story.state.step)
    seen.append(story.tested().step)
    seen.append(story.benched(make_result(2.0)).step)
    seen.append(story.tell(Kind.LOGGED, note=Reflection("None")).step)
    assert seen == [
        Step.PROFILE,
        Step.THINK,
        Step.IMPLEMENT,
        Step.BENCHMARK,
        Step.LOG,
        Step.COMMIT,
    ]


def test_a_kept_iteration_wants_a_new_profile_and_a_reverted_one_does_not(story, make_result):
    assert story.iterated(make_result(2.0)).step is Step.PROFILE
    story.profiled()
    assert story.iterated(make_result(1.0)).step is Step.THINK


def test_a_failed_build_waits_for_its_repair(story):
    story.profiled()
    story.planned()
    assert story.tested(TestStatus.BUILD_FAILED).step is Step.IMPLEMENT
    assert story.tested().step is Step.BENCHMARK


@pytest.mark.parametrize(
    ("rules", "outcome", "counts"),
    [
        (2, Outcome.WRONG, True),
        (2, Outcome.SLOWER, True),
        (2, Outcome.ABANDONED, True),
        (2, Outcome.NO_GAIN, False),
        (2, Outcome.UNDECIDED, False),
        (2, Outcome.BUILD_FAILED, False),
        (2, Outcome.CRASHED, False),
        (2, Outcome.KEPT, False),
        (1, Outcome.NO_GAIN, True),
        (1, Outcome.BUILD_FAILED, True),
        (1, Outcome.KEPT, False),
    ],
)
def test_what_says_nothing_of_the_idea_is_no_failed_attempt(rules, outcome, counts):
    assert outcome.failed_attempt(rules) is counts


def test_typing_errors_do_not_make_a_bottleneck_stuck(tell):
    for rules, stuck in ((1, "forces"), (2, None)):
        story = tell(Terms("work", "fast", rules=rules))
        for _ in range(4):
            if story.state.profiled_tree != story.state.kept_tree:
                story.profiled()
            story.planned()
            story.tested(TestStatus.BUILD_FAILED, "work.c:1: error")
            story.tell(Kind.ABANDONED, reason="a typing error")
            story.closed()
            story.decided()
        assert story.state.stuck_on() == stuck


def test_a_crash_waits_for_its_repair_and_one_in_a_look_ends_the_iteration(story, make_result):
    story.profiled()
    story.planned()
    assert story.tested(TestStatus.CRASHED).step is Step.IMPLEMENT
    story.tested()
    crash = replace(make_result(1.0), correct=False, crashed=True, problem="signal 11")
    assert story.benched(crash).step is Step.LOG
    assert story.state.iterations[-1].outcome is Outcome.CRASHED
    assert story.closed().step is Step.DECIDE


def test_a_wrong_output_goes_straight_to_its_log_and_to_revert(story):
    story.profiled()
    story.planned()
    assert story.tested(TestStatus.WRONG).step is Step.LOG
    assert story.tell(Kind.LOGGED, note=Reflection("x")).step is Step.REVERT


def test_an_undecided_look_leaves_the_benchmark_open(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    state = story.benched(make_result(1.0, half=0.3, verdict=Verdict.UNDECIDED))
    assert state.step is Step.BENCHMARK
    assert state.looks == 1


def test_faster_than_the_kept_state_but_not_than_the_baseline_is_not_kept(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    state = story.benched(make_result(1.2, cumulative=0.9))
    assert state.iterations[-1].outcome is Outcome.SLOWER


def test_slower_on_the_full_case_is_a_regression(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    state = story.benched(make_result(1.5), make_result(0.8))
    assert state.iterations[-1].outcome is Outcome.SLOWER


def test_a_wrong_output_on_the_full_case_is_wrong(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    state = story.benched(make_result(1.5), make_result(1.5, correct=False))
    assert state.iterations[-1].outcome is Outcome.WRONG


def test_failed_attempts_are_counted_by_bottleneck_since_the_last_kept_one(
    story, make_result, make_thought
):
    story.failed()
    story.iterated(make_result(2.0))
    story.failed()
    story.failed(make_thought(1.01, 1.1, "read"))
    state = story.failed()
    assert state.failed_attempts("forces") == 2
    assert state.failed_attempts("read") == 1
    assert state.stuck_on() is None


def test_three_failed_attempts_are_stuck_until_they_are_skipped(story):
    for _ in range(3):
        state = story.failed()
    assert state.stuck_on() == "forces"
    assert story.tell(Kind.SKIPPED, bottleneck="forces", reason="libm").stuck_on() is None


def test_the_full_case_is_due_with_every_third_kept_iteration(tell, make_result):
    story = tell(Terms("work", "fast", full_case="full"))
    due = [story.state.full_due]
    for n in range(1, 6):
        story.iterated(make_result(1.5, 1.5**n), full=make_result(1.5))
        due.append(story.state.full_due)
    assert due == [False, False, True, False, False, True]


def test_cumulative_is_that_of_the_last_kept_state(story, make_result):
    story.iterated(make_result(2.0))
    story.iterated(make_result(1.5, 3.0))
    assert story.iterated(make_result(0.5, 1.5)).cumulative == 3.0


@pytest.mark.parametrize(
    "kind", [Kind.THOUGHT, Kind.PLANNED, Kind.TESTED, Kind.BENCHED, Kind.LOGGED, Kind.COMMITTED]
)
def test_an_event_out_of_its_place_is_named(story, kind):
    with pytest.raises(DataDamaged, match=f"event 2: '{kind.value}' in state PROFILE"):
        story.tell(kind)


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.STARTED}, key=lambda kind: kind.value))
def test_no_event_comes_before_the_start(kind):
    first = next_event([], kind, {}, 1)
    with pytest.raises(DataDamaged, match=f"event 1: '{kind.value}' in state START"):
        fold([first])


def test_a_thought_wants_a_profile_even_where_the_journal_calls_the_code_profiled(tell):
    """Only a journal of another hand gives the kept state no fingerprint."""
    story = tell(Terms("work", "fast"))
    story.events[0] = replace(story.events[0], data={**story.events[0].data, "tree": ""})
    story.decided()
    with pytest.raises(DataDamaged, match="event 3: 'thought' before anything was profiled"):
        story.planned()


def test_without_events_nothing_is_agreed():
    assert fold([]) == NotStarted()
    assert fold([]).step is Step.START


def test_an_event_with_data_that_is_none_of_ours_is_named(story):
    with pytest.raises(DataDamaged, match=r"event 2 \(profiled\): outcome"):
        story.tell(Kind.PROFILED, tree="t", outcome={"case": 3})


def test_the_history_ends_with_the_fold(story, make_result):
    story.iterated(make_result(2.0))
    states = states_after(story.events)
    assert len(states) == len(story.events)
    assert states[-1] == fold(story.events)
