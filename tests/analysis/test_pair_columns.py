"""Figures of pairs by columns, of which one that is always the same is kept once."""

import math
from dataclasses import replace

import numpy as np

from harness.analysis.blocks import Figures, Pair, PairColumns
from harness.model import Metric

USUAL = Figures(
    wall_ns=10.0, cpu_ns=9.0, max_rss_bytes=-1, voluntary=1, involuntary=0, stolen_ns=0.0
)


def columns_of(candidates: list[Figures]) -> PairColumns:
    made = PairColumns()
    for candidate in candidates:
        made.add(Pair(USUAL, candidate))
    return made


def test_a_figure_that_is_the_same_in_all_pairs_is_told_of_each() -> None:
    made = columns_of([USUAL] * 5)
    assert len(made) == 5
    assert [list(side) for side in made.sides(Metric.WALL)] == [[10.0] * 5] * 2
    assert all(math.isnan(value) for value in made.sides(Metric("flips"))[0])
    assert made.layouts() == [(-1.0, -1.0)] * 5
    assert not made.has_layouts
    assert made.times().stolen.tolist() == [0.0] * 5


def test_the_first_figure_that_differs_comes_after_as_many_as_there_were() -> None:
    walls = [10.0, 10.0, 10.0, 12.0, 10.0, 12.0]
    layouts = [0.0, 0.0, 1.0, 1.0, 0.0, 2.0]
    figures = [math.nan, math.nan, 3.0, math.nan, 3.0, 4.0]
    rows = zip(walls, layouts, figures, strict=True)
    made = columns_of([replace(USUAL, wall_ns=w, layout=at, named=f) for w, at, f in rows])
    assert list(made.sides(Metric.WALL)[1]) == walls
    assert list(made.sides(Metric.WALL)[0]) == [10.0] * 6
    assert np.array_equal(made.sides(Metric("flips"))[1], figures, equal_nan=True)
    assert made.layouts() == [(-1.0, at) for at in layouts]
    assert made.has_layouts


def test_there_may_be_no_pair() -> None:
    made = PairColumns()
    assert len(made) == 0
    assert [list(side) for side in made.sides(Metric.CPU)] == [[], []]
    assert not made.has_layouts
