"""The interval of paired log-ratios: ties, coarse clocks, heavy tails, and what it decides."""

import math

import numpy as np
import pytest

from harness.model import Verdict
from harness.stats.boundary import sign_boundary
from harness.stats.clocks import Clock
from harness.stats.paired import (
    RatioInterval,
    judge_bounds,
    ratio_estimate,
    seen_range,
    sequence_of,
)
from harness.stats.ratios import log_ratios

BOUNDARY = sign_boundary(0.95)


def pairs(
    rng: np.random.Generator, n: int, ratio: float = 1.0, scatter: float = 0.02, base: float = 2e7
) -> tuple[list[float], list[float]]:
    """Times whose log-ratios have Student's t with two degrees of freedom: no variance."""
    drift = np.exp(0.3 * np.sin(np.arange(n) / 7))
    noise = np.exp(scatter / 1.4 * rng.standard_t(2, (2, n)))
    reference, candidate = base * drift * noise[0], base * drift * noise[1] / ratio
    return [float(int(t)) for t in reference], [float(int(t)) for t in candidate]


def test_nothing_is_sure_before_the_first_proof():
    interval = sequence_of([2e7 + 1] * 7, [1e7 + 1] * 7, BOUNDARY).interval()
    assert (interval.low, interval.high) == (-math.inf, math.inf)
    assert interval.point == pytest.approx(math.log(2), abs=1e-6)


def test_no_pair_has_an_interval_without_bounds():
    interval = sequence_of([], [], BOUNDARY).interval()
    assert (interval.low, interval.point, interval.high) == (-math.inf, 0.0, math.inf)


@pytest.mark.parametrize("ratio", [1.0, 1.02, 1.1])
def test_the_interval_of_all_looks_together_holds_the_truth(ratio):
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(300):
        interval = sequence_of(*pairs(rng, 60, ratio), BOUNDARY).interval()
        held += interval.low <= math.log(ratio) <= interval.high and interval.settled
    # At least 95 % whenever one looks; 60 looks have spent 3.5 % of it.
    assert held >= 0.93 * 300


def test_drift_that_hits_both_sides_alike_does_not_widen_the_interval():
    interval = sequence_of(*pairs(np.random.default_rng(2), 200, 1.05), BOUNDARY).interval()
    assert interval.low > 0.03
    assert interval.high < 0.07


def test_equal_readings_of_a_coarse_clock_are_no_evidence_of_equality():
    rng = np.random.default_rng(5)
    true_ns = rng.uniform(22e6, 28e6, (2, 100))
    readings = np.floor(true_ns / 10e6) * 10e6
    sequence = sequence_of(list(readings[0]), list(readings[1]), BOUNDARY)
    assert np.mean(sequence.ratios.point == 0) == 1
    assert judge_bounds(sequence.bounds, 0.01) is Verdict.UNDECIDED


def test_a_coarse_clock_finds_what_is_larger_than_its_step():
    rng = np.random.default_rng(5)
    reference = np.floor(rng.uniform(90e6, 110e6, 60) / 4e6) * 4e6
    candidate = np.floor(rng.uniform(50e6, 60e6, 60) / 4e6) * 4e6
    interval = sequence_of(list(reference), list(candidate), BOUNDARY).interval()
    assert interval.low < math.log(100 / 55) < interval.high
    assert judge_bounds((interval.low, interval.high), 0.01) is Verdict.FASTER


def test_ties_of_a_fine_clock_count_for_no_difference():
    reference = [20_000_001.0] * 10 + [20_500_003.0] * 5
    candidate = [20_000_001.0] * 15
    assert judge_bounds(sequence_of(reference, candidate, BOUNDARY).bounds, 0.001) in (
        Verdict.UNDECIDED,
        Verdict.EQUIVALENT,
    )


def test_times_that_are_not_positive_cannot_decide():
    for bad in (0.0, -3e6):
        sequence = sequence_of([bad] * 50, [2e7 + 1] * 50, BOUNDARY, resolution=1e8)
        assert judge_bounds(sequence.bounds, 0.01) is Verdict.UNDECIDED


def test_a_finer_reading_later_narrows_what_a_coarse_clock_was_thought_to_hide():
    coarse = sequence_of([20e6] * 12, [40e6] * 12, BOUNDARY).interval()
    finer = sequence_of([20e6] * 12 + [20_000_001.0], [40e6] * 13, BOUNDARY).interval()
    assert coarse.high - coarse.low > 0.5
    assert finer.high - finer.low < 1e-6


