"""Variants asked in mixes, where the truth is known: who gains, and how seldom one that does not.

The noise is Student's with 3 degrees of freedom, and its scale that of a busy machine.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

from harness.analysis import Factorial, Halves, RaceRules

SETS = (("rows",), ("local", "once", "idle"), ("slow",), ("null",))
TRUTH = {"rows": 0.12, "local": 0.1, "once": 0.2, "idle": 0.0, "slow": -0.3, "null": 0.0}
RULES = RaceRules("p")


def asked(truth, *, seed, blocks, noise=0.06, until=None):
    """The factorial after some blocks, fewer where all is known, or that `until` gains."""
    made, chance, rng = Factorial(SETS, RULES), random.Random(seed), np.random.default_rng(seed)
    for _ in range(blocks):
        halves = made.halves(chance)
        effect = sum(sign * truth[name] for name, sign in halves.signs().items())
        made.take(halves, effect + noise * rng.standard_t(3))
        made.look()
        if not made.open or until in made.gaining:
            break
    return made


def test_a_block_asks_one_of_each_set_and_a_fair_coin_says_who_has_it():
    made, chance = Factorial(SETS, RULES), random.Random(1)
    drawn = [made.halves(chance) for _ in range(400)]
    for halves in drawn:
        assert set(halves.one).isdisjoint(halves.other)
        assert len(halves.signs()) == len(halves.asked) == len(SETS)
        assert all(len({*halves.asked} & {*names}) == 1 for names in SETS)
    ups = sum(halves.signs()["rows"] > 0 for halves in drawn)
    both = sum(h.signs()["rows"] == h.signs()["null"] for h in drawn)
    assert (ups, both) == (pytest.approx(200, abs=40), pytest.approx(200, abs=40))


def test_those_that_gain_are_found_in_few_blocks_and_the_others_leave():
    made = asked(TRUTH, seed=2, blocks=80)
    assert {"rows", "once"} <= set(made.gaining)
    assert not {"idle", "slow", "null"} & set(made.gaining)
    assert {"slow", "null"} <= set(made.left)
    assert made.middle("once") == pytest.approx(0.2, abs=0.06)
    assert made.interval("once").low > 0


def test_all_mixes_have_what_gains_and_its_alternatives_are_asked_in_its_place():
    made = asked({**TRUTH, "local": 0.0, "once": 0.5}, seed=3, blocks=60, until="once")
    assert "once" in made.gaining
    halves = made.halves(random.Random(1))
    (other,) = {"local", "idle"} & set(halves.asked)
    assert halves.asked[other] == "once"
    assert ("once" in halves.one) != ("once" in halves.other)
    assert made.blocks(other) == 0


def test_the_worse_of_two_alternatives_that_gain_is_behind():
    made = asked(dict.fromkeys(TRUTH, 0.0) | {"local": 0.3, "once": 0.6}, seed=4, blocks=120)
    assert "once" in made.gaining
    assert made.behind("once") == ""
    if "local" in made.gaining:
        assert made.behind("local") == "once"


def test_a_block_that_was_drawn_before_a_gain_was_known_asks_nothing_in_its_place():
    made = asked({**TRUTH, "local": 0.0, "once": 0.5}, seed=3, blocks=60, until="once")
    before = made.blocks("idle")
    made.take(Halves((), ("idle",), {"idle": ""}), 0.1)
    assert made.blocks("idle") == before


@pytest.mark.parametrize("count", [15, pytest.param(400, marks=pytest.mark.soak)])
def test_few_of_those_that_are_said_to_gain_do_not(count):
    """Nothing but noise, and one large effect that nobody knows of at first: at most 5 %."""
    nothing = dict.fromkeys(TRUTH, 0.0) | {"slow": -1.0}
    false = sum(bool(asked(nothing, seed=s, blocks=24).gaining) for s in range(count))
    assert false <= max(2, count // 20)


def test_what_seems_to_gain_is_the_best_of_each_set_and_nothing_that_is_slower():
    made = asked({**TRUTH, "rows": 0.3, "once": 0.4}, seed=5, blocks=4, noise=0.02)
    assert not made.gaining
    assert set(made.seeming) <= {"rows", "once", "local"}
    assert made.seeming == sorted(made.seeming, key=made.middle, reverse=True)


def test_whether_the_time_holds_an_answer_is_told_by_what_was_seen():
    made = asked(dict.fromkeys(TRUTH, 0.0) | {"rows": 0.02}, seed=6, blocks=16, noise=0.1)
    assert not made.holds(2)
    assert made.holds(10**6)


def test_one_that_is_no_candidate_is_asked_no_more():
    made = asked(TRUTH, seed=7, blocks=2)
    made.leave_out("rows", "wrong")
    assert "rows" not in made.halves(random.Random(1)).asked
    assert made.left["rows"] == "wrong"


def test_a_batch_asks_about_several_alternatives_before_any_of_its_blocks_has_run():
    made, chance = Factorial(SETS, RULES), random.Random(1)
    for name in made.open:
        made.take(Halves((), (name,), {name: ""}), 0.04 if name == "local" else 0.02)
    drawn = [made.halves(chance) for _ in range(12)]
    assert {name for halves in drawn for name in halves.asked} == set(TRUTH)


def test_a_variant_has_one_stake_however_many_questions_are_asked_about_it():
    """What it has lost it has no more when it is asked in another one's place, and what it has won
    is no head start there."""
    truth = dict.fromkeys(TRUTH, 0.0) | {"local": 0.4, "once": 0.8, "idle": -0.5}
    made = asked(truth, seed=3, blocks=80, until="once")
    assert "once" in made.gaining
    assert made.stake("idle") < 0.5
    assert made.stake("null") == 1.0
    assert all(made.stake(name) <= 1.0 for name in TRUTH)


def test_the_more_is_hoped_for_the_fewer_blocks_are_needed_also_where_few_have_run():
    made = asked(dict.fromkeys(TRUTH, 0.0) | {"once": 0.1}, seed=8, blocks=4, noise=0.02)
    assert made.blocks("once") < 12
    assert made.holds(24)
    assert not made.holds(1)


def test_what_is_asked_in_anothers_place_has_the_doubts_of_both():
    made = asked({**TRUTH, "local": 0.0, "once": 0.5}, seed=3, blocks=60, until="once")
    held, own = made.interval("once"), made.interval("idle")
    assert own.low <= held.low
    assert own.high >= held.high


def test_of_two_alternatives_that_are_known_at_once_the_better_one_is_held_with_its_figure():
    made = Factorial(SETS, RULES)
    for _ in range(14):
        for name, gain in (("local", 0.3), ("once", 0.6)):
            made.take(Halves((), (name,), {name: ""}), gain)
    made.look()
    assert list(made.gaining) == ["local", "once"]
    assert made.behind("local") == "once"
    assert made.middle("once") == pytest.approx(0.6, abs=0.05)
    assert made.blocks("once") == 14


def test_no_mix_has_two_that_were_separated_and_the_better_one_is_held():
    made, chance = asked(TRUTH, seed=3, blocks=60, noise=0.01), random.Random(2)
    assert {"rows", "once"} <= set(made.gaining)
    made.separate("rows", "once")
    made.left.pop("null", None)
    drawn = [made.halves(chance) for _ in range(20)]
    assert all(("rows" in mix) < ("once" in mix) for h in drawn for mix in (h.one, h.other))
    assert made.behind("rows") == "once"


def beside(made, blocks, gains, held=""):
    """Take in blocks that have one variant each beside nothing, or in another one's place."""
    for _ in range(blocks):
        for name, gain in gains.items():
            made.take(Halves((held,) if held else (), (name,), {name: held}), gain)
    made.look()


