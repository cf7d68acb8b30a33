"""What blocks say of guards: kept, broken, open; by shares, amounts, tails and sizes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis import compare_cells, sequential_rule, with_guards
from harness.analysis.judging import GUARDED_BLOCKS
from harness.analysis.question import Question
from harness.model import Better, Measurement, Metric, MetricInfo, Mode, Noise
from harness.model.guards import GuardState, guards_in

MORE = MetricInfo("rate", "x/s", Better.HIGHER)
KEPT, BROKEN, OPEN = GuardState.KEPT, GuardState.BROKEN, GuardState.OPEN


@pytest.fixture
def made(record):
    """Blocks in which b is twice as fast as a, and otherwise as is said."""

    def make(count=40, **of_b):
        own = {"max_rss_bytes": 100 << 20, "minor_faults": 100, "metrics": {"rate": 100.0}}
        other = {**own, **of_b}
        return [
            {
                "a": [record("a", n, 20_000_003 + 11 * n, **own)],
                "b": [record("b", n, 10_000_019 + 7 * n, **other)],
            }
            for n in range(count)
        ]

    return make


def found(blocks, guards, noise=None, measured=()):
    question = Question(Metric.WALL, guards=guards_in(guards, "guard"), guarded=(MORE,))
    question = replace(question, noise=noise)
    (comparison,) = compare_cells("a", ["b"], blocks, question, "")
    return with_guards(comparison, blocks, question, measured)


@pytest.mark.parametrize("noise", [None, Noise()])
@pytest.mark.parametrize(
    ("guard", "of_b", "state"),
    [
        ("memory=5%", {}, KEPT),
        ("memory=5%", {"max_rss_bytes": 110 << 20}, BROKEN),
        ("memory=20%", {"max_rss_bytes": 110 << 20}, KEPT),
        ("memory=5MiB", {"max_rss_bytes": 110 << 20}, BROKEN),
        ("memory=20MiB", {"max_rss_bytes": 110 << 20}, KEPT),
        ("page_faults=10", {"minor_faults": 111}, BROKEN),
        ("page_faults=10", {"minor_faults": 109}, KEPT),
        ("rate=5%", {"metrics": {"rate": 90.0}}, BROKEN),
        ("rate=5%", {"metrics": {"rate": 120.0}}, KEPT),
        ("rate=5", {"metrics": {"rate": 90.0}}, BROKEN),
        ("rate=5%", {"metrics": {}}, OPEN),
        ("startup=5%", {}, OPEN),
        ("p99=5%", {}, OPEN),
        ("mean=5%", {}, KEPT),
        ("cpu=5%", {"user_ns": 40_000_000}, BROKEN),
    ],
)
def test_a_guard_is_kept_broken_or_open(made, guard, of_b, state, noise):
    (finding,) = found(made(**of_b), guard, noise).guards
    assert finding.state is state
    assert finding.because or state is not OPEN


def test_few_blocks_leave_a_guard_open(made):
    (finding,) = found(made(3, max_rss_bytes=110 << 20), "memory=5%").guards
    assert finding.state is OPEN


def test_a_broken_guard_is_the_comparison_s(made):
    comparison = found(made(max_rss_bytes=200 << 20), "memory=5%,cpu=50%")
    assert [each.guard.name for each in comparison.broken] == ["memory"]


def test_the_error_is_shared_among_guards(made):
    comparison = found(made(), "memory=5%,wall=5%")
    assert {each.ratio.confidence for each in comparison.guards} == {0.975}


@pytest.mark.parametrize(
    ("guard", "state"), [("10%", KEPT), ("1%", BROKEN), ("1KiB", BROKEN), ("8KiB", KEPT)]
)
def test_sizes_of_builds_are_two_numbers(made, guard, state):
    sizes = {"a": 100 << 10, "b": 105 << 10}
    measured = [
        Measurement(
            *("work", "fast", name, "c", "c", Mode.COLD, 9, 0, None, None, None, None),
            binary_bytes=size,
        )
        for name, size in sizes.items()
    ]
    (finding,) = found(made(), f"binary_bytes={guard}", measured=measured).guards
    assert finding.state is state
    (finding,) = found(made(), f"binary_bytes={guard}").guards
    assert finding.state is OPEN


def test_a_gain_that_is_sure_is_looked_at_for_its_guards(made):
    blocks = made(GUARDED_BLOCKS)
    question = Question(Metric.WALL, guards=guards_in("memory=5%", "guard"))
    rule = sequential_rule("a", question, None)
    ended = [n for n in range(1, len(blocks) + 1) if rule(blocks[:n])]
    assert ended == [GUARDED_BLOCKS]
