"""The point of a gain is that of blocks that had no part in calling it one."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis import Judge, Question, Span, compare_cells, weighing_rule
from harness.analysis.confirming import FEWEST_FRESH, Fresh, confirmed_at
from harness.analysis.stop_rules import SURE, sequential_rule
from harness.model import Metric, Verdict
from harness.model.noise import FEWEST, Noise
from harness.stats.paired import RatioInterval
from harness.stats.ratios import log_ratios

ASKED = Question(Metric.WALL, 0.95, 0.01, noise=Noise(20, 0.02), early=False, tails=False)
CONFIRMED = replace(ASKED, confirm=True)


def ended(blocks, question, most=1000):
    """A run that goes on until its rule ends it: why, and its blocks."""
    rule, seen = weighing_rule(("a", "b"), question, Span(max_blocks=most)), []
    for block in blocks:
        seen.append(block)
        reason = rule(seen)
        if reason is not None:
            return reason, seen
    raise AssertionError("it did not end")


def told(blocks, question):
    return compare_cells("a", ["b"], blocks, question, "the end")[0]


def test_an_obvious_gain_is_not_measured_afresh(blocks):
    reason, seen = ended(blocks(3, 2.0), CONFIRMED)
    assert (reason, len(seen)) == (SURE, FEWEST)
    assert told(seen, CONFIRMED).fresh_blocks == 0


def test_a_gain_is_measured_on_once_it_is_sure(blocks):
    _, few = ended(blocks(3, 1.3), ASKED)
    reason, all_of_them = ended(blocks(3, 1.3), CONFIRMED)
    assert (reason, len(few), len(all_of_them)) == (SURE, FEWEST, confirmed_at(FEWEST))
    found = told(all_of_them, CONFIRMED)
    fresh = [
        math.log(b["a"][0].trial.wall_ns / b["b"][0].trial.wall_ns) for b in all_of_them[FEWEST:]
    ]
    assert found.verdict is Verdict.FASTER
    assert found.fresh_blocks == len(fresh) == FEWEST_FRESH
    assert math.log(found.ratio.point) == pytest.approx(np.median(fresh))
    assert found.ratio.low <= found.ratio.point <= found.ratio.high


def test_what_is_no_gain_ends_as_soon_as_before(blocks):
    for ratio in (1 / 1.3, 1.0):
        ends = [ended(blocks(3, ratio, scatter=0.003), asked) for asked in (ASKED, CONFIRMED)]
        assert len(ends[0][1]) == len(ends[1][1])
        assert told(ends[1][1], CONFIRMED).fresh_blocks == 0


def test_blocks_whose_number_was_fixed_are_fresh_already(blocks):
    fixed = replace(CONFIRMED, fewest=12)
    reason, seen = ended(blocks(3, 1.3), fixed)
    assert (reason, len(seen)) == (SURE, 12)
    assert told(seen, fixed) == told(seen, replace(ASKED, fewest=12))


def test_where_the_budget_ends_first_the_point_is_that_of_all_blocks(blocks):
    reason, seen = ended(blocks(3, 1.3), CONFIRMED, FEWEST + 2)
    assert reason != SURE
    assert told(seen, CONFIRMED) == told(seen, ASKED)


def test_a_run_gives_again_what_was_said_of_it_block_by_block(blocks):
    _, seen = ended(blocks(7, 1.04), CONFIRMED)
    judge = Judge("a", "b", CONFIRMED)
    for number in range(len(seen)):
        judge.read(seen[: number + 1])
    assert judge.judged(seen).fresh == judge.fresh
    assert math.log(told(seen, CONFIRMED).ratio.point) == pytest.approx(judge.interval.point)


@pytest.mark.parametrize("sure_at", range(1, 40))
def test_the_fresh_blocks_are_an_odd_number_and_no_fewer_than_it_took(sure_at):
    fresh = confirmed_at(sure_at) - sure_at
    assert fresh % 2 == 1
    assert max(FEWEST_FRESH, sure_at) <= fresh <= max(FEWEST_FRESH, sure_at + 1)


def test_a_point_stays_within_its_interval():
    ratios = log_ratios([9.0] * 9, [3.0] * 9, 1e-9)
    fresh = Fresh.of(ratios, 4)
    assert fresh.blocks == 5
    assert fresh.told(RatioInterval(0.1, 0.05, 0.2)).point == 0.2
    assert Fresh.of(ratios, 5).told(RatioInterval(0.1, 0.05, 0.2)).point == 0.1


@pytest.mark.parametrize("gain", [0.01, 0.02, 0.05])
def test_the_point_of_a_gain_does_not_flatter(blocks, gain):
    """Where few looks find a gain, the middle of their blocks is far above it; the new one is not.

    `python benchmarks/estimates.py` is the long form.
    """
    asked = replace(CONFIRMED, noise=Noise(20, gain), threshold=gain / 2)
    before, after = [], []
    for seed in range(100):
        judge = Judge("a", "b", asked)
        seen = list(blocks(seed + round(1e4 * gain), 1 + gain, 40, scatter=gain))
        for number in range(19):  # in time for as many fresh ones
            judge.read(seen[: number + 1])
            if judge.to_confirm:
                before.append(judge.weighed.middle)
                judge.read(seen[: confirmed_at(number + 1)])
                after.append(judge.interval.point)
                break
    flattering, fresh = (np.exp(points) - 1 for points in (before, after))
    assert 15 <= len(after) <= 50
    assert np.median(flattering) > 1.1 * gain
    assert abs(np.median(fresh) - gain) < np.median(flattering) - gain
    assert np.mean(flattering > gain) >= 0.65
    assert 0.25 <= np.mean(fresh > gain) <= 0.7


BY_SIGNS = Question(Metric.WALL, 0.95, 0.01, tails=False)


def compared(blocks, question, most=1000):
    """A run of `compare` that goes on until its rule ends it: why, and its blocks."""
    rule, seen = sequential_rule("a", question, most), []
    for block in blocks:
        seen.append(block)
        reason = rule(seen)
        if reason is not None:
            return reason, seen
    raise AssertionError("it did not end")


def test_the_point_of_a_comparison_is_of_the_blocks_after_it_was_sure(blocks):
    _, seen = compared(blocks(3, 1.1), BY_SIGNS)
    further = [*itertools.islice(blocks(3, 1.1), 40)]
    assert told(seen, BY_SIGNS).fresh_blocks == 0
    found = told(further, BY_SIGNS)
    assert found.fresh_blocks == 40 - len(seen)
    fresh = [math.log(b["a"][0].trial.wall_ns / b["b"][0].trial.wall_ns) for b in further]
    assert math.log(found.ratio.point) == pytest.approx(np.median(fresh[len(seen) :]))
    assert told(further, replace(BY_SIGNS, late=False)).fresh_blocks == 0


def test_a_comparison_that_is_to_confirm_goes_on_for_as_many_blocks_again(blocks):
    asked = replace(BY_SIGNS, confirm=True)
    _, few = compared(blocks(3, 1.1), BY_SIGNS)
    reason, seen = compared(blocks(3, 1.1), asked)
    assert (reason, len(seen)) == (SURE, confirmed_at(len(few)))
    assert told(seen, asked).fresh_blocks == len(seen) - len(few)


def test_a_comparison_that_is_no_gain_has_the_point_of_all_blocks(blocks):
    for ratio in (1 / 1.3, 1.0, 1.6):
        seen = [*itertools.islice(blocks(3, ratio, scatter=0.003), 40)]
        assert told(seen, BY_SIGNS).fresh_blocks == 0
