"""The effects of several changes from runs that had some of them each, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.effects import USUAL_EFFECT, main_effects

TRUTH = np.array([0.2, -0.1, 0.05, 0.0, 0.0])


def pairs(count, noise, seed):
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 0.0, 1.0], size=(count, len(TRUTH)))
    return signs, signs @ TRUTH + noise * rng.standard_t(3, size=count)


def test_effects_are_found_through_heavy_noise():
    found = main_effects(*pairs(400, 0.05, seed=1))
    assert found == pytest.approx(TRUTH, abs=0.02)


def test_a_few_pairs_that_are_far_off_move_nothing():
    signs, ratios = pairs(60, 0.01, seed=2)
    ratios[:5] += 3.0
    assert main_effects(signs, ratios) == pytest.approx(TRUTH, abs=0.02)


def test_fewer_pairs_than_changes_have_an_answer_near_what_is_usual():
    signs, ratios = pairs(2, 0.0, seed=3)
    assert np.all(np.abs(main_effects(signs, ratios)) < 3 * USUAL_EFFECT)


def test_of_no_pair_nothing_is_known():
    assert list(main_effects(np.zeros((0, 2)), np.zeros(0))) == [0.0, 0.0]
