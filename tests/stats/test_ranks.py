"""The value at a rank of values that come one by one."""

import math
import random

import pytest

from harness.stats.ranks import RisingRank, median


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_one_that_sorting_gives(seed: int) -> None:
    rng = random.Random(seed)
    values, rank, ranks = [], 0, RisingRank()
    for _ in range(300):
        value = rng.choice([rng.random(), float(rng.randrange(5)), float("-inf"), float("inf")])
        values.append(value)
        ranks.add(value)
        if rng.random() < 0.4 and rank + 1 < len(values):
            rank += 1
        if rng.random() < 0.7:
            assert ranks.at(rank) == sorted(values)[rank]
    assert len(ranks) == len(values)


def test_it_is_so_among_more_values_than_one_part_holds() -> None:
    rng = random.Random(1)
    values, ranks = [], RisingRank()
    for number in range(5000):
        values.append(rng.choice([rng.gauss(0, 1), float(rng.randrange(3)), -number / 1000]))
        ranks.add(values[-1])
        if number % 250 == 0:
            assert ranks.at(number // 3) == sorted(values)[number // 3]


def test_a_rank_that_falls_is_refused() -> None:
    ranks = RisingRank()
    for value in (3.0, 1.0, 2.0):
        ranks.add(value)
    assert ranks.at(2) == 3.0
    with pytest.raises(ValueError, match="below the one asked for before"):
        ranks.at(1)
    with pytest.raises(IndexError):
        ranks.at(3)


def test_the_middle_of_huge_figures_is_finite():
    assert median([1.6e308, 1.7e308]) == pytest.approx(1.65e308)
    assert median([math.inf, math.inf]) == math.inf
