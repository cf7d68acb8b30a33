"""Numbers for people."""

import math

import pytest

from harness.model import Estimate, Metric
from harness.render.units import (
    show_beside,
    show_bytes,
    show_if_any,
    show_ns,
    show_ns_estimate,
    show_ratio,
    show_ratio_estimate,
    show_share,
    show_span,
    show_speed_up,
    significant,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.01234, "0.0123"), (1.234, "1.23"), (123.4, "123"), (12345.6, "12346"), (0, "0")],
)
def test_numbers_have_three_digits_and_no_exponent(value, shown):
    assert significant(value) == shown


@pytest.mark.parametrize(
    ("ns", "shown"), [(12, "12.0 ns"), (1500, "1.50 us"), (2.5e6, "2.50 ms"), (3.21e9, "3.21 s")]
)
def test_a_time_has_the_unit_that_fits(ns, shown):
    assert show_ns(ns) == shown


def test_an_interval_has_the_unit_of_its_point():
    assert show_ns_estimate(Estimate("median", 1.5e6, 9e5, 2e6, 0.95)) == "1.50 ms [0.900, 2.00]"


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(2.091, "2.09x"), (1.0042, "1.004x"), (0.00182, "0.0018x"), (35.2, "35.20x")],
)
def test_a_speed_up_has_more_digits_near_one_and_near_zero(ratio, shown):
    assert show_ratio(ratio) == shown


def test_an_interval_without_bound_says_so():
    estimate = Estimate("median", 1.2, 0.0, math.inf, 0.95)
    assert show_ratio_estimate(estimate) == "1.20x [0.00, inf]"


def test_a_ratio_and_its_ends_have_as_many_digits():
    assert (
        show_ratio_estimate(Estimate("median", 0.93, 0.9, 0.967, 0.95)) == "0.930x [0.900, 0.967]"
    )
    assert show_ratio_estimate(Estimate("median", 2.09, 2.05, 2.12, 0.95)) == "2.09x [2.05, 2.12]"


def test_an_end_that_is_a_direction_without_a_size_is_no_number_of_24_digits():
    assert show_speed_up(Estimate("median ratio", 1.0, 1e-22, 1e22, 0.95)) == "1.000x [0.00, inf]"
    assert show_if_any(1e-22) == "worse by no ratio"
    assert show_if_any(1.4) == "1.40x"


def test_sizes_and_shares():
    assert show_bytes(1_600_000) == "1.53 MiB"
    assert show_bytes(None) == "-"
    assert show_share(0.81) == "81 %"
    assert show_share(0.023) == "2.3 %"
    assert show_share(1.0) == "100 %"


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((0.0091, 0.0099, 0.010), "101 times slower [100, 110]"),
        ((2.05, 2.09, 2.12), "2.09x [2.05, 2.12]"),
        ((0.5, 0.6, 0.7), "0.60x [0.50, 0.70]"),
        ((0.0, 0.014, math.inf), "71.4 times slower, too few blocks for an interval"),
        ((0.0, 1.7, math.inf), "1.70x, too few blocks for an interval"),
    ],
)
def test_a_speed_up_is_written_as_a_reader_says_it(ends, text):
    low, point, high = ends
    assert show_speed_up(Estimate("median ratio", point, low, high, 0.95)) == text


def test_of_memory_a_small_ratio_is_larger():
    ratio = Estimate("median ratio", 0.05, 0.04, 0.0625, 0.95)
    assert show_speed_up(ratio, by=Metric.MEMORY) == "20.0 times larger [16.0, 25.0]"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0072, "7.2 ms"),
        (85.2, "85 s"),
        (100, "1.7 min"),
        (3000, "50 min"),
        (5976, "1.7 h"),
        (14752, "4.1 h"),
        (86_400, "24 h"),
    ],
)
def test_a_long_time_is_told_in_minutes_or_hours(seconds, shown):
    assert show_span(seconds * 1e9) == shown


@pytest.mark.parametrize(
    ("ratio", "bounds", "shown"),
    [
        (1.0097, (), "1.010x"),
        (1.0097, (1.01, 1.06), "1.0097x"),
        (1.01, (1.01, 1.06), "1.010x"),
        (1.4996, (1.5,), "1.4996x"),
        (2.0, (1.5, 3.0), "2.00x"),
        (1.01 - 1e-15, (1.01,), "1.01000000000x"),
        (math.inf, (2.0,), "infx"),
    ],
)
def test_a_ratio_beside_bounds_shows_on_which_side_of_each_it_lies(ratio, bounds, shown):
    assert show_beside(ratio, *bounds) == shown
