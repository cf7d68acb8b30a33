"""When a table of several ends: only where all that is reported of it is sure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from harness.analysis import Question, Span, TableRule, ranking
from harness.model import Verdict

SURE, OPEN = Verdict.EQUIVALENT, Verdict.UNDECIDED
Verdicts = dict[tuple[str, str], Callable[[int], bool]]


class Judge:
    """One whose verdict is sure at some numbers of blocks."""

    sure: Verdicts
    found = SURE

    def __init__(self, reference: str, candidate: str, question: Question) -> None:
        self.pair = (reference, candidate)
        self.blocks = 0
        self.weighed = None
        self.in_vain = ""

    def read(self, blocks: Sequence[Any]) -> None:
        self.blocks = sum(set(self.pair) <= set(block) for block in blocks)

    @property
    def verdict(self) -> Verdict:
        return self.found if self.sure[self.pair](self.blocks) else OPEN


def ended(
    monkeypatch: pytest.MonkeyPatch,
    sure: Verdicts,
    found: Verdict = SURE,
    alike: Sequence[Sequence[str]] = (),
) -> tuple[str | None, dict[str, int]]:
    """Why a table of a, b and c ends within 60 blocks, and the blocks that each had."""
    Judge.sure, Judge.found = sure, found
    monkeypatch.setattr(ranking, "Judge", Judge)
    rule = TableRule(["a", "b", "c"], Question(), Span(None, 0, 60), ranked=True, alike=alike)
    blocks: list[Any] = []
    why = None
    while why is None:
        blocks.append({name: () for name in "abc" if name not in rule.left})
        why = rule(blocks)
    return why, {name: sum(name in block for block in blocks) for name in "abc"}


def test_what_was_sure_and_is_not_any_more_goes_on(monkeypatch: pytest.MonkeyPatch):
    sure: Verdicts = {
        ("a", "b"): lambda blocks: blocks >= 30,
        ("a", "c"): lambda blocks: 10 <= blocks < 25 or blocks >= 45,
        ("b", "c"): lambda blocks: blocks >= 30,
    }
    why, blocks = ended(monkeypatch, sure)
    assert why == ranking.ALL_SURE
    for (one, other), is_sure in sure.items():
        assert is_sure(min(blocks[one], blocks[other]))


def test_one_whose_verdicts_are_sure_leaves(monkeypatch: pytest.MonkeyPatch):
    sure: Verdicts = {
        ("a", "b"): lambda blocks: blocks >= 10,
        ("a", "c"): lambda blocks: blocks >= 10,
        ("b", "c"): lambda blocks: blocks >= 40,
    }
    why, blocks = ended(monkeypatch, sure)
    assert why == ranking.ALL_SURE
    assert blocks["a"] < 20
    assert blocks["b"] == blocks["c"] >= 40


@pytest.mark.parametrize("alike", [(), ("bc",)])
def test_two_that_are_alike_are_told_apart_though_a_third_beats_both(
    monkeypatch: pytest.MonkeyPatch, alike: Sequence[str]
):
    sure: Verdicts = {
        ("a", "b"): lambda blocks: blocks >= 10,
        ("a", "c"): lambda blocks: blocks >= 10,
        ("b", "c"): lambda blocks: blocks >= 40,
    }
    why, blocks = ended(monkeypatch, sure, Verdict.SLOWER, alike)
    assert why == ranking.ALL_SURE
    assert (blocks["b"] >= 40) is bool(alike)
    assert blocks["a"] < 20
