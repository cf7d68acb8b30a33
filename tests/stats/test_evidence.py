"""Evidence: bets that are fair under no difference, and refuse it soon where there is one."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.noise import FEWEST, Noise
from harness.stats.evidence import Evidence, blocks_for, by_sign, by_size

CALM = Noise(10, 0.02)


def evidence(values, before=CALM, within=None):
    array = np.array(values, dtype=np.float64)
    return Evidence(array, array, before, within or before)


@settings(max_examples=60)
@given(
    st.lists(st.floats(1e-6, 8.0), min_size=1, max_size=6),
    st.floats(1e-4, 1.0),
)
def test_bets_on_signs_are_fair_whatever_the_sizes(sizes, scale):
    """Over all signs, which are fair coins, the mean is exactly the stake."""
    signs = itertools.product((-1, 1), repeat=len(sizes))
    won = [math.exp(by_sign(np.array(sizes) * np.array(s), scale)) for s in signs]
    assert np.mean(won) == pytest.approx(1.0, rel=1e-9)


@settings(max_examples=30)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8), st.integers(0, 7))
def test_a_block_that_says_nothing_wins_and_loses_nothing(values, place):
    place = min(place, len(values))
    with_it = np.array([*values[:place], -math.inf, *values[place:]])
    assert by_sign(with_it, 0.02) == pytest.approx(by_sign(np.array(values), 0.02))


def test_bets_on_sizes_are_fair_under_the_noise_that_is_known():
    """The mean over draws from the very noise is at most the stake; here by numbers, one block."""
    odd, scale = CALM.odd, CALM.scale
    grid = np.concatenate([-np.geomspace(1e-5, 60, 20_000)[::-1], np.geomspace(1e-5, 60, 20_000)])
    bulk = (1 + (grid / scale) ** 2 / 2) ** -1.5 / (2 * math.sqrt(2) * scale)
    spread = 0.5 / math.pi / (0.25 + grid**2)
    density = (1 - odd) * bulk + odd * spread
    won = np.array([math.exp(by_size(np.array([x]), CALM)) for x in grid])
    assert np.trapezoid(won * density, grid) <= 1.0


def test_looking_at_every_block_seldom_calls_nothing_a_gain():
    rng = np.random.default_rng(5)
    wrong, campaigns, level = 0, 300, 0.05
    for _ in range(campaigns):
        values = 0.03 * rng.standard_t(2, size=30)
        values += 0.5 * (rng.random(30) < 0.05) * rng.choice([-1, 1], 30)
        found = (evidence(values[:n]).faster() for n in range(1, 31))
        wrong += any(e >= -math.log(level) for e in found)
    assert wrong / campaigns <= level


@pytest.mark.parametrize("gain", [2.0, 3.0, 15.0])
def test_a_large_gain_is_beyond_doubt_after_the_fewest_blocks(gain):
    values = math.log(gain) + np.array([0.01, -0.02, 0.015, 0.0])
    assert len(values) == FEWEST
    assert evidence(values).faster() > math.log(1000)
    assert evidence(-values).slower() > math.log(1000)
    assert evidence(values[:-1]).faster() == 0


def test_a_large_gain_on_a_machine_as_noisy_as_it_is_large_is_doubted():
    values = math.log(2) + np.array([0.01, -0.02, 0.015, 0.0])
    assert evidence(values, within=Noise(10, 0.3)).faster() < math.log(20)


def test_a_small_gain_is_found_by_signs_and_sizes_sooner_than_by_signs():
    rng = np.random.default_rng(2)
    values = 0.03 + 0.01 * rng.standard_t(2, size=16)
    assert evidence(values).faster() > math.log(100)


@settings(max_examples=25)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.02, 0.1, 0.7]), st.integers(5, 40))
def test_the_interval_says_what_the_evidence_says(seed, shift, blocks):
    rng = np.random.default_rng(seed)
    found = evidence(shift + 0.03 * rng.standard_t(2, size=blocks))
    low, high = found.bounds(0.02, (-0.01, 0.0, 0.01))
    assert low <= high
    middle = float(np.median(found.low))
    if middle > 0:
        assert (low > 0) == (found.faster() >= -math.log(0.02))
    else:
        assert (high < 0) == (found.slower() >= -math.log(0.02))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    held = []
    for _ in range(200):
        found = evidence(0.1 + 0.03 * rng.standard_t(2, size=20))
        low, high = found.bounds(0.025)
        held.append(low <= 0.1 <= high)
    assert np.mean(held) >= 0.95


def test_few_blocks_leave_no_end():
    assert evidence([0.5, 0.6]).bounds(0.01) == (-math.inf, math.inf)
    assert evidence([]).bounds(0.01) == (-math.inf, math.inf)


def test_smaller_effects_take_longer_and_clear_ones_the_fewest():
    takes = [blocks_for(effect, 0.02, 0.01) for effect in (1.0, 0.08, 0.03, 0.01)]
    assert takes == sorted(takes)
    assert takes[0] == FEWEST
    assert blocks_for(0.0, 0.02, 0.01) == math.inf


def test_where_sizes_tell_nothing_signs_have_the_whole_stake():
    values = np.array([0.3, 0.2, -0.1, 0.4, 0.3, 0.2] * 3)
    signs = Evidence(values, values, CALM, None)
    assert signs.faster() == by_sign(values, CALM.known)
    assert signs.slower() == by_sign(-values, CALM.known)
    low, _ = signs.bounds(0.2)
    assert signs.faster(low - 1e-6) >= math.log(5) > signs.faster(low + 1e-6)
