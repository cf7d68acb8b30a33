"""Student's law, held against the tables of textbooks."""

import math

import pytest

from harness.stats.student import student_reach


@pytest.mark.parametrize(
    ("free", "level", "reach"),
    [(1, 0.05, 12.706), (2, 0.1, 2.920), (10, 0.05, 2.228), (30, 0.01, 2.750), (120, 0.05, 1.980)],
)
def test_how_far_it_reaches_is_what_the_tables_say(free: int, level: float, reach: float) -> None:
    assert student_reach(free, level) == pytest.approx(reach, abs=5e-4)


def test_an_interval_without_error_has_no_end() -> None:
    assert student_reach(5, 0.0) == math.inf
