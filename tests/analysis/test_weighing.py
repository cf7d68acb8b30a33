"""Pairs weighed by sign and size: verdict, interval, and when a run that weighs them ends."""

import itertools
import math

import pytest

from harness.analysis import Judge, Question, Span, compare_cells, weighing_rule
from harness.analysis.stop_rules import SURE
from harness.analysis.weighed_rule import FIRST_DOUBT
from harness.model import Metric, Verdict
from harness.model.noise import FEWEST, Noise

CALM = Noise(10, 0.02)
QUESTION = Question(Metric.WALL, 0.97, 0.01, noise=CALM)


def judged(blocks, question=QUESTION):
    judge = Judge("a", "b", question)
    judge.read(list(blocks))
    return judge


def ends(blocks, span, question=QUESTION):
    """Why and after how many blocks a run ends, looked at after each."""
    rule, seen = weighing_rule(("a", "b"), question, span), []
    for block in blocks:
        seen.append(block)
        reason = rule(seen)
        if reason is not None:
            return reason, len(seen)
    return None, len(seen)


@pytest.mark.parametrize(("ratio", "verdict"), [(2.0, Verdict.FASTER), (0.5, Verdict.SLOWER)])
def test_a_change_of_two_is_decided_after_the_fewest_blocks(blocks, ratio, verdict):
    few = list(blocks(3, ratio, FEWEST))
    assert judged(few).verdict is verdict
    assert judged(few[:-1]).verdict is Verdict.UNDECIDED
    # Signs alone say nothing yet.
    assert judged(few, Question(Metric.WALL, 0.97)).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ratio", [1.0, 1.03, 1.3, 3.0])
def test_interval_and_verdict_say_the_same(blocks, seed, ratio):
    judge = judged(blocks(seed, ratio, 30))
    interval, bound = judge.interval, math.log1p(0.01)
    assert interval.low <= interval.point <= interval.high
    within = -bound <= interval.low and interval.high <= bound
    said = {
        Verdict.EQUIVALENT: within,
        Verdict.FASTER: interval.low > 0 and not within,
        Verdict.SLOWER: interval.high < 0 and not within,
        Verdict.UNDECIDED: interval.low <= 0 <= interval.high and not within,
    }
    assert said[judge.verdict]


def test_a_comparison_has_the_weighed_interval_and_what_would_decide(blocks):
    (found,) = compare_cells("a", ["b"], list(blocks(1, 1.02, 10, 0.05)), QUESTION, "the end")
    assert found.verdict is Verdict.UNDECIDED
    assert found.ratio.low < 1 < found.ratio.high
    assert found.blocks_needed > 10
    assert found.budget_needed_ns > 0
    (sure,) = compare_cells("a", ["b"], list(blocks(1, 3.0, 10, 0.05)), QUESTION, "the end")
    assert (sure.verdict, sure.blocks_needed) == (Verdict.FASTER, None)
    assert 2 < sure.ratio.low < 3 < sure.ratio.high < 4


def test_the_other_metrics_inform_by_signs(blocks):
    (found,) = compare_cells("a", ["b"], list(blocks(1, 3.0, 10)), QUESTION, "the end")
    assert {Metric.WALL, Metric.CPU} <= found.evidence.keys()
    assert found.metric is Metric.WALL


def test_noise_that_the_look_itself_shows_outweighs_a_calm_past(blocks):
    """Four blocks of 1.7x on a machine where trials differ by as much are no proof."""
    few = list(blocks(4, 1.7, FEWEST, 0.5))
    assert judged(few).verdict is Verdict.UNDECIDED


def test_the_pace_of_what_was_won_tells_how_many_blocks_decide(blocks):
    every = list(blocks(2, 1.03, 200, 0.03))
    sure_at = next(
        n for n in range(FEWEST, 200) if judged(every[:n]).verdict is not Verdict.UNDECIDED
    )
    assert judged(every[: sure_at // 2]).weighed.at_this_pace() > sure_at // 2
    assert judged(every[:sure_at]).weighed.at_this_pace() == sure_at
    assert judged(every[:1]).weighed.at_this_pace() == float("inf")


def test_a_run_ends_when_the_verdict_is_sure(blocks):
    assert ends(blocks(2, 2.0, 100), Span(10**12)) == (SURE, FEWEST)


def test_a_last_comparison_has_more_blocks_for_the_sake_of_its_interval(blocks):
    question = Question(Metric.WALL, 0.95, 0.01, noise=CALM, fewest=12)
    assert ends(blocks(2, 15.0, 100), Span(10**12), question) == (SURE, 12)


def test_a_run_that_will_not_decide_in_time_says_so_after_the_first_blocks(blocks):
    reason, count = ends(blocks(5, 1.0, 400, 0.2), Span(20 * 50_000_000))
    assert FIRST_DOUBT <= count <= 20
    assert "more than the budget" in reason
    assert "s to decide" in reason


def test_a_run_that_may_decide_in_time_goes_on(blocks):
    reason, count = ends(blocks(2, 1.03, 400, 0.03), Span(300 * 50_000_000))
    assert reason == SURE
    assert count > FIRST_DOUBT


def test_a_run_without_a_budget_is_not_ended(blocks):
    assert ends(blocks(5, 1.0, 60, 0.2), Span()) == (None, 60)


def test_a_run_that_is_gone_on_with_is_given_some_blocks_before_it_is_doubted(blocks):
    seen = list(itertools.islice(blocks(5, 1.0, 400, 0.2), 60))
    rule = weighing_rule(("a", "b"), QUESTION, Span(5 * 50_000_000, earlier=30))
    assert rule(seen[:30]) is None
    assert rule(seen[: 30 + FIRST_DOUBT]) is not None


def test_the_most_blocks_are_kept_to(blocks):
    reason, count = ends(blocks(5, 1.0, 60, 0.2), Span(10**12, max_blocks=FEWEST))
    assert (reason, count) == (f"{FEWEST} blocks were the most allowed", FEWEST)
