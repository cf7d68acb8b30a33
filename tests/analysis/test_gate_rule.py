"""A gate's rule: who is known leaves the blocks, who cannot be known does too, and who is wrong."""

from __future__ import annotations

import math

import pytest

from harness.analysis import GateRule, Judge, Question, Span, compare_cells
from harness.analysis.gate_rule import ALONE_BLOCKS, HOPE, OUT_OF_REACH
from harness.analysis.kept import KeptBlocks
from harness.analysis.stop_rules import ALL_SURE
from harness.model import Metric
from harness.model.noise import FEWEST, Noise
from harness.running.gate_results import GateStatus, status_of

QUESTION = Question(Metric.WALL, 0.97, 0.05, noise=Noise(10, 0.02))


def followed(rule, blocks):
    """The reason for which the rule ends, and after how many blocks."""
    seen = []
    for block in blocks:
        seen.append({name: each for name, each in block.items() if name not in rule.left})
        reason = rule(seen)
        if reason is not None:
            return reason, len(seen)
    return None, len(seen)


def named(blocks, *names):
    """The same blocks under other names."""
    return [dict(zip(names, block.values(), strict=True)) for block in blocks]


@pytest.mark.parametrize("ratio", [2.0, 0.5])
def test_a_large_change_is_known_after_the_fewest_blocks(blocks, ratio):
    rule = GateRule([("a", "b")], QUESTION, Span(), {})
    assert followed(rule, blocks(3, ratio)) == (ALL_SURE, FEWEST)


REFUSED_BUT_NO_INTERVAL = [
    *(-757, -467, -132, 961, -161, -297, -363, -523, 527, -484, 354, -567, 285, -150, -229),
    *(-1270, 224, -728, -331, -705, -731, 196, -261, -155, -363, -227, -167, -290, -626, -1015),
]
"""Log-ratios of a program that is 3 % slower, in ten-thousandths, beside busy neighbours: 1 % less
is refused after the last one, and no difference at all is not yet."""


def test_the_rule_and_the_answer_of_a_gate_are_never_at_odds(record):
    question = Question(Metric.CPU, noise=Noise())
    rule, kept = GateRule([("a", "b")], question, Span(), {}), KeptBlocks()
    for number, ratio in enumerate(REFUSED_BUT_NO_INTERVAL):
        times = {"a": 100_000_000, "b": round(100_000_000 * math.exp(-ratio / 10_000))}
        kept.append({name: [record(name, number, wall_ns=ns)] for name, ns in times.items()})
        reason = rule(kept)
    (found,) = compare_cells("a", ["b"], kept, question, "")
    assert (reason, status_of(found)) == (None, GateStatus.UNDECIDED)
    judge = Judge("a", "b", question)
    judge.read(kept)
    assert judge.weighed.evidence.slower(-math.log1p(0.01)) > -math.log(0.025)


def test_one_that_is_known_leaves_and_the_other_goes_on(blocks):
    count = 400
    quick = named(blocks(3, 2.0, count), "a", "b")
    slow = named(blocks(4, 1 / 1.08, count), "c", "d")
    rule = GateRule([("a", "b"), ("c", "d")], QUESTION, Span(), {})
    both = [one | other for one, other in zip(quick, slow, strict=True)]
    assert [rule(both[:n]) for n in range(1, FEWEST + 1)][-1] is None
    assert set(rule.left) == {"a", "b"}
    reason, taken = followed(rule, both)
    assert reason == ALL_SURE
    assert taken > FEWEST


def test_slower_within_the_threshold_goes_on_until_that_is_known(blocks):
    rule = GateRule([("a", "b")], QUESTION, Span(), {})
    reason, taken = followed(rule, blocks(5, 1 / 1.02, 2000, scatter=0.01))
    assert (reason, taken > FEWEST) == (ALL_SURE, True)


def test_what_the_budget_will_not_decide_leaves(blocks):
    rule = GateRule([("a", "b")], QUESTION, Span(budget_ns=40 * 50_000_000), {})
    reason, taken = followed(rule, blocks(5, 1 / math.exp(math.log1p(0.05)), 400, scatter=0.2))
    assert reason == OUT_OF_REACH
    assert taken < 400
    assert rule.needed_ns(("a", "b")) > 40 * 50_000_000


def test_a_pair_stays_while_all_that_is_left_of_the_budget_would_decide_it(record):
    # Others take turns with it, so that 24 of its blocks fit by the pace so far; they may leave.
    apart_ns, bound = 500_000_000, math.log1p(0.05)
    rule, kept = GateRule([("a", "b")], QUESTION, Span(budget_ns=24 * apart_ns), {}), KeptBlocks()
    for number in range(20):
        ratio = -bound + (-1) ** number * (0.1, 0.1, 0.2, 0.2, 0.4, 0.4)[number % 6]
        times = {"a": 20_000_000, "b": round(20_000_000 / math.exp(ratio))}
        begun = number * apart_ns
        kept.append({n: [record(n, number, ns, started_at_ns=begun)] for n, ns in times.items()})
        assert rule(kept) is None
    judge = Judge("a", "b", QUESTION)
    judge.read(kept)
    assert judge.weighed.needed_past(-bound, errors=HOPE) > 24


def test_the_most_blocks_are_kept_to(blocks):
    rule = GateRule([("a", "b")], QUESTION, Span(max_blocks=2), {})
    assert followed(rule, blocks(3, 2.0)) == ("2 blocks were the most allowed", 2)


def test_one_alone_is_shown_for_a_few_blocks(blocks):
    alone = [{"a": block["a"]} for block in blocks(3, 1.0, 40)]
    assert followed(GateRule([], QUESTION, Span(), {}), alone) == (ALL_SURE, ALONE_BLOCKS)


def test_a_pair_of_which_one_fails_leaves(blocks):
    rule = GateRule([("a", "b")], QUESTION, Span(), {})
    found = list(blocks(3, 1.0, 2))
    reason, taken = followed(rule, [found[0], {"a": found[1]["a"]}])
    assert (reason, taken) == ("a or b does not run any more", 2)


@pytest.mark.parametrize("seed", range(8))
def test_two_alike_are_hardly_ever_called_slower(blocks, seed):
    kept = KeptBlocks()
    judge = Judge("a", "b", QUESTION)
    for block in blocks(seed, 1.0, 60):
        kept.append(block)
        judge.read(kept)
    (found,) = compare_cells("a", ["b"], kept, QUESTION, "enough")
    assert found.ratio.high >= 1 / 1.05
