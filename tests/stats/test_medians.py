"""Medians and their exact intervals."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from harness.stats.medians import median_estimate, median_rank, scaled_mad


@pytest.mark.parametrize("n", [6, 9, 25, 100, 1001])
def test_the_rank_is_the_largest_that_is_sure_enough(n):
    rank = median_rank(n, 0.95)
    assert 2 * binom.cdf(rank - 1, n, 0.5) <= 0.05
    assert 2 * binom.cdf(rank, n, 0.5) > 0.05


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99, 0.9999])
@pytest.mark.parametrize("n", [1, 2, 5, 20, 999, 1000])
def test_counting_finds_the_rank_that_the_binomial_law_does(n, confidence):
    sure = [k for k in range(1, n // 2 + 1) if 2 * binom.cdf(k - 1, n, 0.5) <= 1 - confidence]
    assert median_rank(n, confidence) == max(sure, default=0)


@pytest.mark.parametrize("noise", ["lognormal", "heavy", "two humps"])
def test_the_interval_holds_the_median_of_ugly_noise(noise):
    rng = np.random.default_rng(3)
    n, sets = 30, 1500
    draws = {
        "lognormal": rng.lognormal(0, 1, (sets, n)) - 1,
        "heavy": rng.standard_cauchy((sets, n)),
        "two humps": rng.choice([-1.0, 1.0], (sets, n)) + rng.normal(0, 0.01, (sets, n)),
    }[noise]
    held = sum(e.low <= 0 <= e.high for e in (median_estimate(row, 0.95) for row in draws) if e)
    # The exact coverage at 30 values is 95.7 %; 1500 sets scatter by 0.5 %.
    assert 0.94 < held / sets < 0.975


def test_few_values_get_their_whole_range_and_what_that_is_worth():
    estimate = median_estimate([3.0, 1.0, 2.0], 0.95)
    assert (estimate.low, estimate.point, estimate.high) == (1.0, 2.0, 3.0)
    assert estimate.confidence == 0.75


def test_one_value_is_shown_without_any_certainty():
    estimate = median_estimate([7.0], 0.95)
    assert (estimate.low, estimate.point, estimate.high) == (0.0, 7.0, math.inf)


def test_no_value_has_no_estimate():
    assert median_estimate([], 0.95) is None


def test_an_interval_is_not_a_standard_deviation():
    values = np.random.default_rng(4).normal(100, 10, 400)
    estimate = median_estimate(values, 0.95)
    # The scatter of single values is 10; the median of 400 is known to 1.25 * 10 / 20 * 1.96.
    assert estimate.high - estimate.low < 4
    assert 8 < scaled_mad(values) < 12


def test_the_scaled_deviation_of_fewer_than_two_values_is_nought():
    assert scaled_mad([]) == scaled_mad([5.0]) == 0.0


@pytest.mark.parametrize("n", [1001, 4999, 100_000, 3_000_001])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_the_rank_among_many_values_is_that_of_the_binomial_law(n: int, confidence: float):
    rank = median_rank(n, confidence)
    assert 2 * binom.cdf(rank - 1, n, 0.5) <= 1 - confidence < 2 * binom.cdf(rank, n, 0.5)
