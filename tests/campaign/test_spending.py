"""Spending: over any number of looks the whole level is never exceeded."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.campaign.spending import (
    attempt_confidence,
    attempt_level,
    attempt_weight,
    confidence_of,
    final_confidence,
    planned_looks,
    weight,
)
from harness.campaign.values import Terms


@given(st.integers(1, 200), st.integers(1, 3000))
def test_any_number_of_looks_spends_at_most_the_whole(planned, looks):
    assert sum(weight(k, planned) for k in range(1, looks + 1)) <= 1 + 1e-12


def test_the_looks_of_two_an_iteration_share_nine_tenths():
    terms = Terms("work", "fast", max_iterations=10, total_level=0.02)
    assert planned_looks(terms) == 20
    assert 1 - confidence_of(20, terms) == pytest.approx(0.02 * 0.9 / 20)


def test_later_looks_have_to_be_surer():
    terms = Terms("work", "fast", max_iterations=10)
    levels = [1 - confidence_of(look, terms) for look in (20, 22, 23, 40)]
    assert levels == sorted(levels, reverse=True)


def test_looks_are_counted_from_one():
    with pytest.raises(ValueError, match="look 0"):
        weight(0, 10)


@given(st.integers(1, 60), st.integers(1, 4000))
def test_the_weights_of_any_number_of_attempts_sum_to_one_at_most(most, attempts):
    assert sum(attempt_weight(t, most) for t in range(1, attempts + 1)) <= 1 + 1e-12


def test_a_kept_change_earns_level_for_the_next_attempt():
    terms = Terms("work", "fast", rules=3)
    assert attempt_level(5, 2, terms) == pytest.approx(3 * attempt_level(5, 0, terms))
    assert attempt_confidence(5, 2, terms) == pytest.approx(1 - 2 * attempt_level(5, 2, terms))


def test_attempts_are_counted_from_one():
    with pytest.raises(ValueError, match="attempt 0"):
        attempt_weight(0, 10)


def test_the_share_of_false_keeps_is_held_whatever_is_kept_before():
    """e-LOND with e-values that are worth just what they may be: 1 / level with that chance."""
    terms = Terms("work", "fast", rules=3, false_keep_rate=0.2)
    rng = random.Random(4)
    shares = []
    for _ in range(3000):
        kept = wrong = 0
        for attempt in range(1, terms.max_iterations + 1):
            gain = rng.random() < 0.3
            keep = gain or rng.random() < attempt_level(attempt, kept, terms)
            wrong += keep and not gain
            kept += keep
        shares.append(wrong / max(kept, 1))
    assert sum(shares) / len(shares) <= 0.2


def test_the_last_comparison_has_the_level_that_was_agreed():
    assert final_confidence(Terms("work", "fast")) == 0.99
    assert final_confidence(Terms("work", "fast", rules=3)) == 0.95
