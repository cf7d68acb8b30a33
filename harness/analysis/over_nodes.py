"""Nodes of a cluster against each other: which one is slow, throttled or noisy; pure.

Every node did the same work, which is timed by its own clock. Nodes with different CPUs are not
held against each other: each is against the median node of its own kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from harness.frozen import dataclass
from harness.model import Estimate, Sample, TraceShape
from harness.stats.medians import median_estimate, median_of
from harness.stats.ranks import median
from harness.stats.steady import trace_of

SLOWER_BY = 0.05
"""A node is slow where its time is surely longer than the median node's by more than this."""
NOISIER_BY = 2.0
"""A node is noisy where its scatter is as many times that of the median node, and above the next
figure."""
SCATTER = 0.05
ALWAYS_NOISY = 0.25
"""A scatter that is noise whatever the other nodes show."""
SPEEDS_APART = 0.1
"""The two speeds of a throttled node differ by at least this share."""
_LEVEL_SHARE = 0.15
"""Of the two speeds of a throttled node each lasts at least this share of the time."""
_FEWEST = 10


class NodeState(Enum):
    """What is found of a node, the worst first."""

    DOWN = "down"
    """It takes no jobs, as the scheduler says."""
    SILENT = "did not answer"
    THROTTLED = "throttled"
    """Two speeds over time."""
    SLOW = "slow"
    NOISY = "noisy"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class NodeTimes:
    """What one node took for each kind of work, in the order of time."""

    node: str
    kind: str
    """The CPU and the number of cores: what nodes of one kind have in common."""
    times: Mapping[str, Sequence[tuple[int, int]]]
    """By the name of the work: nanoseconds of wall and of CPU time."""


@dataclass(frozen=True, slots=True)
class WorkStanding:
    """One node at one kind of work."""

    work: str
    ratio: Estimate
    """Its time over the median node's: above 1 it is slower."""
    scatter: float
    """The 90th percentile over the median, less 1."""
    speeds: tuple[float, ...] = ()
    """The two levels of CPU time, in nanoseconds, of a node whose speed changes for good."""


@dataclass(frozen=True, slots=True)
class NodeStanding:
    """What is to be said of a node."""

    node: str
    state: NodeState
    reason: str = ""
    """In words; the scheduler's own for a node that takes no jobs."""
    kind: str = ""
    works: tuple[WorkStanding, ...] = ()

    @property
    def worst(self) -> float:
        """Its largest ratio; 0 where nothing was measured."""
        return max((work.ratio.point for work in self.works), default=0.0)


def stand_nodes(found: Sequence[NodeTimes], confidence: float = 0.95) -> list[NodeStanding]:
    """Every node against the median node of its kind, the fastest first.

    The error level is shared by all ratios: `confidence` holds for the whole table.
    """
    kinds: dict[str, list[NodeTimes]] = {}
    for each in found:
        kinds.setdefault(each.kind, []).append(each)
    ratios = sum(len(each.times) for each in found)
    level = 1 - (1 - confidence) / max(ratios, 1)
    standings = [s for nodes in kinds.values() for s in _of_kind(nodes, level)]
    return sorted(standings, key=lambda s: (s.worst, s.node))


def _of_kind(nodes: Sequence[NodeTimes], level: float) -> list[NodeStanding]:
    works = list(dict.fromkeys(work for each in nodes for work in each.times))
    by_node: dict[str, list[WorkStanding]] = {each.node: [] for each in nodes}
    typical: dict[str, float] = {}
    for work in works:
        both = {each.node: each.times[work] for each in nodes if each.times.get(work)}
        times = {name: [wall for wall, _ in pairs] for name, pairs in both.items()}
        scatters = {name: _scatter(values) for name, values in times.items()}
        typical[work] = median(scatters.values())
        reference = times[_median_node(times)]
        for name, values in times.items():
            ratio = _ratio(values, reference, level, same=values is reference)
            speeds = _speeds([cpu for _, cpu in both[name]])
            by_node[name].append(WorkStanding(work, ratio, scatters[name], speeds))
    return [_standing(each, tuple(by_node[each.node]), typical) for each in nodes]


def _median_node(times: Mapping[str, Sequence[int]]) -> str:
    """The node in the middle by its median time; of an even number the faster of the two."""
    ordered = sorted(times, key=lambda name: (median(times[name]), name))
    return ordered[(len(ordered) - 1) // 2]


def _ratio(
    values: Sequence[int], reference: Sequence[int], level: float, *, same: bool
) -> Estimate:
    """The ratio of two medians: both intervals hold together by Bonferroni, so the ratio's does."""
    each = 1 - (1 - level) / 2
    own, other = median_estimate(values, each), median_estimate(reference, each)
    assert own is not None
    assert other is not None
    low, high = (1.0, 1.0) if same else (own.low / other.high, own.high / other.low)
    return Estimate("ratio of medians", own.point / other.point, low, high, level)


def _scatter(values: Sequence[int]) -> float:
    ordered = sorted(values)
    return ordered[(len(ordered) * 9) // 10] / median_of(ordered) - 1


def _speeds(cpu_ns: Sequence[int]) -> tuple[float, ...]:
    """The levels of a node that went from one to another for good; empty where it has one.

    By the change points of steady mode, and by CPU time: wall time changes with what others do.
    Levels that alternate are noise.
    """
    samples = [Sample(n, 1, value, -1) for n, value in enumerate(cpu_ns)]
    trace = trace_of(samples, SPEEDS_APART / 2)
    if trace.shape not in (TraceShape.SLOWDOWN, TraceShape.WARMUP) or not trace.steady_from:
        return ()
    parts = cpu_ns[: trace.steady_from], cpu_ns[trace.steady_from :]
    fewest = max(_FEWEST, _LEVEL_SHARE * len(cpu_ns))
    if any(len(part) < fewest for part in parts):
        return ()
    levels = tuple(median(map(float, part)) for part in parts)
    return levels if max(levels) > (1 + SPEEDS_APART) * min(levels) else ()


def _standing(
    found: NodeTimes, works: tuple[WorkStanding, ...], typical: Mapping[str, float]
) -> NodeStanding:
    said: dict[NodeState, list[str]] = {}
    for work in works:
        if work.speeds:
            first, then = (level / 1e6 for level in work.speeds)
            words = f"{work.work}: first {first:.1f} ms, then {then:.1f} ms of CPU time"
            said.setdefault(NodeState.THROTTLED, []).append(words)
        if work.ratio.low > 1 + SLOWER_BY:
            words = f"{work.work}: {work.ratio.point:.2f} times the median node's time"
            said.setdefault(NodeState.SLOW, []).append(words)
        noisier = work.scatter > max(NOISIER_BY * typical[work.work], SCATTER)
        if noisier or work.scatter > ALWAYS_NOISY:
            words = f"{work.work}: one in ten takes {work.scatter:.0%} longer than half of them"
            said.setdefault(NodeState.NOISY, []).append(words)
    state = next((each for each in NodeState if each in said), NodeState.FINE)
    return NodeStanding(found.node, state, "; ".join(said.get(state, ())), found.kind, works)
