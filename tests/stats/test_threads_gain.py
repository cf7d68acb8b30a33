"""What threads gain: Amdahl's and Karp and Flatt's fractions of known programs."""

from __future__ import annotations

import pytest

from harness.model import Estimate
from harness.stats.threads_gain import scaling


def times(*points: float) -> list[Estimate]:
    return [Estimate("median", p, 0.99 * p, 1.01 * p, 0.975) for p in points]


def amdahl(serial: float, threads: list[int]) -> list[Estimate]:
    return times(*(100 * (serial + (1 - serial) / p) for p in threads))


def test_the_serial_fraction_comes_back():
    found = scaling([1, 2, 4, 8], amdahl(0.1, [1, 2, 4, 8]), weak=False)
    assert found is not None
    assert found.serial_fraction is not None
    assert found.serial_fraction.point == pytest.approx(0.1)
    eight = found.points[-1]
    assert eight.speed_up == pytest.approx(1 / (0.1 + 0.9 / 8))
    assert eight.efficiency == pytest.approx(eight.speed_up / 8)
    assert eight.karp_flatt is not None
    assert eight.karp_flatt.low < 0.1 < eight.karp_flatt.high
    assert eight.karp_flatt.confidence == pytest.approx(0.95), "both intervals at once"
    assert found.points[0].karp_flatt is None


def test_overhead_that_grows_shows_in_karp_and_flatt():
    curve = times(100, 52, 30, 24)
    found = scaling([1, 2, 4, 8], curve, weak=False)
    assert found is not None
    fractions = [p.karp_flatt.point for p in found.points if p.karp_flatt]
    assert fractions == sorted(fractions)
    assert found.serial_fraction is not None
    assert found.serial_fraction.low < found.serial_fraction.point < found.serial_fraction.high


def test_work_that_grows_with_the_threads_is_weak_scaling():
    found = scaling([1, 2, 4], times(100, 100, 125), weak=True)
    assert found is not None
    assert [p.efficiency for p in found.points] == pytest.approx([1, 1, 0.8])
    assert found.points[-1].speed_up == pytest.approx(3.2)
    assert found.serial_fraction is None


@pytest.mark.parametrize("threads", [[2, 4], [1]])
def test_without_one_thread_or_another_number_there_is_none(threads):
    assert scaling(threads, times(*[1.0] * len(threads)), weak=False) is None
