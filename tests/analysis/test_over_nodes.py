"""Which node is slow, throttled or noisy, told from what each took for the same work."""

import random

import pytest

from harness.analysis.over_nodes import NodeState, NodeTimes, stand_nodes

pytestmark = pytest.mark.pure


def times(seed: int, scale: float = 1.0, spread: float = 0.005) -> list[tuple[int, int]]:
    chance = random.Random(seed)
    values = [round(10_000_000 * scale * (1 + chance.gauss(0, spread))) for _ in range(60)]
    return [(value, value) for value in values]


def states(*nodes: NodeTimes) -> dict[str, NodeState]:
    return {each.node: each.state for each in stand_nodes(nodes)}


def node(name: str, work: list[tuple[int, int]], kind: str = "A") -> NodeTimes:
    return NodeTimes(name, kind, {"cpu": work})


CALM = [node(f"n{number}", times(number)) for number in range(5)]


def test_nodes_that_are_alike_are_fine():
    assert set(states(*CALM).values()) == {NodeState.FINE}


def test_a_slow_node_is_slow_and_comes_last_with_its_interval():
    *others, last = stand_nodes([*CALM, node("slow", times(9, scale=1.2))])
    assert (last.node, last.state) == ("slow", NodeState.SLOW)
    assert {each.state for each in others} == {NodeState.FINE}
    ratio = last.works[0].ratio
    assert 1.05 < ratio.low <= ratio.point <= ratio.high
    assert ratio.point == pytest.approx(1.2, rel=0.02)


def test_a_node_with_two_speeds_over_time_is_throttled():
    work = [*times(9)[:30], *times(10, scale=1.3)[:30]]
    assert states(*CALM, node("hot", work))["hot"] is NodeState.THROTTLED


def test_two_speeds_by_wall_time_alone_are_what_others_do():
    work = [*times(9)[:30], *((2 * wall, cpu) for wall, cpu in times(10)[:30])]
    assert states(*CALM, node("busy", work))["busy"] is NodeState.NOISY


def test_a_node_that_scatters_is_noisy():
    assert states(*CALM, node("loud", times(9, spread=0.2)))["loud"] is NodeState.NOISY


def test_other_kinds_are_not_held_against_each_other():
    found = states(*CALM, *(node(f"b{n}", times(n, scale=3), "B") for n in range(3)))
    assert set(found.values()) == {NodeState.FINE}
