"""What is said after a race in a campaign that found no candidate."""

import pytest

from harness.analysis import Rank, VariantStanding
from harness.analysis.race_rules import HOPELESS
from harness.cli.campaign.race_answers import longer_race, of_a_race
from harness.running.try_results import TryResult

SAID = {"flags": ("-O3 -g",), "target": None, "metric": "cpu"}


def found(rank, why=""):
    standing = VariantStanding("work@a b", rank, None, 9, why)
    return TryResult("work", "wall", (standing,), "the time is over", None, None)


@pytest.mark.parametrize("rank", [Rank.NOT_TOLD_APART, Rank.NO_GAIN])
def test_where_no_variant_is_a_candidate_every_way_to_go_on_is_named(rank):
    again = longer_race(("a b.patch",), SAID, 25 * 10**9)
    text = of_a_race(found(rank), again)
    assert "change the tree by hand, then harness bench --then auto" in text
    assert "other variants: harness try VARIANT..." in text
    longer = "may tell a b: harness try 'a b.patch' --flags '-O3 -g' --budget 100s --metric cpu"
    assert (longer in text) is (rank is Rank.NOT_TOLD_APART)


def test_no_longer_race_is_advised_for_what_gives_no_hope():
    why = f"on top of work@c: 0.98x, {HOPELESS} after 12 blocks"
    assert "longer" not in of_a_race(found(Rank.NOT_TOLD_APART, why), "harness try 'a b.patch'")


def test_a_race_without_a_budget_has_no_longer_one():
    assert longer_race(("a.patch",), SAID, None) == ""
