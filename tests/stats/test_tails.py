"""The mean and the tails that a gain is held against."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from harness.model import Verdict
from harness.stats.mean_ratio import MeanCosts
from harness.stats.quantile_ratio import quantile_ranks, quantile_ratio
from harness.stats.tails import CostFinding, Costs, held_back


def sides(blocks, gain=1.02, rare=0.0, times=10.0, noise=0.005, seed=1):
    """Costs of a reference and of a candidate that gains, but for rare runs of many times."""
    rng = np.random.default_rng(seed)
    reference, candidate = np.exp(noise * rng.standard_normal((2, blocks)))
    return reference, candidate / gain * np.where(rng.random(blocks) < rare, times, 1.0)


def costs(*args, **kwargs):
    return Costs.of(sides(*args, **kwargs), 0.95, 0.01)


class TestTheMean:
    def test_is_never_bounded_without_blocks(self):
        assert MeanCosts.of(np.ones(1), np.ones(1)).interval(0.95) == (-math.inf, math.inf)
        assert not Costs.of(([], []), 0.95, 0.01).estimates()

    def test_finds_the_ratio_of_means_of_many_blocks(self):
        low, high = costs(3000, gain=1.2).mean.interval(0.95)
        assert low < math.log(1.2) < high < low + 0.05

    def test_of_a_program_with_rare_slow_runs_is_shown_to_be_worse(self):
        mixed = costs(600, rare=0.05)
        assert mixed.worse[0] == "mean"
        assert mixed.estimates()["mean"].high < 1
        assert mixed.held is CostFinding.WORSE

    def test_is_turned_when_the_sides_are(self):
        one, other = sides(200, rare=0.05)
        first, second = MeanCosts.of(one, other), MeanCosts.of(other, one)
        assert first.point() == pytest.approx(-second.point(), abs=1e-9)
        assert first.interval(0.95) == pytest.approx(tuple(-e for e in second.interval(0.95)[::-1]))

    def test_does_not_hang_on_what_a_run_costs(self):
        one, other = sides(100, rare=0.05)
        usual = MeanCosts.of(one, other).interval(0.95)
        assert MeanCosts.of(one * 1e9, other * 1e9).interval(0.95) == pytest.approx(usual)

    @pytest.mark.parametrize("law", ["normal", "pareto"])
    def test_is_called_worse_by_chance_in_few_runs_though_looked_at_after_every_block(self, law):
        rng, wrong = np.random.default_rng(5), 0
        for _ in range(60):
            draw = rng.pareto(1.1, (2, 80)) + 1 if law == "pareto" else rng.normal(1, 0.1, (2, 80))
            wrong += any(
                Costs.of((draw[0][:n], draw[1][:n]), 0.95, 0.01).held is CostFinding.WORSE
                for n in range(16, 81, 16)
            )
        assert wrong <= 3  # of 60, at 5 %; benchmarks/mixtures.py counts many more


class TestQuantiles:
    def test_have_an_upper_end_once_the_blocks_suffice(self):
        firsts = [
            next(n for n in range(1, 600) if quantile_ranks(n, p, 0.025)[1] < n)
            for p in (0.90, 0.95, 0.99)
        ]
        assert firsts == [54, 96, 405]

    def test_hold_at_one_look_more_often_than_they_say(self):
        low, high = quantile_ranks(500, 0.95, 0.025)
        # The quantile lies outside where fewer than low + 1, or more than high, lie below it.
        outside = binom.cdf(low, 500, 0.95) + binom.sf(high, 500, 0.95)
        assert outside < 0.025

    def test_of_ties_are_sure_of_nothing_but_the_tie(self):
        tie = np.ones(200)
        assert quantile_ratio((tie, tie), 0.95, 0.95) == (0.0, 0.0, 0.0)

    def test_show_a_longer_tail(self):
        found = costs(400, rare=0.2, times=3.0)
        assert found.estimates()["p95"].high < 0.5
        assert "p95" in found.worse


class TestWhatIsHeldBack:
    def test_a_gain_of_all_runs_is_not(self):
        assert costs(8).held is CostFinding.NOTHING
        assert costs(59).held is CostFinding.NOTHING

    def test_one_slow_run_of_eight_is_a_doubt(self):
        reference, candidate = sides(8)
        candidate[5] *= 10
        assert Costs.of((reference, candidate), 0.95, 0.01).held is CostFinding.DOUBTED

    @pytest.mark.parametrize(
        ("held", "of_faster"),
        [
            (CostFinding.NOTHING, Verdict.FASTER),
            (CostFinding.DOUBTED, Verdict.UNDECIDED),
            (CostFinding.WORSE, Verdict.MIXED),
        ],
    )
    def test_a_loss_stays_a_loss(self, held, of_faster):
        assert held_back(Verdict.FASTER, held) is of_faster
        assert held_back(Verdict.SLOWER, held) is Verdict.SLOWER

    def test_what_is_needed_grows_with_what_is_open(self):
        reference, candidate = sides(20)
        candidate[5] *= 10
        assert Costs.of((reference, candidate), 0.95, 0.01).needed() >= 40
