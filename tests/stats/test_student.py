"""Student's law, held against the tables of textbooks, and scipy's."""

import math

import pytest
from scipy.special import stdtrit

from harness.stats.student import student_reach


@pytest.mark.parametrize(
    ("free", "level", "reach"),
    [(1, 0.05, 12.706), (2, 0.1, 2.920), (10, 0.05, 2.228), (30, 0.01, 2.750), (120, 0.05, 1.980)],
)
def test_how_far_it_reaches_is_what_the_tables_say(free: int, level: float, reach: float) -> None:
    assert student_reach(free, level) == pytest.approx(reach, abs=5e-4)


@pytest.mark.parametrize("free", [1, 2, 3.5, 7, 11, 63, 64, 1000, 100_000])
@pytest.mark.parametrize("level", [1e-12, 1e-5, 0.002, 0.05, 0.4, 0.9])
def test_it_is_scipys_to_more_digits_than_a_campaign_is_verified_by(
    free: float, level: float
) -> None:
    assert student_reach(free, level) == pytest.approx(-stdtrit(free, level / 2), rel=1e-11)


def test_an_interval_of_no_certainty_is_a_point() -> None:
    assert student_reach(5, 1.0) == 0.0


def test_an_interval_without_error_has_no_end() -> None:
    assert student_reach(5, 0.0) == math.inf
