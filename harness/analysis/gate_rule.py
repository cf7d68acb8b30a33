"""When does a gate have its answers? Pairs of two states each; who is sure leaves the blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.analysis.judging import Judge
from harness.analysis.kept import BlocksOf
from harness.analysis.question import Question
from harness.analysis.schedule import Block
from harness.analysis.stop_rules import ALL_SURE, ALONE, SURE
from harness.analysis.weighed_rule import Span, weighing_rule
from harness.stats.medians import log_threshold

ALONE_BLOCKS = 8
"""What has nothing to be compared with is shown, and wants no more blocks than these."""

_SURE = "it is known whether it is slower"


class GateRule:
    """Stop once it is known of every pair whether its candidate is slower beyond the threshold.

    A pair that is known, or that the budget will not decide, leaves the blocks: the time is that of
    the others then. `left` has who has left, and why; who is in it from the start is never timed.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[str, str]],
        question: Question,
        span: Span,
        left: Mapping[str, str],
    ) -> None:
        self.left = dict(left)
        self._open = {
            pair: (Judge(*pair, question), weighing_rule(pair, question, span)) for pair in pairs
        }
        self._threshold, self._most = question.threshold, span.max_blocks

    def __call__(self, blocks: Sequence[Block]) -> str | None:
        latest = blocks[-1] if blocks else {}
        for pair, (judge, doubts) in list(self._open.items()):
            if not all(name in latest for name in pair):
                self._leave(pair, f"{' or '.join(pair)} does not run any more")
                continue
            own = BlocksOf(pair, blocks)
            judge.read(own)
            if is_known(judge, self._threshold):
                self._leave(pair, _SURE)
            elif self._most is not None and len(blocks) >= self._most:
                self._leave(pair, f"{self._most} blocks were the most allowed")
            elif (why := doubts(own)) not in (None, SURE):
                self._leave(pair, str(why))
        paired = {name for pair in self._open for name in pair}
        for name in latest:
            if name not in paired and name not in self.left and len(blocks) >= ALONE_BLOCKS:
                self.left[name] = ALONE
        if any(name not in self.left for name in latest):
            return None
        unsure = [why for why in self.left.values() if why not in (_SURE, ALONE)]
        return next(iter(unsure), ALL_SURE)

    def _leave(self, pair: tuple[str, str], why: str) -> None:
        del self._open[pair]
        self.left.update(dict.fromkeys(pair, why))


def is_known(judge: Judge, threshold: float) -> bool:
    """Is it sure that the candidate is slower by more than the threshold, or that it is not?"""
    if judge.exact is not None:
        return True
    bound, weighed = log_threshold(threshold), judge.weighed
    if judge.pairs.has_layouts:
        interval = judge.interval
        return interval.low >= -bound or interval.high < -bound
    if weighed is not None:
        limit = -math.log(weighed.level)
        found = weighed.evidence
        return found.faster(-bound) >= limit or found.slower(-bound) >= limit
    low, high = judge.sequence.bounds
    return low >= -bound or high < -bound
