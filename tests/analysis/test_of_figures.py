"""Figures that are no times: zeros, negative and missing ones, equal and deterministic ones."""

from __future__ import annotations

import math
import pickle

import pytest

from harness.analysis import Span, TableRule, compare_cells, sequential_rule, weighing_rule
from harness.analysis.of_figures import BEYOND, NOTHING, as_costs
from harness.analysis.question import Question
from harness.model import Better, Metric, MetricInfo, Noise, Verdict
from harness.model.figures import figure_of

LESS, MORE = MetricInfo("f", "J", Better.LOWER), MetricInfo("f", "J/s", Better.HIGHER)
EXACT = MetricInfo("f", better=Better.LOWER, deterministic=True)
MISSING = math.nan


@pytest.fixture
def made(record):
    """Blocks of `a` and `b` with these figures; None: the trial has none."""

    def make(pairs):
        return [
            {
                name: [record(name, n, metrics={} if math.isnan(value) else {"f": value})]
                for name, value in zip("ab", pair, strict=True)
            }
            for n, pair in enumerate(pairs)
        ]

    return make


def judged(blocks, info, **question):
    asked = Question(Metric("f"), figure=info, **question)
    (comparison,) = compare_cells("a", ["b"], blocks, asked, "")
    return comparison


def test_a_name_is_always_the_same_metric():
    metric = Metric("instructions")
    assert metric is Metric("instructions")
    assert pickle.loads(pickle.dumps(metric)) is metric
    assert metric not in list(Metric)
    assert Metric("max_rss") is Metric.MEMORY
    with pytest.raises(ValueError, match="a b"):
        Metric("a b")


@pytest.mark.parametrize(
    ("pair", "info", "costs"),
    [
        ((100, 125), LESS, (100, 125)),
        ((100, 125), MORE, (125, 100)),
        ((-120, -118), MORE, (120, 118)),
        ((-120, -118), LESS, (118, 120)),
        ((0, 3), LESS, (3, 3 * BEYOND)),
        ((0, 3), MORE, (3 * BEYOND, 3)),
        ((-1, 1), LESS, (1, BEYOND)),
        ((MISSING, 1), LESS, NOTHING),
        ((MISSING, MISSING), LESS, NOTHING),
    ],
)
def test_two_figures_have_a_ratio_a_direction_or_nothing(pair, info, costs):
    assert as_costs(*pair, info) == costs


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0])
def test_equal_figures_have_ratio_one(value):
    before, now = as_costs(value, value, LESS)
    assert before == now > 0


def test_a_zero_within_the_step_of_the_counter_says_nothing():
    assert as_costs(0, 1, MetricInfo("f", better=Better.LOWER, resolution=1)) == NOTHING


@pytest.mark.parametrize(
    ("pair", "info", "verdict"),
    [
        ((100, 125), MORE, Verdict.FASTER),
        ((100, 125), LESS, Verdict.SLOWER),
        ((0, 0), LESS, Verdict.EQUIVALENT),
        ((0, 3), LESS, Verdict.SLOWER),
        ((3, 0), LESS, Verdict.FASTER),
        ((-120, -60), MORE, Verdict.FASTER),
        ((5, MISSING), LESS, Verdict.UNDECIDED),
        ((MISSING, MISSING), LESS, Verdict.UNDECIDED),
    ],
)
@pytest.mark.parametrize("noise", [None, Noise(), Noise(50, 0.02)])
def test_every_figure_is_judged_by_signs_and_weighed(made, pair, info, verdict, noise):
    comparison = judged(made([pair] * 30), info, noise=noise)
    assert comparison.verdict is verdict
    assert comparison.figure is info
    assert comparison.ratio.low <= comparison.ratio.point <= comparison.ratio.high


def test_a_ratio_to_zero_is_told_as_a_direction(made):
    comparison = judged(made([(0, 3)] * 12 + [(1, 3)] * 3), LESS)
    assert comparison.verdict is Verdict.SLOWER
    assert "12 of 15 blocks have a zero or two signs" in comparison.metric_because


@pytest.mark.parametrize("size", [1e-200, 1.9919506772874163, 1.7e308])
def test_a_direction_is_told_of_figures_of_any_size(made, size):
    for pair in ((0, size), (-size, 0), (-size, size)):
        comparison = judged(made([pair] * 12), LESS)
        assert comparison.verdict is Verdict.SLOWER, pair
        assert "12 of 12 blocks have a zero or two signs" in comparison.metric_because
        few = judged(made([pair] * 6), LESS)
        assert few.ratio.point < 1, pair


def test_what_is_missing_stays_in_and_says_nothing(made):
    """Whoever reports only where it does well would win if the other blocks were left out."""
    told = [(100.0, MISSING)] * 60 + [(100.0, 90.0)] * 8
    comparison = judged(made(told), LESS)
    assert comparison.verdict is Verdict.UNDECIDED
    assert "b does not report it in 60 of 68 blocks" in comparison.metric_because


def test_a_deterministic_figure_is_known_after_two_blocks_that_agree(made):
    same, less = made([(1000.0, 1000.0)] * 2), made([(1000.0, 900.0)] * 2)
    assert judged(same, EXACT).verdict is Verdict.EQUIVALENT
    comparison = judged(less, EXACT)
    assert comparison.verdict is Verdict.FASTER
    assert comparison.ratio.low == comparison.ratio.high == pytest.approx(1000 / 900)
    assert judged(same, LESS).verdict is Verdict.UNDECIDED
    assert judged(made([(1000.0, 900.0)]), EXACT).verdict is Verdict.UNDECIDED
    assert judged(made([(1000.0, 900.0), (1000.0, 901.0)]), EXACT).verdict is Verdict.UNDECIDED


def rules(question):
    yield sequential_rule("a", question, None)
    weighed = Question(question.metric, noise=Noise(), figure=question.figure)
    yield weighing_rule(("a", "b"), weighed, Span())
    yield TableRule(["a", "b"], weighed, Span(), ranked=True)


def test_a_run_ends_when_a_side_never_has_the_figure(made):
    blocks = made([(5.0, MISSING)] * 4)
    for rule in rules(Question(Metric("f"), figure=LESS)):
        ended = [rule(blocks[: n + 1]) for n in range(4)]
        assert ended[-1] == "f decides nothing: b does not report it"


def test_a_run_ends_when_a_deterministic_figure_is_known(made):
    rule = sequential_rule("a", Question(Metric("f"), figure=EXACT), None)
    blocks = made([(5.0, 5.0)] * 2)
    assert rule(blocks[:1]) is None
    assert rule(blocks) == "the verdict is sure"


def test_faults_and_switches_are_figures_of_every_trial(record):
    trial = record(minor_faults=3, major_faults=4, voluntary_switches=5, metrics={"own": 6}).trial
    assert figure_of(trial, "page_faults") == 7
    assert figure_of(trial, "voluntary_switches") == 5
    assert figure_of(trial, "user") == trial.user_ns
    assert figure_of(trial, "own") == 6
    assert math.isnan(figure_of(trial, "else"))
