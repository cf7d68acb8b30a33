"""Stochastic outputs over seeds: sameness must be shown, not assumed."""

from __future__ import annotations

import numpy as np
import pytest

from harness.correctness import default_tolerance, equivalent_over_seeds
from harness.model import OutputKind, Tolerance

FIVE_PERCENT = default_tolerance(OutputKind.STOCHASTIC, "evidence")


def draws(seed: int, mean: float = 10.0, spread: float = 0.1, runs: int = 8) -> list[float]:
    return list(np.random.default_rng(seed).normal(mean, spread, runs))


def test_the_same_distribution_is_equivalent() -> None:
    assert equivalent_over_seeds(draws(1), draws(2), FIVE_PERCENT).ok


def test_negative_means_are_treated_alike() -> None:
    assert equivalent_over_seeds(draws(1, -10), draws(2, -10), FIVE_PERCENT).ok
    assert not equivalent_over_seeds(draws(1, -10), draws(2, -11), FIVE_PERCENT).ok


@pytest.mark.parametrize("mean", [9.0, 11.0])
def test_a_shift_beyond_the_margin_fails(mean: float) -> None:
    agreement = equivalent_over_seeds(draws(1), draws(2, mean), FIVE_PERCENT)
    assert agreement.mismatches[0].place == "value, mean"
    assert "not shown" not in agreement.summary


def test_noise_that_hides_any_difference_is_no_evidence_of_sameness() -> None:
    agreement = equivalent_over_seeds(draws(1, spread=3), draws(2, spread=3), FIVE_PERCENT)
    assert not agreement.ok


def test_too_few_seeds_to_tell_says_how_many_would() -> None:
    noisy = [draws(seed, 10.0, 0.6) for seed in (3, 5)]
    agreement = equivalent_over_seeds(*noisy, FIVE_PERCENT)
    assert "not shown either way: about" in agreement.summary


def test_declared_error_level_holds_at_the_edge_of_the_margin() -> None:
    rng = np.random.default_rng(0)
    accepted = sum(
        equivalent_over_seeds(
            list(rng.normal(10, 0.3, 8)), list(rng.normal(10.5, 0.3, 8)), FIVE_PERCENT
        ).ok
        for _ in range(600)
    )
    # 5 % of 600 is 30; 50 is four standard deviations above.
    assert accepted <= 50


def test_power_is_good_where_nothing_differs() -> None:
    rng = np.random.default_rng(0)
    accepted = sum(
        equivalent_over_seeds(
            list(rng.normal(10, 0.2, 8)), list(rng.normal(10, 0.2, 8)), FIVE_PERCENT
        ).ok
        for _ in range(200)
    )
    assert accepted >= 180


def test_pairing_by_seed_sees_through_the_noise_that_both_share() -> None:
    expected = draws(1, spread=1.0)
    actual = [value + 0.01 for value in expected]
    assert not equivalent_over_seeds(expected, actual, FIVE_PERCENT).ok
    assert equivalent_over_seeds(expected, actual, FIVE_PERCENT, paired=True).ok


def test_an_absolute_margin_serves_where_the_mean_is_zero() -> None:
    expected, actual = draws(1, 0.0), draws(2, 0.0)
    assert not equivalent_over_seeds(expected, actual, FIVE_PERCENT).ok
    absolute = Tolerance("x", OutputKind.STOCHASTIC, margin_abs=0.3)
    assert equivalent_over_seeds(expected, actual, absolute).ok
    assert not equivalent_over_seeds(expected, draws(2, 0.5), absolute).ok


def test_a_program_that_ignores_its_seed_fails() -> None:
    agreement = equivalent_over_seeds(draws(1), [10.0] * 8, FIVE_PERCENT)
    assert agreement.mismatches[0].place == "value, spread"


def test_a_grossly_wider_spread_fails_though_the_means_agree() -> None:
    wide = Tolerance("x", OutputKind.STOCHASTIC, margin=0.5)
    agreement = equivalent_over_seeds(draws(1, runs=30), draws(2, 10, 1.0, 30), wide)
    assert agreement.mismatches[0].place == "value, spread"


def test_equal_constants_are_equivalent_and_unequal_ones_are_not() -> None:
    assert equivalent_over_seeds([10.0] * 8, [10.0] * 8, FIVE_PERCENT).ok
    assert not equivalent_over_seeds([10.0] * 8, [11.0] * 8, FIVE_PERCENT).ok


def test_every_element_of_an_array_must_be_equivalent() -> None:
    rng = np.random.default_rng(0)
    expected = [rng.normal(10, 0.1, (2, 2)) for _ in range(8)]
    actual = [rng.normal(10, 0.1, (2, 2)) for _ in range(8)]
    assert equivalent_over_seeds(expected, actual, FIVE_PERCENT).ok
    for run in actual:
        run[1, 0] += 1
    agreement = equivalent_over_seeds(expected, actual, FIVE_PERCENT)
    assert [m.place for m in agreement.mismatches] == ["[1, 0], mean"]


@pytest.mark.parametrize(
    ("actual", "place"),
    [
        ([10.0] * 3, "seeds"),
        ([10.0] * 7 + [float("nan")], "actual, run 7"),
        ([10.0] * 7 + ["no number"], "actual, run 7"),
        ([10.0] * 7 + [np.ones(2)], "actual, run 7, shape"),
    ],
)
def test_runs_that_cannot_be_compared_fail(actual: list[object], place: str) -> None:
    agreement = equivalent_over_seeds(draws(1), actual, FIVE_PERCENT)  # type: ignore[arg-type]
    assert agreement.mismatches[0].place == place


def test_pairs_need_a_partner() -> None:
    agreement = equivalent_over_seeds(draws(1), draws(2, runs=9), FIVE_PERCENT, paired=True)
    assert agreement.mismatches[0].place == "seeds"


@pytest.mark.parametrize("size", [1e308, 1e200, 1e-200])
def test_the_largest_and_smallest_numbers_are_judged_like_ordinary_ones(size: float) -> None:
    draws = np.random.default_rng(1).normal(1.0, 0.001, (2, 8))
    tolerance = Tolerance("x", OutputKind.STOCHASTIC, margin=0.05)
    one, other = [[float(v * size) for v in side] for side in draws]
    assert equivalent_over_seeds(one, other, tolerance).ok
    assert not equivalent_over_seeds(one, [v * 0.9 for v in other], tolerance).ok
