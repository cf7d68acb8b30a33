"""Texts that differ by the times that programs print of themselves."""

import pytest

from harness.correctness import agree
from harness.correctness.timings import same_but_for_times
from harness.model import Tolerance


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("result 42\ntook 19030 ms\n", "result 42\ntook 47 ms\n"),
        ("Elapsed: 0.25\n", "Elapsed: 1.5\n"),
        ("real 0m1.2s\n", "real 0m1.3s\n"),
    ],
)
def test_times_alone_differ(one: str, other: str):
    assert same_but_for_times(one, other)
    assert "--ignore-output" in agree(one, other, Tolerance()).summary


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("result 42\ntook 19 ms\n", "result 43\ntook 47 ms\n"),
        ("result 42\n", "result 43\n"),
        ("took 1 ms\n", "took 1 ms\nand more\n"),
        ("the same\n", "the same\n"),
        ("took 1 ms on a\n", "took 2 ms on b\n"),
    ],
)
def test_something_else_differs_or_nothing(one: str, other: str):
    assert not same_but_for_times(one, other)
    assert "--ignore-output" not in agree(one, other, Tolerance()).summary