def test_what_lost_in_the_place_of_one_that_is_found_out_is_asked_anew_and_the_next_best_is_held():
    made = Factorial(SETS, RULES)
    beside(made, 14, {"local": 0.3, "once": 0.6})
    beside(made, 60, {"idle": -0.5}, "once")
    assert made.left["idle"].startswith("no gain")
    made.leave_out("once", "wrong")
    drawn = [made.halves(random.Random(seed)) for seed in range(8)]
    assert {h.asked["idle"] for h in drawn} == {"local"}
    assert all("local" in {*h.one, *h.other} for h in drawn)
    assert (made.blocks("idle"), "idle" in made.dull) == (0, False)
    made.leave_out("idle", "wrong")
    made.leave_out("local", "wrong")
    assert {"local", "once", "idle"} <= set(made.left)


def test_what_gained_upon_one_that_is_found_out_keeps_what_it_has_shown():
    made = Factorial(SETS, RULES)
    beside(made, 14, {"local": 0.3})
    beside(made, 14, {"once": 0.3}, "local")
    before = made.blocks("once"), made.middle("once")
    made.leave_out("local", "wrong")
    assert list(made.gaining) == ["once"]
    assert (made.blocks("once"), made.middle("once")) == before
    assert before[1] == pytest.approx(0.6, abs=0.05)


def test_what_was_drawn_and_never_ran_does_not_count_as_asked():
    made = Factorial((("a", "b"),), RULES)
    beside(made, 1, {"a": 0.1, "b": 0.09})
    first = [next(iter(h.asked)) for h in made.draw(12, random.Random(1))]
    again = [next(iter(h.asked)) for h in made.draw(12, random.Random(1))]
    assert first == again
    assert set(first) == {"a", "b"}


def test_those_of_which_neither_gains_yet_are_asked_one_at_a_time_once_separated():
    made, chance = Factorial(SETS, RULES), random.Random(4)
    made.separate("rows", "slow")
    drawn = [made.halves(chance) for _ in range(20)]
    assert {len({*h.asked} & {"rows", "slow"}) for h in drawn} == {1}
    assert {name for h in drawn for name in h.asked} == set(TRUTH)


def test_one_that_gains_and_is_found_out_is_in_no_further_mix():
    made, chance = asked(TRUTH, seed=3, blocks=400, noise=0.01, until="once"), random.Random(2)
    assert "once" in made.gaining
    made.leave_out("once", "wrong")
    drawn = [made.halves(chance) for _ in range(20)]
    assert not any("once" in mix for h in drawn for mix in (h.one, h.other))
    assert "once" not in made.gaining
    assert {h.asked.get("local", "") for h in drawn} == {""}
