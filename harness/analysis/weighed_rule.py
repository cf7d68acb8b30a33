"""When a run that weighs its pairs has measured enough: decided, or not to be decided in time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.analysis.blocks import block_ns
from harness.analysis.question import Question
from harness.analysis.schedule import Block, StopRule
from harness.analysis.stop_rules import SURE, Followed
from harness.frozen import dataclass

if TYPE_CHECKING:
    from harness.analysis.judging import Judge

MOST_NS = 86_400e9
"""Beyond a day no time is named."""

FIRST_DOUBT = 12
"""Blocks after which a run that will not decide within its budget is ended."""

DOUBT_GROWS = 1.5
"""It is asked again after this many times as many blocks: each asking can be wrong."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long a run may go on, so that it can end early where that will not do."""

    budget_ns: int | None = None
    """What the blocks that are still to be made may take."""
    earlier: int = 0
    """The blocks that were there before."""
    max_blocks: int | None = None

    def holds(self, blocks: Sequence[Block]) -> float:
        """How many blocks there can be in the end, by the pace so far."""
        if self.budget_ns is None:
            return math.inf
        return self.earlier + self.budget_ns / max(block_ns(blocks), 1.0)


def weighing_rule(pair: tuple[str, str], question: Question, span: Span) -> StopRule:
    """Stop once the verdict on a pair is sure, or will not be within the span.

    The evidence holds at every look, so it holds at the one that ends the run. That a run will not
    decide is asked now and then from `FIRST_DOUBT` blocks on, in favour of going on.
    """
    from harness.analysis.judging import Judge

    judge = Judge(*pair, question)
    next_doubt = span.earlier + FIRST_DOUBT

    def rule(blocks: Sequence[Block]) -> str | None:
        nonlocal next_doubt
        judge.read(blocks)
        pairs = len(judge.pairs)
        if pairs >= question.fewest and judge.is_decided and not judge.to_confirm:
            return SURE
        if judge.in_vain:
            return judge.in_vain
        if span.max_blocks is not None and len(blocks) >= span.max_blocks:
            return f"{span.max_blocks} blocks were the most allowed"
        if pairs < next_doubt or judge.to_confirm:
            return None
        next_doubt = math.ceil(pairs * DOUBT_GROWS)
        return _out_of_reach(judge, blocks, span)

    return Followed(rule, lambda: [judge])


def _out_of_reach(judge: Judge, blocks: Sequence[Block], span: Span) -> str | None:
    """Why a run ends whose span does not hold its answer; None where it may."""
    weighed = judge.weighed
    if weighed is None or weighed.needed(hopefully=True) <= span.holds(blocks):
        return None
    needed_ns = weighed.needed() * block_ns(blocks)
    takes = f"about {needed_ns / 1e9:.0f} s" if needed_ns < MOST_NS else "longer than a day"
    return f"what is seen would take {takes} to decide, more than the budget"
