"""How far layouts are apart: each counts once, however many blocks it has."""

import math

import numpy as np
import pytest

from harness.stats.clusters import layout_bounds


def test_each_layout_counts_once_by_its_median():
    points = np.array([0.01, 0.01, 0.01, 0.01, 0.03, -0.02])
    low, high = layout_bounds(points, list("aaaabc"), 0.95)
    medians = np.array([0.01, 0.03, -0.02])
    reach = 9.924843 * medians.std(ddof=1) / math.sqrt(3)  # Student's t, 2 degrees, 99 %
    assert (low, high) == pytest.approx((medians.mean() - reach, medians.mean() + reach))


def test_one_layout_says_nothing_of_layouts_and_pairs_without_a_ratio_count_for_none():
    assert layout_bounds(np.array([0.1, 0.2]), [0, 0], 0.95) is None
    assert layout_bounds(np.array([0.1, math.nan]), [0, 1], 0.95) is None


def test_the_interval_holds_zero_as_often_as_it_says_where_only_layouts_differ():
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(600):
        effects = rng.normal(0, 0.02, 8)
        blocks = np.repeat(effects, 5) + rng.normal(0, 0.005, 40)
        low, high = layout_bounds(blocks, np.repeat(np.arange(8), 5).tolist(), 0.95)
        missed += not low <= 0 <= high
    assert 1 <= missed <= 16, "about 1 %"
