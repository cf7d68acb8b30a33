"""A comparison that was made on several hosts: each host's ratio, and what holds for others; pure.

A host is one draw: its accidents are shared by all of its blocks, however many they are. So it
counts once, by its ratio, and the interval for the ratio over hosts is Student's for the mean of
the log-ratios (cluster summaries: Donner & Klar, Design and Analysis of Cluster Randomization
Trials, 2000, ch. 6). Hosts of different kinds are not draws of one lot and are never pooled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from harness.model import Comparison, Estimate, Verdict
from harness.model.across_hosts import ENOUGH_HOSTS, AcrossHosts, OnHost, OverKind
from harness.stats.clusters import cochran_p, mean_bounds
from harness.stats.paired import judge_bounds, ratio_of


def over_hosts(
    found: Iterable[OnHost], key: tuple[str, str, str, str], confidence: float
) -> AcrossHosts:
    """One comparison over the hosts that made it. `key`: task, case, candidate, reference."""
    hosts = tuple(found)
    kinds: dict[str, list[Comparison]] = {}
    for each in hosts:
        kinds.setdefault(each.kind, []).append(each.comparison)
    over = [_over_kind(kind, own, confidence) for kind, own in kinds.items()]
    over.sort(key=lambda kind: -kind.hosts)
    return AcrossHosts(*key, hosts, tuple(over))


def _over_kind(kind: str, found: Sequence[Comparison], confidence: float) -> OverKind:
    logs = [math.log(c.ratio.point) for c in found if 0 < c.ratio.point < math.inf]
    if len(logs) < 2 or len(logs) < len(found):
        return OverKind(kind, len(found), None, Verdict.UNDECIDED, None)
    low, high = mean_bounds(logs, confidence)
    middle = sum(logs) / len(logs)
    ratio = Estimate("mean over hosts", ratio_of(middle), ratio_of(low), ratio_of(high), confidence)
    # On each host the threshold is that of the run: the same for all.
    verdict = judge_bounds((low, high), found[0].threshold)
    enough = len(logs) >= ENOUGH_HOSTS
    differ = cochran_p(logs, [_half_width(c) for c in found], confidence)
    return OverKind(kind, len(logs), ratio, verdict if enough else Verdict.UNDECIDED, differ)


def _half_width(c: Comparison) -> float:
    if not 0 < c.ratio.low <= c.ratio.high < math.inf:
        return math.inf
    return (math.log(c.ratio.high) - math.log(c.ratio.low)) / 2
