"""Changes of level in a series: found where they are, and seldom where there is none."""

from __future__ import annotations

import random

import pytest

from harness.stats.shifts import shifts_of, shifts_of_table


def noisy(seed: int, *levels: tuple[int, float]) -> list[float]:
    rng = random.Random(seed)
    return [level * rng.lognormvariate(0, 0.02) for count, level in levels for _ in range(count)]


def test_changes_are_found_where_they_are():
    found = shifts_of(noisy(1, (20, 1.0), (15, 1.1), (10, 0.8)))
    assert [shift.at for shift in found] == [20, 35]
    assert [shift.ratio for shift in found] == pytest.approx([1 / 1.1, 1.1 / 0.8], rel=0.02)
    assert all(shift.confidence > 0.99 for shift in found)


def test_one_odd_value_is_no_change():
    values = noisy(2, (20, 1.0))
    values[7] = 50.0
    assert shifts_of(values) == ()


def test_eight_values_suffice_and_six_do_not():
    assert [shift.at for shift in shifts_of([1, 1.01, 0.99, 1.0, 1.2, 1.21, 1.19, 1.22])] == [4]
    assert shifts_of([1, 1, 1, 2, 2, 2]) == ()


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 3, [1.0] * 40])
def test_what_never_changes_has_no_change(values):
    assert shifts_of(values) == ()


def test_a_level_that_does_not_change_is_seldom_said_to():
    wrong = sum(bool(shifts_of(noisy(seed, (15, 1.0)))) for seed in range(60))
    assert wrong <= 8  # 5 % are wanted; 9 of 60 have a chance of 0.3 %


def test_a_table_of_series_is_surer_of_each():
    quiet = [noisy(seed, (12, 1.0)) for seed in range(30)]
    alone = [at for at, values in enumerate(quiet) if shifts_of(values)]
    assert alone, "some of many are called changed where each has a level of its own"
    assert not any(shifts_of_table(quiet))


def test_a_clear_change_is_found_among_many_series():
    table = [*[noisy(seed, (12, 1.0)) for seed in range(20)], noisy(99, (10, 1.0), (10, 1.3))]
    found = shifts_of_table(table)
    assert [shift.at for shift in found[-1]] == [10]
    assert not any(found[:-1])


def test_series_that_are_too_short_cost_the_others_nothing():
    clear = [1, 1.01, 0.99, 1.0, 1.2, 1.21, 1.19, 1.22]
    assert [shift.at for shift in shifts_of_table([clear, *[[1.0, 2.0, 1.5]] * 50])[0]] == [4]
