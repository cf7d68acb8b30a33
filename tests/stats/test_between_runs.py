"""Whether runs differ by more than chance, and the interval over runs."""

import math

import numpy as np
import pytest
from scipy.stats import kruskal, t

from harness.stats.between_runs import CHANCE, between_runs, chance_of_ranks


def runs_of(rng, effects, blocks=40, scatter=0.01):
    """Log-ratios of runs, each about its own effect, with tails as heavy as those of times."""
    return [effect + scatter * rng.standard_t(2, blocks) for effect in effects]


def test_the_chance_is_that_of_kruskal_and_wallis():
    rng = np.random.default_rng(1)
    for sizes in ((3, 5), (10, 40, 7), (20, 20, 20, 1)):
        runs = [rng.integers(0, 9, size).astype(float) for size in sizes]
        assert chance_of_ranks(runs) == pytest.approx(kruskal(*runs).pvalue)


def test_runs_that_are_alike_seldom_differ():
    rng = np.random.default_rng(2)
    found = [between_runs(runs_of(rng, [0.05] * 4, 25), 0.95) for _ in range(1000)]
    assert sum(each.differ for each in found) <= 1000 * CHANCE + 3 * math.sqrt(1000 * CHANCE)


def test_the_interval_over_runs_covers_the_mean_of_all_runs():
    """Whether there are two runs or ten, of few blocks or many."""
    rng = np.random.default_rng(3)
    for count in (2, 3, 10):
        missed = 0
        for _ in range(300):
            sizes = rng.integers(5, 60, count)
            effects = rng.normal(0.1, 0.03, count)
            runs = [runs_of(rng, [e], n)[0] for e, n in zip(effects, sizes, strict=True)]
            found = between_runs(runs, 0.95)
            missed += not found.low <= 0.1 <= found.high
        assert missed <= 15


def test_equal_runs_have_students_interval_about_their_mean():
    """Made so that nothing is within runs: then each counts once."""
    found = between_runs([np.full(9, v) for v in (0.27, 0.08, 0.10)], 0.95)
    points = np.array([0.27, 0.08, 0.10])
    reach = t.ppf(1 - 0.05 / 6 / 2, 2) * points.std(ddof=1) / math.sqrt(3)
    assert found.differ
    assert found.point == pytest.approx(points.mean())
    assert (found.low, found.high) == pytest.approx((0.15 - reach, 0.15 + reach))


def test_more_blocks_of_runs_that_differ_narrow_nothing():
    def width(blocks):
        found = between_runs(runs_of(np.random.default_rng(5), [0.27, 0.08, 0.10], blocks), 0.95)
        assert found.differ
        return found.high - found.low

    assert width(2000) > 0.9 * width(50)


def test_runs_without_a_ratio_do_not_count():
    one, nothing = np.full(5, 0.1), np.array([])
    assert between_runs([one, nothing], 0.95) is None
    assert between_runs([one], 0.95) is None
    assert not between_runs([one, one], 0.95).differ
    assert not between_runs([np.array([0.1]), np.array([0.3])], 0.95).differ
