"""What several hosts say together of one comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.analysis.over_hosts import over_hosts
from harness.model import Comparison, Estimate, Metric, Verdict
from harness.model.across_hosts import ENOUGH_HOSTS, OnHost
from harness.render.host_lines import host_lines
from harness.stats.clusters import cochran_p, mean_bounds

KEY = ("sum", "small", "new", "old")


def on(host: str, ratio: float, kind: str = "A", half: float = 0.01) -> OnHost:
    """A host whose ratio has an interval of so many log units on either side."""
    low, high = ratio * math.exp(-half), ratio * math.exp(half)
    verdict = Verdict.FASTER if low > 1.01 else Verdict.UNDECIDED
    made = Comparison(
        candidate="new",
        reference="old",
        metric=Metric.WALL,
        ratio=Estimate("median ratio", ratio, low, high, 0.95),
        verdict=verdict,
        blocks=20,
        threshold=0.01,
        stopped_because="decided",
    )
    return OnHost(host, kind, made)


def test_enough_hosts_that_agree_say_what_holds_for_others():
    hosts = [on(f"n{n}", ratio) for n, ratio in enumerate([1.30, 1.31, 1.32, 1.31, 1.30])]
    found = over_hosts(hosts, KEY, 0.95)
    (kind,) = found.kinds
    assert kind.enough
    assert kind.ratio is not None
    assert kind.ratio.low < 1.308 < kind.ratio.high
    assert found.verdict is Verdict.FASTER
    assert not kind.heterogeneous
    assert host_lines(found)[0] == "new against old (sum small): faster on 5 of 5"


def test_fewer_hosts_say_nothing_of_others_however_sure_each_is():
    hosts = [on(f"n{n}", 1.3) for n in range(ENOUGH_HOSTS - 1)]
    found = over_hosts(hosts, KEY, 0.95)
    assert found.verdict is Verdict.UNDECIDED
    assert "for hosts not seen 5 of a kind are needed" in "\n".join(host_lines(found))


def test_hosts_that_disagree_leave_the_answer_open_and_are_named_as_different():
    ratios = [1.4, 0.8, 1.3, 0.9, 1.02]
    found = over_hosts([on(f"n{n}", r) for n, r in enumerate(ratios)], KEY, 0.95)
    (kind,) = found.kinds
    assert found.verdict is Verdict.UNDECIDED
    assert kind.heterogeneous
    assert "the hosts differ" in "\n".join(host_lines(found))


def test_kinds_of_host_are_never_pooled():
    hosts = [on(f"a{n}", 1.31, "A") for n in range(5)] + [on(f"b{n}", 1.08, "B") for n in range(2)]
    found = over_hosts(hosts, KEY, 0.95)
    assert [(kind.kind, kind.hosts, kind.verdict) for kind in found.kinds] == [
        ("A", 5, Verdict.FASTER),
        ("B", 2, Verdict.UNDECIDED),
    ]
    assert found.verdict is Verdict.UNDECIDED
    assert "kinds of host are judged each by itself" in "\n".join(host_lines(found))


def test_one_host_and_an_open_interval_say_nothing():
    (kind,) = over_hosts([on("n1", 1.3)], KEY, 0.95).kinds
    assert (kind.ratio, kind.differ, kind.verdict) == (None, None, Verdict.UNDECIDED)
    (kind,) = over_hosts([on("n1", 1.3, half=math.inf), on("n2", 1.3)], KEY, 0.95).kinds
    assert kind.differ is None


def test_the_interval_over_hosts_has_its_level_and_cochrans_p_is_spread_evenly():
    drawn = np.random.default_rng(5)
    covered, small = 0, 0
    for _ in range(2000):
        hosts = drawn.normal(0.1, 0.05, 5)
        low, high = mean_bounds([*hosts], 0.95)
        covered += low <= 0.1 <= high
        p = cochran_p([*drawn.normal(0.1, 0.02, 5)], [0.02 * 1.959964] * 5, 0.95)
        assert p is not None
        small += p < 0.05
    # Six standard errors of a share of 2000 draws.
    assert covered / 2000 == pytest.approx(0.95, abs=6 * math.sqrt(0.95 * 0.05 / 2000))
    assert small / 2000 == pytest.approx(0.05, abs=6 * math.sqrt(0.95 * 0.05 / 2000))
