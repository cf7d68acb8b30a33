"""Statistics of arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.correctness import agree, default_tolerance
from harness.correctness.arrays import CHUNK
from harness.correctness.summaries import moments
from harness.model import OutputKind, Tolerance

LOOSE = default_tolerance(OutputKind.STATISTICS, "x")


def test_only_the_declared_statistics_count() -> None:
    draws = np.random.default_rng(0).normal(5, 1, 1000)
    shuffled = np.random.default_rng(1).permutation(draws)
    assert agree(draws, shuffled, LOOSE).ok
    agreement = agree(draws, draws * 1.5, LOOSE)
    assert {m.place for m in agreement.mismatches} == {"mean", "std", "min", "max"}


def test_lengths_may_differ() -> None:
    tolerance = Tolerance("x", OutputKind.STATISTICS, rtol=0.05, statistics=("mean", "q50"))
    draws = np.random.default_rng(0).normal(5, 1, 3000)
    assert agree(draws[:2000], draws, tolerance).ok


def test_median_sum_and_percentiles_are_known_and_others_are_refused() -> None:
    values = np.arange(101.0)
    known = Tolerance("x", OutputKind.STATISTICS, statistics=("median", "sum", "q95", "q2.5"))
    assert agree(values, values, known).checked == 4
    unknown = Tolerance("x", OutputKind.STATISTICS, statistics=("kurtosis",))
    with pytest.raises(ValueError, match="kurtosis"):
        agree(values, values, unknown)


def test_the_numbers_of_a_text_have_statistics_too() -> None:
    assert agree("1.0 2.0 3.0", "3.0 2.0 1.0", LOOSE).ok
    assert not agree("1.0 2.0 3.0", "3.0 2.0 9.0", LOOSE).ok


@pytest.mark.parametrize("value", [b"123", "no numbers", np.zeros(0), np.ones(2) * 1j])
def test_what_has_no_statistics_fails(value: object) -> None:
    assert agree(value, value, LOOSE).mismatches[0].place == "type"  # type: ignore[arg-type]


def test_not_finite_elements_fail_unless_declared() -> None:
    values = np.array([1.0, 2.0, np.nan])
    assert not agree(values, values, LOOSE).ok
    declared = Tolerance("x", OutputKind.STATISTICS, rtol=0.01, nan_equal=True)
    assert agree(values, values, declared).ok
    assert not agree(values, values[:2], declared).ok
    assert not agree(np.full(2, np.nan), np.full(2, np.nan), declared).ok


@given(hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-1e6, 1e6)))
def test_moments_are_those_of_numpy(values: np.ndarray) -> None:
    found = moments(values)
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-9, abs=1e-9)
    assert found["std"] == pytest.approx(values.std(), rel=1e-6, abs=1e-6)
    assert (found["min"], found["max"]) == (values.min(), values.max())


def test_moments_merge_over_chunks_without_cancelling() -> None:
    values = 1e9 + np.random.default_rng(0).normal(size=2 * CHUNK + 17)
    assert moments(values)["std"] == pytest.approx(values.std(), rel=1e-6)


@pytest.mark.parametrize("size", [1.7e308, 1e200, 1e-200, 1e-323])
def test_statistics_of_the_largest_and_smallest_numbers_agree_with_their_own(size: float) -> None:
    values = np.full(1000, size)
    values[::2] /= 2
    every = ("mean", "std", "min", "max", "sum", "median", "q95")
    tolerance = Tolerance("x", OutputKind.STATISTICS, rtol=0.01, statistics=every)
    assert agree(values, values.copy(), tolerance).ok
    assert not agree(values, values[::-1] * 0.5, tolerance).ok


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_spreads_whose_squares_leave_the_range_are_told_apart(size: float) -> None:
    one, other = size * np.array([9.0, 11.0]), size * np.array([1.0, 19.0])
    spread = Tolerance("x", OutputKind.STATISTICS, rtol=0.01, statistics=("std",))
    assert agree(one, one.copy(), spread).ok
    assert not agree(one, other, spread).ok
