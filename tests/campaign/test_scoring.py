"""Scores of predictions: coverage, bias, error."""

import math

import pytest

from harness.campaign.scoring import describe_scores, score


def test_a_score_counts_what_was_measured_and_what_was_not(story, make_result, make_thought):
    story.iterated(make_result(2.0), make_thought(1.5, 2.5))
    story.iterated(make_result(1.0, 2.0), make_thought(2.0, 2.0))
    story.failed()
    found = score(story.state.iterations)
    assert (found.predictions, found.unmeasured) == (2, 1)
    assert found.coverage == 0.5
    logs = [math.log(2.0 / math.sqrt(1.5 * 2.5)), math.log(1.0 / 2.0)]
    assert found.bias == pytest.approx(math.exp(sum(logs) / 2))
    assert found.error == pytest.approx(sum(map(abs, logs)) / 2)


def test_without_a_measured_prediction_there_is_no_score(story):
    story.failed()
    found = score(story.state.iterations)
    assert found.coverage is None
    assert describe_scores(found) == "no prediction was measured yet"


def test_an_open_iteration_is_not_scored(story, make_result):
    story.profiled()
    story.planned()
    story.tested()
    story.benched(make_result(2.0))
    assert score(story.state.iterations).predictions == 0


def test_bias_is_said_in_words(story, make_result, make_thought):
    story.iterated(make_result(1.2), make_thought(2.0, 3.0))
    assert "promised too much" in describe_scores(score(story.state.iterations))
