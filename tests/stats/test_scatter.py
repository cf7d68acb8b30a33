"""Noise: what identical builds differ by."""

import numpy as np
import pytest

from harness.model.noise import LEAST_SCALE, USUAL_SCALE, Noise
from harness.stats.scatter import noise_of, together, worse


def test_the_scale_of_heavy_tailed_noise_is_found():
    rng = np.random.default_rng(1)
    # Each trial has its own half of what a pair differs by.
    steps = 0.03 * rng.standard_t(2, size=20_000)
    times = np.exp(np.cumsum(steps) - np.cumsum(steps).max())
    assert noise_of([times]).scale == pytest.approx(0.03, rel=0.03)


def test_series_of_different_builds_are_not_compared_with_one_another():
    assert noise_of([[1.0, 1.0], [50.0, 50.0]]).scale == LEAST_SCALE
    assert noise_of([[1.0, 1.0], [50.0, 50.0]]).pairs == 2


def test_what_lies_far_out_is_counted_and_moves_the_scale_little():
    times = [1.0, 1.01] * 20 + [3.0] + [1.0, 1.01] * 20
    found = noise_of([times])
    assert found.far == 2
    assert found.scale < 0.01


def test_nothing_known_is_the_usual_noise_and_half_of_it_odd():
    assert (Noise().known, Noise().odd) == (USUAL_SCALE, 0.5)
    assert noise_of([[1.0], []]) == Noise()


def test_the_worst_of_several_counts_most():
    both = together([Noise(10, 0.01), Noise(10, 0.1, 2)])
    assert both.scale == pytest.approx(np.sqrt((0.01**2 + 0.1**2) / 2), rel=1e-4)
    assert (both.pairs, both.far) == (20, 2)


def test_a_look_goes_by_at_least_its_own_noise():
    assert worse(Noise(100, 0.001), Noise(6, 0.3)).scale == 0.3
    assert worse(Noise(100, 0.3), Noise(6, 0.001)).scale > 0.25
