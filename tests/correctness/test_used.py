"""The share of a tolerance that an output needs."""

import numpy as np
import pytest

from harness.correctness.used import tolerance_used
from harness.model import Case, OutputKind, OutputSpec, Task, Tolerance

LOOSE = Tolerance("x", OutputKind.DETERMINISTIC, rtol=1e-3)


def used(expected, actual, tolerance: Tolerance = LOOSE) -> float | None:
    task = Task("t", (Case("c"),), outputs=(OutputSpec("x", tolerance=tolerance),))
    return tolerance_used(task, {"x": np.array(expected)}, {"x": np.array(actual)})


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
