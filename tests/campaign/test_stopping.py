"""Stop rules: each decided from events, with its reason."""

import pytest

from harness.campaign.events import Kind
from harness.campaign.stopping import decision_by_rules
from harness.campaign.values import Terms

MINUTE = 60_000_000_000


def now(story) -> int:
    return story.state.last_at_ns


def test_a_fresh_campaign_goes_on(story):
    assert not decision_by_rules(story.profiled(), now(story)).stop


def test_the_target_counts_by_the_lower_end_of_the_cumulative_interval(tell, make_result):
    story = tell(Terms("work", "fast", target_speedup=2.0))
    story.iterated(make_result(2.005))
    assert not decision_by_rules(story.state, now(story)).stop
    story.iterated(make_result(1.1, 2.2))
    found = decision_by_rules(story.state, now(story))
    assert (found.stop, found.rule) == (True, "target reached")
    assert "2.20x over the baseline [2.19, 2.21]" in found.reason


def test_little_gain_counts_by_the_upper_end_of_the_interval(story, make_result):
    for _ in range(2):
        story.iterated(make_result(1.0))
    story.iterated(make_result(1.03, half=0.021))
    assert not decision_by_rules(story.state, now(story)).stop
    for _ in range(2):
        story.iterated(make_result(1.03, half=0.019))
    assert not decision_by_rules(story.state, now(story)).stop
    story.iterated(make_result(0.9))
    found = decision_by_rules(story.state, now(story))
    assert found.rule == "diminishing returns"
    assert "1.049x, 1.049x, 0.910x" in found.reason


def test_a_kept_small_gain_counts_as_little(story, make_result):
    for n in range(1, 4):
        state = story.iterated(make_result(1.03, 1.03**n))
    assert len(state.kept) == 3
    assert state.decision.rule == "diminishing returns"


def test_a_failure_says_nothing_of_what_is_left_to_gain(story, make_result):
    story.iterated(make_result(1.0))
    story.iterated(make_result(1.0))
    story.failed()
    assert not decision_by_rules(story.state, now(story)).stop
    story.iterated(make_result(1.0))
    assert decision_by_rules(story.state, now(story)).rule == "diminishing returns"


def test_the_iteration_cap_counts_failures_too(tell, make_result):
    story = tell(Terms("work", "fast", max_iterations=2))
    story.iterated(make_result(2.0))
    assert story.failed().decision.rule == "iteration cap"


def test_the_time_budget_counts_from_the_start(tell):
    story = tell(Terms("work", "fast", time_budget_ns=10 * MINUTE))
    start = story.state.started_at_ns
    assert not decision_by_rules(story.state, start + 9 * MINUTE).stop
    assert decision_by_rules(story.state, start + 10 * MINUTE).rule == "time budget"


def test_all_bottlenecks_skipped_leaves_out_the_small_ones(story):
    story.profiled()
    story.tell(Kind.SKIPPED, bottleneck="forces", reason="x")
    assert not decision_by_rules(story.state, now(story)).stop
    story.tell(Kind.SKIPPED, bottleneck="read", reason="y")
    assert decision_by_rules(story.state, now(story)).rule == "all bottlenecks skipped"


def test_exhausted_is_said_with_its_reason(story):
    found = decision_by_rules(story.profiled(), now(story), "only libm is left")
    assert (found.rule, found.reason) == ("exhausted", "only libm is left")


@pytest.mark.parametrize(("rules", "shown"), [(7, "1.50x so far"), (8, "1.4996x so far")])
def test_what_is_short_of_the_target_is_not_shown_as_the_target(tell, make_result, rules, shown):
    story = tell(Terms("work", "fast", target_speedup=1.5, rules=rules, objective="wall"))
    state = story.iterated(make_result(1.4996))
    assert decision_by_rules(state, 0).reason.startswith(f"{shown}, the target is 1.5x")
