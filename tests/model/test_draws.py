"""Cases whose parameters blocks draw anew."""

import json
import random

import pytest

from harness.model import Case
from harness.model.draws import FRESH_SEEDS, Range, Seeds


def test_whole_ends_draw_whole_numbers_and_both_ends_are_reached() -> None:
    chance = random.Random(1)
    assert {Range(2, 4).draw(chance) for _ in range(100)} == {2, 3, 4}
    assert all(0.5 <= Range(0.5, 2).draw(chance) <= 2 for _ in range(100))


@pytest.mark.parametrize(("low", "high"), [(2, 2), (3, 1), (0, float("inf")), (float("nan"), 1)])
def test_a_range_goes_up_between_finite_ends(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="range"):
        Range(low, high)


def test_a_drawn_case_keeps_its_name_and_what_is_not_drawn() -> None:
    case = Case("fast", {"n": 1, "k": "x", "m": 7}, 3, {"n": Range(1, 9)}, {"k": ("x", "y")})
    drawn = case.drawn(Seeds.DECLARED, random.Random(1))
    assert drawn.name == "fast"
    assert drawn.params["m"] == 7
    assert drawn.seed == 3
    assert 1 <= drawn.params["n"] <= 9
    assert json.loads(drawn.draw_text(Seeds.DECLARED)).keys() == {"n", "k"}


def test_fresh_seeds_are_drawn_beside_what_is_declared() -> None:
    case = Case("fast", {"n": 1}, 3, {"n": Range(1, 9)})
    seeds = {case.drawn(Seeds.FRESH, random.Random(i)).seed for i in range(50)}
    assert len(seeds) == 50
    assert all(FRESH_SEEDS[0] <= seed <= FRESH_SEEDS[1] for seed in seeds if seed is not None)
    assert case.drawn_names(Seeds.FRESH) == ("n", "seed")


def test_a_seed_with_a_range_stays_within_it() -> None:
    case = Case("fast", {}, 0, {"seed": Range(0, 3)})
    drawn = {case.drawn(Seeds.FRESH, random.Random(i)).seed for i in range(50)}
    assert drawn == {0, 1, 2, 3}


def test_nothing_is_drawn_of_a_case_without_seed_or_range() -> None:
    case = Case("fast", {"n": 1})
    assert case.drawn_names(Seeds.FRESH) == ()
    assert case.draw_text(Seeds.FRESH) == ""
    assert Case("fast", {"n": 1}, 3, {"n": Range(1, 9)}).drawn_names(Seeds.FIXED) == ()


def test_what_is_drawn_has_a_value_of_its_own() -> None:
    with pytest.raises(ValueError, match="n is drawn but has no value"):
        Case("fast", {}, 3, {"n": Range(1, 9)})
    with pytest.raises(ValueError, match="less than two"):
        Case("fast", {"k": 1}, None, {}, {"k": (1, 1)})
    with pytest.raises(ValueError, match="whole numbers"):
        Case("fast", {}, 0, {"seed": Range(0.0, 1.5)})


def test_a_target_with_a_value_of_its_own_draws_none() -> None:
    case = Case("fast", {"n": 1, "m": 1}, 3, {"n": Range(1, 9), "m": Range(1, 9)})
    assert case.with_params({"n": 5}).drawn_names(Seeds.DECLARED) == ("m",)


def test_how_many_sets_of_values_may_be_drawn() -> None:
    case = Case("fast", {"n": 1, "k": "x"}, 3, {"n": Range(1, 9)}, {"k": ("x", "y")})
    assert case.drawn_count(Seeds.FIXED) == 1
    assert case.drawn_count(Seeds.DECLARED) == 18
    assert case.drawn_count(Seeds.FRESH) == 18 * 2**31
    real = Case("fast", {"x": 1.0}, None, {"x": Range(0.5, 2)})
    assert real.drawn_count(Seeds.DECLARED) == float("inf")
