"""Trials that failed or were never steady: counted by side, and held against a verdict."""

from __future__ import annotations

import pytest

from harness.analysis import compare_cells, sequential_rule, with_guards
from harness.analysis.question import Question
from harness.model import Metric, Mode, Noise, TrialStatus, Verdict
from harness.model.guards import GuardState, guards_in

FAILED = TrialStatus.FAILED


@pytest.fixture
def made(record):
    """Blocks in which b is twice as fast; the first ones of either side failed."""

    def make(count, of_a=0, of_b=0):
        def one(name, n, failed):
            wall_ns = (20_000_003 if name == "a" else 10_000_019) + 11 * n
            return record(name, n, wall_ns, **({"status": FAILED} if n < failed else {}))

        return [{"a": [one("a", n, of_a)], "b": [one("b", n, of_b)]} for n in range(count)]

    return make


def found(blocks, noise=None):
    question = Question(Metric.WALL, noise=noise)
    (comparison,) = compare_cells("a", ["b"], blocks, question, "")
    return comparison


@pytest.mark.parametrize("noise", [None, Noise()])
def test_a_verdict_stands_where_what_was_lost_could_not_have_changed_it(made, noise):
    few, many = found(made(12, of_b=4), noise), found(made(40, of_b=4), noise)
    assert (few.verdict, few.lost) == (Verdict.UNDECIDED, (0, 4))
    assert (many.verdict, many.lost) == (Verdict.FASTER, (0, 4))
    assert few.ratio.low > 1, "the blocks that are left say more than all of them would"
    assert "0 of a, 4 of b; at worst the ratio lies in [0, inf]" in few.metric_because
    assert few.blocks_needed is None


def test_sides_that_lost_as_much_are_told_and_decide(made):
    blocks = made(14, of_b=3)
    for block in blocks[3:6]:
        block["a"] = made(1, of_a=1)[0]["a"]
    comparison = found(blocks)
    assert (comparison.verdict, comparison.lost) == (Verdict.FASTER, (3, 3))
    assert "since a trial failed or was never steady: 3 of a, 3 of b" in comparison.metric_because


def test_a_run_goes_on_until_what_was_lost_does_not_matter(made):
    rule = sequential_rule("a", Question(Metric.WALL), None)
    blocks = made(60, of_b=3)
    stopped = next(n for n in range(1, 61) if rule(blocks[:n]) is not None)
    whole = sequential_rule("a", Question(Metric.WALL), None)
    assert stopped > next(n for n in range(1, 61) if whole(made(n)) is not None) + 3


def test_a_trial_that_never_settles_is_lost_too(made, record):
    blocks = made(12)
    for n in range(3):
        blocks[n]["b"] = [record("b", n, mode=Mode.STEADY)]
    assert found(blocks).lost == (0, 3)


def test_who_has_left_the_blocks_has_lost_nothing(made):
    blocks = [*made(12), *({"a": block["a"]} for block in made(30))]
    assert found(blocks).lost == (0, 0)


def test_a_guard_is_open_where_one_side_lost_more(made):
    question = Question(Metric.WALL, guards=guards_in(["memory=5%", "memory=1MiB"][:1], "g"))
    for failed, state in ((0, GuardState.KEPT), (4, GuardState.OPEN)):
        blocks = made(14, of_b=failed)
        comparison = with_guards(found(blocks), blocks, question, ())
        assert [guard.state for guard in comparison.guards] == [state]
    assert "lost more blocks" in comparison.guards[0].because
