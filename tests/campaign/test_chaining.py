"""The figure over the baseline is the product of the kept steps; the noise is that of the last."""

from dataclasses import replace

import pytest

from harness.campaign.chained_ratio import product
from harness.campaign.chaining import RECENT, chained, known_noise
from harness.campaign.values import RULES, BenchOutcome, KnownNoise, Ratio, Terms
from harness.model import Verdict
from harness.model.noise import Noise

OPEN = Ratio(1.02, 0.9, 1.2, 0.9995, Verdict.UNDECIDED)


def ratio(low, point, high, confidence=0.98):
    return Ratio(point, low, high, confidence, Verdict.FASTER)


def test_steps_are_multiplied_end_by_end_and_their_doubts_added():
    total = product([ratio(2, 3, 4), ratio(1.1, 1.2, 1.5, 0.97)])
    assert (total.low, total.point, total.high) == pytest.approx((2.2, 3.6, 6.0))
    assert total.confidence == pytest.approx(0.95)
    assert total.verdict is Verdict.FASTER


def test_a_step_back_can_leave_the_total_open():
    total = product([ratio(1.02, 1.1, 1.2), Ratio(0.9, 0.8, 1.0, 0.98, Verdict.UNDECIDED)])
    assert total.verdict is Verdict.UNDECIDED


def test_a_look_counts_the_kept_steps_before_it(tell, make_result):
    story = tell(Terms("work", "fast", rules=3, objective="wall"))
    story.iterated(make_result(3.0, chained=True))
    story.iterated(make_result(0.9, chained=True))
    outcome = chained(story.state, BenchOutcome(make_result(1.5, 1.0, run="runs/x.parquet")))
    assert outcome.fast.chained
    assert outcome.fast.cumulative.point == pytest.approx(4.5)
    assert outcome.fast.step.point == 1.5


def test_every_attempt_is_doubted_whatever_became_of_it(tell, make_result):
    """What was kept was chosen by the looks; a longer look at one attempt is the same attempt."""
    story = tell(Terms("work", "fast", rules=RULES, objective="wall"))
    look = BenchOutcome(make_result(1.5, run="runs/x.parquet"))
    for point, right in ((3.0, True), (0.9, True), (2.0, False)):
        story.iterated(make_result(point, chained=True, run="runs/y.parquet", correct=right))
    doubt = 1 - look.fast.step.confidence
    assert chained(story.state, look).fast.cumulative.confidence == pytest.approx(1 - 3 * doubt)
    assert story.state.over_baseline.confidence == pytest.approx(1 - 2 * doubt)
    story.profiled()
    story.planned()
    story.tested()
    story.benched(replace(look, fast=replace(look.fast, step=OPEN)))
    longer = chained(story.state, look, goes_on=True).fast.cumulative
    assert longer.confidence == pytest.approx(1 - 3 * doubt)


def test_older_campaigns_go_on_with_the_doubts_of_what_they_kept(tell, make_result):
    story = tell(Terms("work", "fast", rules=6, objective="wall"))
    for point in (3.0, 0.9):
        story.iterated(make_result(point, chained=True, run="runs/y.parquet"))
    look = BenchOutcome(make_result(1.5, run="runs/x.parquet"))
    doubt = 1 - look.fast.step.confidence
    assert chained(story.state, look).fast.cumulative.confidence == pytest.approx(1 - 2 * doubt)


def test_what_was_not_measured_is_not_chained(tell, make_result):
    outcome = BenchOutcome(make_result(1.5))
    assert chained(tell(Terms("work", "fast", rules=3)).state, outcome) == outcome


def test_the_last_measurements_of_each_host_and_case_make_the_noise(tell, make_result):
    story = tell(Terms("work", "fast", rules=3))
    for scale in (0.5, 0.01, 0.01, 0.01):
        story.iterated(make_result(1.5, host="here", noise=Noise(10, scale)))
    story.iterated(make_result(1.5, host="there", noise=Noise(4, 0.2, 1)))
    assert known_noise(story.state) == (
        KnownNoise("here", "fast", Noise(10 * RECENT, 0.01)),
        KnownNoise("there", "fast", Noise(4, 0.2, 1)),
    )


def test_attempts_are_counted_and_looks_that_go_on_are_none(story):
    from harness.campaign.events import Kind

    story.profiled()
    story.planned()
    story.tested()
    story.tell(Kind.BENCHING, request={"continues": None})
    story.tell(Kind.BENCHING, request={"continues": 1})
    assert (story.state.looks, story.state.attempts) == (2, 1)
