"""Spending: over any number of looks the whole level is never exceeded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.campaign.spending import confidence_of, planned_looks, weight
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
