"""The share of a tolerance that an output needs."""

import numpy as np
import pytest

from harness.correctness.used import RoomUsed, room_used
from harness.model import Case, OutputKind, OutputSpec, Task, Tolerance

LOOSE = Tolerance("x", OutputKind.DETERMINISTIC, rtol=1e-3)


def room(expected, actual, tolerance: Tolerance = LOOSE) -> RoomUsed | None:
    task = Task("t", (Case("c"),), outputs=(OutputSpec("x", tolerance=tolerance),))
    return room_used(task, {"x": np.array(expected)}, {"x": np.array(actual)})


def used(expected, actual, tolerance: Tolerance = LOOSE) -> float | None:
    found = room(expected, actual, tolerance)
    return found and found.share


@pytest.mark.parametrize(
    ("error", "low", "high"),
    [(0.0, 0.0, 0.0), (4e-4, 0.4, 0.64), (1e-5, 0.01, 0.016), (1e-12, 1e-9, 1.6e-6)],
)
def test_it_is_the_error_over_what_is_allowed(error, low, high):
    found = used([1.0, 2.0], [1.0, 2.0 * (1 + error)])
    assert found is not None
    assert low * 0.999 <= found <= high


def test_elements_that_may_differ_by_any_amount_use_all_of_it():
    some = Tolerance("x", OutputKind.DETERMINISTIC, rtol=1e-3, max_differing=1)
    assert used([1.0, 2.0], [1.0, 7.0], some) == 1.0


@pytest.mark.parametrize("kind", [OutputKind.EXACT, OutputKind.COUNT, OutputKind.STATISTICS])
def test_others_have_no_tolerance_for_rounding(kind):
    assert used([1.0], [1.0], Tolerance("x", kind, rtol=0.1)) is None


def test_the_error_is_told_beside_the_share_that_it_is_of_the_tolerance():
    found = room([1.0, 2.0], [1.0, 2.0 * (1 + 1e-5)])
    assert found is not None
    assert 1e-5 * 0.999 <= found.error <= 1.6e-5


def test_what_an_absolute_tolerance_allows_is_no_relative_error():
    found = room([0.0], [1e-4], Tolerance("x", OutputKind.DETERMINISTIC, atol=1e-3))
    assert found is not None
    assert found.error == 0