def test_what_was_refused_once_stays_refused():
    reference, candidate = pairs(np.random.default_rng(11), 80, 1.03)
    lows, highs = [], []
    for n in range(8, 80):
        interval = sequence_of(reference[:n], candidate[:n], BOUNDARY).interval()
        lows.append(interval.low)
        highs.append(interval.high)
    assert lows == sorted(lows)
    assert highs == sorted(highs, reverse=True)


def test_a_ratio_that_changes_halfway_is_said_to_be_unsettled():
    rng = np.random.default_rng(13)
    first, second = pairs(rng, 60, 1.3, 0.005), pairs(rng, 600, 0.8, 0.005)
    interval = sequence_of(first[0] + second[0], first[1] + second[1], BOUNDARY).interval()
    assert not interval.settled
    assert interval.high < 0


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.001, 0.05, Verdict.FASTER),
        (-0.05, -0.001, Verdict.SLOWER),
        (-0.005, 0.005, Verdict.EQUIVALENT),
        (0.001, 0.005, Verdict.EQUIVALENT),
        (-0.005, 0.02, Verdict.UNDECIDED),
        (0.0, 0.02, Verdict.UNDECIDED),
        (-math.inf, math.inf, Verdict.UNDECIDED),
    ],
)
def test_an_interval_decides_by_where_it_lies(low, high, verdict):
    assert judge_bounds((low, high), 0.01) is verdict


def test_a_difference_below_the_practical_threshold_is_no_winner():
    reference, candidate = pairs(np.random.default_rng(17), 3000, 1.003, 0.005)
    interval = sequence_of(reference, candidate, BOUNDARY).interval()
    assert interval.low > 0
    assert judge_bounds((interval.low, interval.high), 0.01) is Verdict.EQUIVALENT


def test_a_ratio_without_bounds_runs_from_nought_to_infinity():
    estimate = ratio_estimate(RatioInterval(0.0, -math.inf, math.inf), 0.95)
    assert (estimate.low, estimate.point, estimate.high) == (0.0, 1.0, math.inf)


def test_times_below_the_clocks_step_are_told_apart_by_the_readings_behind_them():
    """Work of 16 and of 12 ns, timed in batches of 2^20: readings of 10 ms to the nanosecond."""
    batch = 1 << 20
    readings = [(16 * batch + n, 12 * batch + 3 * n) for n in range(10)]
    times = [[reading / batch for reading in side] for side in zip(*readings, strict=True)]
    clocks = [Clock(math.gcd(*pair), batch) for pair in readings]
    assert judge_bounds(sequence_of(*times, BOUNDARY).bounds, 0.01) is Verdict.UNDECIDED
    interval = sequence_of(*times, BOUNDARY, clocks=clocks).interval()
    assert judge_bounds((interval.low, interval.high), 0.01) is Verdict.FASTER
    assert interval.high - interval.low < 1e-5


def test_batches_of_a_coarse_clock_are_as_coarse_as_it_says():
    """Ticks of 4 ms over batches of 4: a step of 1 ms for work of 10 ms."""
    clocks = [Clock(4_000_000, 4)] * 40
    interval = sequence_of([10e6] * 40, [10e6] * 40, BOUNDARY, clocks=clocks).interval()
    assert interval.low == pytest.approx(-math.log(1.1))
    assert interval.high == pytest.approx(math.log(1.1))


def test_the_range_of_few_blocks_is_an_interval_of_their_number():
    assert seen_range(log_ratios([2.0], [1.0], 0.0)) is None
    seen = seen_range(log_ratios([2.0, 3.0, 8.0], [1.0, 1.0, 2.0], 0.0))
    assert (seen.low, seen.point, seen.high) == pytest.approx((2.0, 3.0, 4.0))
    assert seen.confidence == 0.75
    assert seen_range(log_ratios([2.0, 3.0], [1.0, 0.0], 0.0)) is None


def test_the_range_holds_the_median_as_often_as_it_says():
    drawn = np.exp(np.random.default_rng(3).standard_t(2, (4000, 4)))
    seen = [seen_range(log_ratios(row, np.ones(4), 0.0)) for row in drawn]
    held = np.mean([s.low <= 1 <= s.high for s in seen])
    assert abs(held - seen[0].confidence) < 4 * np.sqrt(0.125 * 0.875 / 4000)
