"""Verdicts over several stored runs that may differ."""

from dataclasses import replace

import pytest

from harness.analysis import Machine, Question, compare_settings
from harness.model import Metric, Verdict
from tests.analysis.by_rows import Stored, parts_of

HERE = Machine("a kind of machine", "here")


@pytest.fixture
def judged(blocks):
    """What the runs say together in which the candidate is faster by these ratios."""

    def of(ratios, count=40, **asked):
        stored = []
        for number, ratio in enumerate(ratios):
            for block in blocks(number + 1, ratio, count):
                for records in block.values():
                    began = 10**12 * number + records[0].started_at_ns
                    item = replace(records[0], run_id=f"run {number}", started_at_ns=began)
                    stored.append(Stored(HERE, "n=1", item))
        asked = {"metric": Metric.WALL, **asked}
        (found,) = compare_settings("a", "b", parts_of(stored), Question(**asked))
        return found

    return of


def test_runs_that_agree_are_one_long_run(judged):
    found = judged([1.1, 1.1, 1.1])
    assert not found.runs_differ
    assert found.comparison.verdict is Verdict.FASTER
    assert len(found.by_run) == 3
    assert "differ by more than chance" not in found.comparison.metric_because
    together = judged([1.1], 120)
    assert together.by_run == ()
    assert found.comparison.ratio.high - found.comparison.ratio.low < 0.03


def test_runs_that_differ_do_not_narrow_past_it(judged):
    found = judged([1.31, 1.08, 1.11])
    c = found.comparison
    assert found.runs_differ
    assert c.verdict is Verdict.UNDECIDED
    assert c.ratio.low < 1 < 1.31 < c.ratio.high
    assert "3 runs differ by more than chance: 1.3" in c.metric_because
    assert "x; the interval is over runs" in c.metric_because
    # More blocks of the same runs would not do: none are asked for.
    assert c.blocks_needed is None
    again = judged([1.31, 1.08, 1.11], 400).comparison
    assert again.ratio.high - again.ratio.low > 0.8 * (c.ratio.high - c.ratio.low)


def test_runs_that_differ_and_all_say_the_same_loud_enough_decide(judged):
    found = judged([2.0, 2.1, 2.2, 2.05, 2.15, 2.1, 2.02])
    assert found.runs_differ
    assert found.comparison.verdict is Verdict.FASTER
    assert 1.8 < found.comparison.ratio.low < 2.0
    assert "7 runs differ by more than chance: 1.9" in found.comparison.metric_because
    assert "x to 2.2" in found.comparison.metric_because


def test_the_interval_over_runs_is_never_the_narrower_one(judged):
    ratios = [1.05, 1.06, 1.05, 1.06, 1.05, 1.06]
    c = judged(ratios, 60).comparison
    alone = [judged([ratio], 60).comparison.ratio for ratio in ratios[:2]]
    assert c.evidence[Metric.WALL] == c.ratio
    assert c.ratio.low <= max(one.point for one in alone)
    assert c.ratio.high >= min(one.point for one in alone)
