"""Races of builds that have several layouts: luck of where code lies is neither gain nor loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.analysis import Race, RaceRules, Rank
from harness.analysis.racing import UNLIKE_LAYOUTS
from harness.testing import make_record, make_trial

LUCK = (1.05, 0.97, 1.06, 0.98, 1.06, 1.05, 0.97, 1.05)
"""Most layouts are faster than the reference, some are slower."""


def raced(gains: Sequence[float], layouts: bool = True) -> Race:
    """A race of one variant of which each layout has a speed-up of its own."""
    rng, blocks = np.random.default_rng(5), []
    race = Race(("new",), RaceRules("old"))
    for number in range(96):
        layout, block = number % len(gains), {}
        for name, gain in (("old", 1.0), ("new", gains[layout])):
            wall = round(1e8 * rng.normal(1, 0.002) / gain)
            trial = make_trial(wall_ns=wall, user_ns=wall, layout=layout if layouts else None)
            block[name] = [make_record(target=name, block=number, trial=trial)]
        blocks.append(block)
        if race(blocks) is not None:
            break
    return race


def test_luck_of_layouts_wins_no_race_though_every_block_counts():
    assert raced(LUCK, layouts=False).standings()[0].gains
    (found,) = raced(LUCK).standings()
    assert (found.rank, found.gains, found.why) == (Rank.NOT_TOLD_APART, False, UNLIKE_LAYOUTS)
    assert found.ratio.low < 1 < found.ratio.high


def test_luck_of_layouts_makes_no_variant_retire():
    losses = [1 / gain for gain in LUCK]
    assert raced(losses, layouts=False).left
    assert not raced(losses).left


def test_a_gain_that_all_layouts_have_wins():
    (found,) = raced((1.05, 1.06, 1.055, 1.045, 1.06, 1.05, 1.04, 1.05)).standings()
    assert (found.rank, found.gains) == (Rank.BEST, True)
