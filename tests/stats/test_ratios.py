"""Log-ratios that admit what the clock could not see."""

import math

import numpy as np
import pytest

from harness.stats.clocks import COARSEST_NS, common_step, resolution_of
from harness.stats.ratios import log_ratio_bounds, log_ratios


def test_above_zero_means_that_the_candidate_is_faster():
    ratios = log_ratios([200.0], [100.0], 1e-9)
    assert ratios.point[0] == pytest.approx(math.log(2))


def test_the_true_ratio_lies_between_the_ends_for_all_times_that_read_alike():
    rng = np.random.default_rng(1)
    true_ref, true_cand = rng.uniform(50, 60, 500), rng.uniform(40, 60, 500)
    ratios = log_ratios(np.floor(true_ref / 4) * 4, np.floor(true_cand / 4) * 4, 4)
    truth = np.log(true_ref / true_cand)
    assert np.all((ratios.low <= truth) & (truth <= ratios.high))


def test_a_time_of_zero_bounds_the_ratio_on_one_side_only():
    ratios = log_ratios([0.0, 100.0, 0.0], [100.0, 0.0, 0.0], 10)
    assert np.isnan(ratios.point).all()
    assert ratios.low[0] == -math.inf
    assert ratios.high[0] == pytest.approx(math.log(10 / 100))
    assert ratios.low[1] == pytest.approx(math.log(100 / 10))
    assert ratios.high[1] == math.inf
    assert (ratios.low[2], ratios.high[2]) == (-math.inf, math.inf)


@pytest.mark.parametrize("pair", [(-5.0, 100.0), (100.0, -5.0), (-5.0, -5.0)])
def test_a_negative_time_says_nothing(pair):
    ratios = log_ratios([pair[0]], [pair[1]], 10)
    assert (ratios.low[0], ratios.high[0]) == (-math.inf, math.inf)
    assert len(ratios.known) == 0


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        log_ratios([1.0, 2.0], [1.0], 1)


@pytest.mark.parametrize(
    ("times", "resolution"),
    [
        ([20_000_000, 24_000_000, 20_000_000], 4_000_000),
        ([20_123_000, 24_001_000], 1000),
        ([20_123_457, 24_001_003], 1),
        ([0, 0, 8_000_000], 8_000_000),
        ([50_000_000, 100_000_000], COARSEST_NS),
        ([], COARSEST_NS),
    ],
)
def test_the_step_of_a_clock_is_found_from_its_readings(times, resolution):
    assert resolution_of(common_step(times)) == resolution


@pytest.mark.parametrize("seed", range(5))
def test_a_single_ratios_ends_are_to_the_last_bit_those_of_many(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = [*np.exp(rng.uniform(0, 30, 500)), 0.0, 5.0, 0.0, -1.0, 3.0]
    candidate = [*np.exp(rng.uniform(0, 30, 500)), 5.0, 0.0, 0.0, 3.0, -1.0]
    for resolution in (1.0, 4_000_000.0, 0.37):
        many = log_ratios(reference, candidate, resolution)
        each = [
            log_ratio_bounds(a, b, resolution) for a, b in zip(reference, candidate, strict=True)
        ]
        assert each == list(zip(many.low.tolist(), many.high.tolist(), strict=True))
