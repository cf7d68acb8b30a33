"""Which of many variants gain, where the truth is known: all that do, and few that do not."""

from __future__ import annotations

import pytest

from harness.analysis import Factorial, GainSearch, RaceRules, Rank, Screen, screening
from harness.analysis.screening import (
    EACH_KNOWN,
    HOLDS_FEW,
    MUCH_GAINED,
    NONE_AFTER_ALL,
    TIME_IS_OVER,
)

from .test_racing import NULLS, raced

ALL = RaceRules("p", finding=GainSearch())


def test_each_that_gains_is_found_and_leaves_the_blocks():
    ratios = {"good": 1.1, "better": 1.2, "slow": 0.7, **NULLS}
    screen = Screen(tuple(ratios), ALL)
    reason, _ = raced(screen, ratios, seed=1)
    assert reason == EACH_KNOWN
    assert set(screen.gaining) == {"good", "better"}
    ranks = {s.name: (s.rank, s.gains) for s in screen.standings()}
    assert screen.standings()[0].name == "better"
    assert ranks["better"][1]
    assert ranks["good"][1]
    assert ranks["slow"] == (Rank.NO_GAIN, False)


def test_a_large_gain_ends_it_and_the_small_ones_are_open():
    ratios = {"ten": 10.0, "small": 1.02, "half": 0.5}
    screen = Screen(tuple(ratios), ALL)
    reason, blocks = raced(screen, ratios, seed=2)
    assert (reason, len(blocks)) == (MUCH_GAINED, 6)
    assert list(screen.gaining) == ["ten"]
    found = {s.name: (s.blocks, screen.hopeful(s)) for s in screen.standings()}
    assert found == {"ten": (6, False), "small": (1, True), "half": (1, True)}


def test_where_the_gain_is_not_postponed_all_run_on():
    ratios = {"ten": 10.0, "small": 1.02, "half": 0.5}
    rules = RaceRules("p", finding=GainSearch(postpones=False))
    screen = Screen(tuple(ratios), rules)
    _, blocks = raced(screen, ratios, seed=2)
    assert {s.blocks for s in screen.standings()} == {len(blocks)} == {4}


def test_a_long_first_run_tells_who_gains_much_before_any_block():
    """All but the reference ran two at once there, so that the middle one tells what is usual."""
    ratios = {"ten": 10.0, "small": 1.02, "null": 1.0, "half": 0.5}
    screen = Screen(tuple(ratios), ALL)
    screen.see_first_runs({"p": 1.0, "ten": 0.2, "small": 2.0, "null": 2.0, "half": 4.0})
    assert set(screen.left) == {"small", "null", "half"}
    reason, blocks = raced(screen, ratios, seed=2)
    assert (reason, list(screen.gaining)) == (MUCH_GAINED, ["ten"])
    found = {s.name: (s.rank, s.blocks, screen.hopeful(s)) for s in screen.standings({"half"})}
    later = (Rank.BEHIND, 0, True)
    assert found == {"ten": (Rank.BEST, len(blocks), False), "small": later, "null": later}
    without = {s.name: s.rank for s in screen.standings({"ten", "half"})}
    assert without == dict.fromkeys(("small", "null"), Rank.NOT_TOLD_APART)


def test_where_who_seemed_to_gain_much_does_not_the_first_block_ends_it():
    ratios = {"lucky": 1.0, "null": 1.0, "ten": 10.0}
    screen = Screen(tuple(ratios), ALL)
    screen.see_first_runs({"p": 1.0, "lucky": 0.5, "null": 1.0, "ten": 1.0})
    reason, blocks = raced(screen, ratios, seed=3)
    assert (reason, len(blocks), set(screen.postponed)) == (NONE_AFTER_ALL, 1, {"null", "ten"})
    assert not screen.gaining


