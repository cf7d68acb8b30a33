"""When a gain counts as one of the known values alone."""

from __future__ import annotations

from typing import Any, cast

import pytest

from harness.bench import beside
from harness.bench.beside import FEWEST_PAIRS, MOST_PAIRS, TriedSides, fitted, gain_on_known
from harness.model import Agreement, Case, Comparison, Estimate, Metric, Verdict

CASE = Case("fast", {"n": 2000})
ANY = TriedSides(cast(Any, None), cast(Any, None), cast(Any, None))
"""The two builds: what they would give is told by `gives`."""


@pytest.fixture
def gives(monkeypatch):
    """Has pairs of trials find these, one after the other, the last of them for ever."""

    def told(*found: float | Agreement | None) -> list[Case]:
        asked: list[Case] = []

        def once(sides: TriedSides, case: Case) -> float | Agreement | None:
            asked.append(case)
            by.append(sides.metric)
            return found[min(len(asked), len(found)) - 1]

        monkeypatch.setattr(beside, "_once", once)
        return asked

    return told


by: list[Metric] = []
"""The time by which each pair was compared."""


def gain(point: float, low: float, cpu: float | None = None) -> Comparison:
    """A gain by the clock, and by CPU time."""
    wall = Estimate("median", point, low, point * 4, 0.9)
    own = wall if cpu is None else Estimate("median", cpu, cpu / 2, cpu * 2, 0.9)
    return Comparison(
        "current",
        "kept",
        Metric.WALL,
        wall,
        Verdict.FASTER,
        blocks=4,
        threshold=0.01,
        stopped_because="sure",
        evidence={Metric.WALL: wall, Metric.CPU: own},
    )


def test_pairs_are_compared_by_cpu_time_unless_the_clock_alone_shows_the_gain(gives):
    for cpu, wanted in ((7.0, Metric.CPU), (0.95, Metric.WALL)):
        by.clear()
        gives(6.0)
        assert fitted(ANY, CASE, gain(8.0, 7.0, cpu)) is None
        assert set(by) == {wanted}


@pytest.mark.parametrize(("point", "low"), [(8.0, 7.5), (8.0, 1.02), (2.0, 1.9)])
def test_a_gain_that_is_nowhere_else_is_wrong_however_early_the_look_ended(gives, point, low):
    asked = gives(1.04)
    found = fitted(ANY, CASE, gain(point, low))
    assert found is not None
    assert not found.ok
    assert len(asked) == MOST_PAIRS
    assert CASE not in asked


def test_an_honest_gain_is_seen_in_the_first_pairs(gives):
    asked = gives(6.0)
    assert fitted(ANY, CASE, gain(8.0, 1.02)) is None
    assert len(asked) == FEWEST_PAIRS


def test_a_pair_that_a_neighbour_disturbed_is_made_up_for(gives):
    gives(0.7, 0.9, 1.1, 1.45)
    assert fitted(ANY, CASE, gain(1.5, 1.3)) is None


def test_small_gains_are_not_tried(gives):
    asked = gives(1.0)
    assert fitted(ANY, CASE, gain(1.1, 1.05)) is None
    assert asked == []


def test_values_that_the_last_kept_state_does_not_run_on_say_nothing(gives):
    gives(None)
    assert fitted(ANY, CASE, gain(8.0, 7.0)) is None


def test_nothing_is_said_of_a_case_without_larger_whole_numbers(gives):
    asked = gives(1.0)
    assert fitted(ANY, Case("fast", {"order": 3}), gain(8.0, 7.0)) is None
    assert asked == []


def test_a_wrong_output_names_the_values(gives):
    gives(2.0, Agreement(ok=False, summary="total differs"))
    found = fitted(ANY, CASE, gain(2.0, 1.9))
    assert found is not None
    assert found.summary.startswith('given {"n": 19')
    assert found.summary.endswith("beside the case's own: total differs")


def test_a_gain_on_the_known_values_is_the_least_of_three_pairs(gives):
    gives(8.0, 7.0, 9.0)
    assert gain_on_known(ANY, CASE) == 7.0
    asked = gives(8.0, 1.1)
    assert gain_on_known(ANY, CASE) is None
    assert len(asked) == 2
    gives(Agreement(ok=False))
    assert gain_on_known(ANY, CASE) is None
