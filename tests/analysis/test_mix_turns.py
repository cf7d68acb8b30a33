"""The blocks of mixes: by which time they go, and who runs in the next one."""

from __future__ import annotations

import math

import pytest

from harness.analysis import Factorial, Halves, MixTurns, RaceRules
from harness.analysis.blocks import Figures, Pair
from harness.analysis.mix_turns import ALL_RUN, MixFigures, MixTurn
from harness.analysis.question import AUTO
from harness.analysis.race_columns import CHOSEN_AFTER
from harness.analysis.screening import TIME_IS_OVER
from harness.model import TrialStatus

from .conftest import make_record

HALVES = Halves(("a",), ("b",), {"a": "", "b": ""})
SETS = (("a",), ("b",))


def pair(one=3e8, other=2e8):
    sides = (Figures(wall_ns, wall_ns, -1, 0, 0, 0) for wall_ns in (one, other))
    return Pair(*sides)


def test_no_block_says_anything_before_the_time_is_chosen_and_then_all_do():
    figures = MixFigures(AUTO)
    for _ in range(CHOSEN_AFTER - 1):
        assert figures.take(HALVES, pair()) == []
    assert figures.metric == AUTO
    said = figures.take(HALVES, pair())
    assert said == [(HALVES, pytest.approx(math.log(1.5)))] * CHOSEN_AFTER
    assert figures.metric == "wall"
    assert figures.because
    assert len(figures.take(HALVES, pair())) == 1
    assert figures.rest() == []


def test_blocks_too_few_to_choose_a_time_say_something_all_the_same_once_no_more_come():
    figures = MixFigures(AUTO)
    figures.take(HALVES, pair())
    assert figures.rest() == [(HALVES, pytest.approx(math.log(1.5)))]
    assert figures.rest() == []
    assert figures.metric == AUTO


def test_a_side_that_has_no_time_says_nothing():
    figures = MixFigures("cpu")
    ((_, ratio),) = figures.take(HALVES, pair(other=-1.0))
    assert math.isnan(ratio)


def turns_of(*mixes, until_ns=1e12, sets=SETS):
    """The rule of as many blocks, of which each has the mixes `one` and `other` of its pair."""
    turns = [MixTurn(HALVES, one, other) for one, other in mixes]
    names = ["p", "m1", "m2", "m3"]
    return MixTurns(Factorial(sets, RaceRules("p")), MixFigures("wall"), turns, names, until_ns)


def block(number, *names, **changes):
    return {name: [make_record(name, number, **changes)] for name in names}


def test_those_alone_run_whose_turn_it_is_and_then_it_is_over():
    rule = turns_of(("m1", "m2"), ("p", "m3"))
    assert set(rule.left) == {"p", "m3"}
    assert rule([block(0, "m1", "m2")]) is None
    assert set(rule.left) == {"m1", "m2"}
    assert rule([block(0, "m1", "m2"), block(1, "p", "m3")]) == ALL_RUN


def test_no_block_begins_that_the_time_does_not_hold():
    rule = turns_of(("m1", "m2"), ("p", "m3"), until_ns=3e7)
    assert rule([block(0, "m1", "m2")]) == TIME_IS_OVER


def test_a_mix_that_fails_ends_it_and_names_the_variants_that_it_had():
    rule = turns_of(("m1", "m2"), ("p", "m3"))
    failed = block(0, "m1", "m2") | block(0, "m2", status=TrialStatus.FAILED, message="it broke")
    assert rule([failed]) == "it broke"
    assert rule.failed == (("b",), "")
