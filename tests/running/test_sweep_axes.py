"""What is swept: as people write it, and what makes no sense of it."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.running.sweep_axes import MOST_POINTS, sweep_of


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n=1000,2000,4000", [1000, 2000, 4000]),
        ("n=1e3..1e6*10", [1000, 10_000, 100_000, 1_000_000]),
        ("n=1e3..9e3*2", [1000, 2000, 4000, 8000]),
        ("n=1..10+3", [1, 4, 7, 10]),
        ("n=0..1+0.25", [0, 0.25, 0.5, 0.75, 1]),
        ("n=0.1..0.3+0.1", [0.1, 0.2, 0.3]),
        ("n=-2..2+2", [-2, 0, 2]),
        ("n=1,10..20+10", [1, 10, 20]),
        ("mode=fast, slow", ["fast", "slow"]),
        ("flags=-O2,-O3 -march=native", ["-O2", "-O3 -march=native"]),
        ("env.OMP_NUM_THREADS=1,2", [1, 2]),
    ],
)
def test_values_as_people_write_them(text, values):
    (axis,) = sweep_of(text, None).axes
    assert axis.name == text.partition("=")[0]
    assert list(axis.values) == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]


def test_names_with_lists_say_the_same():
    assert sweep_of({"n": [1, 2]}, {"flags": ["-O2", "-O3"]}) == sweep_of("n=1,2", "flags=-O2,-O3")


def test_axes_are_combined_and_what_follows_grows_along():
    sweep = sweep_of(["threads=1,2", "n=100*threads", "m=3,4"], None)
    assert sweep.weak
    assert [dict(point) for point in sweep.points()] == [
        {"threads": threads, "m": m, "n": 100 * threads} for threads in (1, 2) for m in (3, 4)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n=1000", "one point is no sweep"),
        ("n=1..1+1", "one point is no sweep"),
        ("n", "want NAME=VALUES, got 'n'"),
        ("n=", "want NAME=VALUES"),
        ("n=1,,2", "a value is empty"),
        ("=1,2", "is no name"),
        ("a b=1,2", "is no name"),
        ("env.=1,2", "is no name"),
        ("n=10..1+1", "10..1+1 goes down; write it from 1 up"),
        ("n=1..10+0", "never ends; want a step above 0"),
        ("n=1..10+-1", "never ends; want a step above 0"),
        ("n=1..10*1", "never ends; want a factor above 1"),
        ("n=0..10*2", "never ends; want a factor above 1, and a first value above 0"),
        ("n=1..5", "'1..5' is no range"),
        ("n=a..b+1", "'a' is not a number"),
        ("n=1..inf*2", "'inf' is not a finite number"),
        ("n=1,abc", "'abc' is not a number, as others of the values are"),
        ("n=5,6,5.0", "5 stands there twice"),
        ("n=1..1000+1", f"a sweep has at most {MOST_POINTS}"),
        ("n=1..1e300*1.0000001", f"a sweep has at most {MOST_POINTS}"),
        ("threads=0,1", "want whole numbers of threads or ranks from 1 on"),
        ("env.OMP_NUM_THREADS=1,2.5", "want whole numbers of threads"),
        ("n=10*threads", "it follows threads, which is no axis of numbers"),
        (["n=1,2", "n=3,4"], "n is swept twice"),
        (["n=1..100+1", "m=1,2,3"], f"a sweep has at most {MOST_POINTS}"),
        ([], "nothing is swept"),
        ({"n": 3}, "want a list of values, got 3"),
        ({"n": [1, None]}, "want numbers or texts, got None"),
        ({"n": [1.0, float("nan")]}, "want finite numbers"),
        ({3: [1, 2]}, "3 is no name"),
    ],
)
def test_what_makes_no_sense_is_said(text, words):
    with pytest.raises(UsageError) as caught:
        sweep_of(text, None)
    assert words in caught.value.message
