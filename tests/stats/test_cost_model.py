"""How times grow: known curves come back, and intervals are honest for few points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.stats.cost_model import fit_model, log_log_slope

NS = [1e3, 2e3, 4e3, 8e3, 16e3, 32e3]


def test_a_power_has_its_exponent_as_slope():
    slope = log_log_slope(NS, [5 * n**1.5 for n in NS], 0.95)
    assert slope.point == pytest.approx(1.5)
    assert slope.low == pytest.approx(1.5)
    assert slope.high == pytest.approx(1.5)


def test_two_points_have_no_interval_and_three_a_wide_one():
    two = log_log_slope(NS[:2], [1, 3], 0.95)
    assert (two.low, two.high) == (-math.inf, math.inf)
    three = log_log_slope(NS[:3], [1, 2.1, 3.9], 0.95)
    # By hand: residuals of log2 times 0, 1.0704, 1.9634 on 0, 1, 2; t(1) is 12.706.
    rest = np.array([0, math.log2(2.1), math.log2(3.9)])
    rest = rest - rest.mean() - math.log2(3.9) / 2 * np.array([-1, 0, 1])
    half = 12.7062 * math.sqrt(float(rest @ rest) / 2)
    assert three.point == pytest.approx(math.log2(3.9) / 2)
    assert three.high - three.point == pytest.approx(half, rel=1e-4)


@pytest.mark.parametrize("ns", [[1, 1, 1], [0, 1, 2], [1, math.inf, 2], [1]])
def test_what_has_no_slope_is_refused(ns):
    with pytest.raises(ValueError, match="want"):
        log_log_slope(ns, [1.0] * len(ns), 0.95)


def test_start_up_is_told_from_work():
    model = fit_model(NS, [2e7 + 3 * n**2 for n in NS], 0.95)
    assert model is not None
    assert model.start_up_ns.point == pytest.approx(2e7, rel=0.05)
    assert model.exponent.point == pytest.approx(2, abs=0.02)
    assert model.work_ns == pytest.approx(3, rel=0.2)


def test_three_points_fit_any_model_and_so_there_is_none():
    assert fit_model(NS[:3], [1, 2, 4], 0.95) is None


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(7)
    held = [0, 0, 0]
    for _ in range(200):
        noise = np.exp(rng.normal(0, 0.02, len(NS)))
        model = fit_model(NS, [(2e7 + 3 * n**2) * e for n, e in zip(NS, noise, strict=True)], 0.95)
        assert model is not None
        slope = log_log_slope(NS, [n**2 * e for n, e in zip(NS, noise, strict=True)], 0.95)
        for at, (found, truth) in enumerate(
            ((model.start_up_ns, 2e7), (model.exponent, 2.0), (slope, 2.0))
        ):
            held[at] += found.low <= truth <= found.high
    assert min(held) >= 180