@pytest.mark.parametrize("others_ns", [1.0, 1.5])
def test_first_runs_of_which_none_is_far_ahead_postpone_nothing(others_ns):
    screen = Screen(("a", "b", "c"), ALL)
    screen.see_first_runs({"p": 1.0, "a": others_ns, "b": others_ns, "c": others_ns / 1.5})
    assert not screen.left


def test_who_is_said_to_be_no_gain_has_an_interval_that_says_the_same():
    ratios = {"none": 0.995, "worse": 0.97, "half": 0.5, **NULLS}
    screen = Screen(tuple(ratios), ALL)
    raced(screen, ratios, seed=8)
    lost = [s for s in screen.standings() if s.rank is Rank.NO_GAIN]
    assert "half" in {s.name for s in lost}
    assert all(s.ratio.high <= 1 + ALL.threshold for s in lost)


def test_no_block_begins_after_its_time_once_a_gain_can_be_told():
    ratios = {"small": 1.005, "null": 1.0}
    screen = Screen(tuple(ratios), RaceRules("p", finding=GainSearch(within_ns=0)))
    reason, blocks = raced(screen, ratios, seed=5)
    assert (reason, len(blocks)) == (TIME_IS_OVER, 4)


def test_one_of_which_no_gain_is_seen_is_not_raced_on():
    ratios = {"null": 1.0, "small": 1.02}
    screen = Screen(tuple(ratios), ALL)
    raced(screen, ratios, seed=4)
    (null,) = [s for s in screen.standings() if s.name == "null"]
    assert (null.rank in (Rank.NOT_TOLD_APART, Rank.NO_GAIN), null.gains) == (True, False)
    assert not screen.hopeful(null)


@pytest.mark.parametrize("races", [6, pytest.param(200, marks=pytest.mark.soak)])
def test_few_of_those_that_are_said_to_gain_do_not(races):
    """At most 5 % of those found, of heavy noise that was never seen before."""
    found = false = 0
    for seed in range(races):
        ratios = {"good": 1.08, "better": 1.12, **NULLS}
        screen = Screen(tuple(ratios), ALL)
        raced(screen, ratios, seed, most=40)
        found += len(screen.gaining)
        false += len(set(screen.gaining) & set(NULLS))
    assert found >= races
    assert false <= max(1, found // 20)


def test_a_gain_that_noise_hides_for_a_while_is_raced_on():
    """Its middle lies below 1 % at first: of twenty, six were left after twelve blocks for that."""
    for seed in range(20):
        screen = Screen(("small",), ALL)
        raced(screen, {"small": 1.016}, seed)
        assert "small" in screen.gaining


def test_what_gives_no_hope_of_a_gain_leaves_soon():
    for seed in range(20):
        screen = Screen(("null",), ALL)
        _, blocks = raced(screen, {"null": 1.0}, seed)
        assert "null" in screen.dull
        assert len(blocks) < 100


def test_what_no_mix_had_says_that_it_was_not_asked():
    screen = Screen(("a", "b", "-O3"), ALL)
    raced(screen, {"a": 1.1, "b": 1.0, "-O3": 1.0}, seed=1, most=1)
    screen.take_mixed(Factorial([["a"], ["b"]], ALL))
    whys = {s.name: s.why for s in screen.standings()}
    assert "no mix had it" in whys["-O3"]
    assert "no mix" not in whys["a"]


@pytest.mark.parametrize(("making_ns", "asked"), [(0.0, HOLDS_FEW), (1e9, TIME_IS_OVER)])
def test_mixes_are_asked_where_they_take_less_than_a_block(monkeypatch, making_ns, asked):
    monkeypatch.setattr(screening, "MAKING_NS", making_ns)
    ratios = {f"small {n}": 1.01 for n in range(6)}
    finding = GainSearch(within_ns=1.0, mixes=lambda: True)
    screen = Screen(tuple(ratios), RaceRules("p", finding=finding))
    reason, _ = raced(screen, ratios, seed=3)
    assert reason == asked
