"""The table of a bench, which a bench alone and one within a campaign share."""

import math

import pytest

from harness.model import Estimate, Metric
from harness.render.bench import BenchRow, bench_table, is_below_the_clock


def estimate(low: float, point: float, high: float) -> Estimate:
    return Estimate("median ratio", point, low, high, 0.95)


@pytest.mark.parametrize(
    ("speed_up", "cells"),
    [
        (estimate(2.05, 2.09, 2.12), ["2.09x", "[2.05, 2.12]"]),
        (estimate(0.0091, 0.0099, 0.010), ["101 times slower", "[100, 110]"]),
        (estimate(0.0, 1.7, math.inf), ["1.70x", "too few blocks for an interval"]),
        (0.05, ["20.0 times slower", ""]),
        (1.7, ["1.70x", ""]),
        (None, ["-", ""]),
    ],
)
def test_a_row_writes_a_speed_up_as_a_sentence_does(speed_up, cells):
    assert BenchRow("sum", "2 ms", "1 ms", speed_up, "so").cells() == [
        *("sum", "2 ms", "1 ms"),
        *cells,
        "so",
    ]


def test_of_memory_a_row_says_larger():
    row = BenchRow("peak memory", "1 MiB", "20 MiB", estimate(0.04, 0.05, 0.0625), by=Metric.MEMORY)
    assert row.cells()[3:5] == ["20.0 times larger", "[16.0, 25.0]"]


def test_the_table_can_be_csv():
    table = bench_table([BenchRow("sum", "2 ms", "1 ms", 2.0, "faster")], "csv")
    assert table.splitlines()[0] == "Phase,Baseline,Current,Speedup,interval,verdict"
    assert table.splitlines()[1] == "sum,2 ms,1 ms,2.00x,,faster"


@pytest.mark.parametrize(
    ("ns", "calls", "below"),
    [
        (10, 1, True),  # a loop that the compiler moved out from between the markers
        (0, 0, True),
        (1_500, 1, False),
        (20_000, 1_000, True),
        (500_000, 1_000, False),
    ],
)
def test_a_phase_as_short_as_its_markers_is_below_the_clock(ns, calls, below):
    assert is_below_the_clock(ns, calls) is below
