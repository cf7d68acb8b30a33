"""Student's law by its beta function is what scipy has, which is not imported for it."""

import math
import subprocess
import sys

import pytest
from scipy.special import stdtrit

from harness.stats.student import student_reach


@pytest.mark.parametrize("free", [1, 2, 3, 7, 8, 63, 1000])
def test_how_far_it_reaches_is_what_scipy_says(free: int) -> None:
    for level in (0.9, 0.5, 0.2, 0.05, 0.01, 1e-3, 1e-6, 1e-9):
        assert student_reach(free, level) == pytest.approx(-stdtrit(free, level / 2), rel=1e-11)


def test_an_interval_without_error_has_no_end() -> None:
    assert student_reach(5, 0.0) == math.inf


def test_what_layouts_leave_uncertain_is_told_without_scipy() -> None:
    said = (
        "import sys, numpy; from harness.stats.clusters import layout_bounds;"
        "layout_bounds(numpy.array([0.1, 0.2, 0.3, 0.1]), [0, 1, 2, 1], 0.95);"
        "sys.exit('scipy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", said], check=True)
