"""When does a gate have its answers? Pairs of two states each; who is sure leaves the blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.analysis.judging import Judge
from harness.analysis.kept import BlocksOf
from harness.analysis.question import Question
from harness.analysis.schedule import Block
from harness.analysis.stop_rules import ALL_SURE, ALONE
from harness.analysis.weighed_rule import DOUBT_GROWS, FIRST_DOUBT, Span
from harness.stats.medians import log_threshold

ALONE_BLOCKS = 8
"""What has nothing to be compared with is shown, and wants no more blocks than these."""

HOPE = 3.0
"""A pair stays where it could be decided in time were the ratio this many standard errors farther
from the threshold than it seems: of what is slower by enough, hardly one in a thousand leaves."""

OUT_OF_REACH = "what is left of the budget would not decide it"

_SURE = "it is known whether it is slower"


class _Pair:
    """Base and head of one target: what is known of it, and what its own trials take."""

    def __init__(self, names: tuple[str, str], question: Question) -> None:
        self.judge = Judge(*names, question)
        self._names, self._threshold = names, question.threshold
        self._next_doubt = FIRST_DOUBT
        self._blocks = self._taken_ns = 0

    def read(self, blocks: Sequence[Block]) -> None:
        """Take in the blocks that are new."""
        own = BlocksOf(self._names, blocks)
        self.judge.read(own)
        for at in range(self._blocks, len(own)):
            self._taken_ns += sum(r.trial.wall_ns for each in own[at].values() for r in each)
        self._blocks = len(own)

    @property
    def is_known(self) -> bool:
        return is_known(self.judge, self._threshold)

    def out_of_reach(self, left_ns: float) -> str | None:
        """Why no further block is worth its time, where not even all that is left would decide.

        That is asked now and then, and in favour of going on: the others may leave what is theirs.
        """
        if self.judge.in_vain:
            return self.judge.in_vain
        weighed, pairs = self.judge.weighed, len(self.judge.pairs)
        if weighed is None or pairs < self._next_doubt:
            return None
        self._next_doubt = math.ceil(pairs * DOUBT_GROWS)
        holds = self._blocks + left_ns / self._block_ns
        if weighed.needed_past(-log_threshold(self._threshold), errors=HOPE) <= holds:
            return None
        return OUT_OF_REACH

    @property
    def needed_ns(self) -> float:
        """About how long its own blocks would take in all until it is known; inf: no number."""
        weighed = self.judge.weighed
        if weighed is None or not self._blocks:
            return math.inf
        return weighed.needed_past(-log_threshold(self._threshold)) * self._block_ns

    @property
    def _block_ns(self) -> float:
        return max(self._taken_ns / max(self._blocks, 1), 1.0)


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
        self._pairs = {names: _Pair(names, question) for names in pairs}
        self._open = dict(self._pairs)
        self._span = span
        self._began_ns: int | None = None

    def __call__(self, blocks: Sequence[Block]) -> str | None:
        latest = blocks[-1] if blocks else {}
        left_ns = self._left_ns(latest)
        most = self._span.max_blocks
        for names, pair in list(self._open.items()):
            if not all(name in latest for name in names):
                self._leave(names, f"{' or '.join(names)} does not run any more")
                continue
            pair.read(blocks)
            if pair.is_known:
                self._leave(names, _SURE)
            elif most is not None and len(blocks) >= most:
                self._leave(names, f"{most} blocks were the most allowed")
            elif (why := pair.out_of_reach(left_ns)) is not None:
                self._leave(names, why)
        paired = {name for pair in self._open for name in pair}
        for name in latest:
            if name not in paired and name not in self.left and len(blocks) >= ALONE_BLOCKS:
                self.left[name] = ALONE
        if any(name not in self.left for name in latest):
            return None
        unsure = [why for why in self.left.values() if why not in (_SURE, ALONE)]
        return next(iter(unsure), ALL_SURE)

    def needed_ns(self, names: tuple[str, str]) -> float:
        """About how long a pair's own blocks would take until it is known; inf: no number."""
        return self._pairs[names].needed_ns if names in self._pairs else math.inf

    def _left_ns(self, latest: Block) -> float:
        """What is left of the budget after this block, other groups' blocks being taken off too."""
        trials = [record for each in latest.values() for record in each]
        if self._span.budget_ns is None or not trials:
            return math.inf
        began = min(record.started_at_ns for record in trials)
        self._began_ns = began if self._began_ns is None else self._began_ns
        ended = max(record.started_at_ns + record.trial.wall_ns for record in trials)
        return max(self._span.budget_ns - (ended - self._began_ns), 0.0)

    def _leave(self, names: tuple[str, str], why: str) -> None:
        del self._open[names]
        self.left.update(dict.fromkeys(names, why))


def is_known(judge: Judge, threshold: float) -> bool:
    """Is it sure that the candidate is slower by more than the threshold, or that it is not?"""
    if judge.exact is not None:
        return True
    bound, weighed = log_threshold(threshold), judge.weighed
    if weighed is not None and not judge.pairs.has_layouts:
        limit, found = -math.log(weighed.level), weighed.evidence
        if found.faster(-bound) < limit and found.slower(-bound) < limit:
            return False  # which is quicker told than an interval, after every block
    # What is refused is no interval always: a centre may be that lies beyond one that is not. A
    # gate's answer is the interval around all that is not, so that this is asked here too.
    interval = judge.interval if weighed is not None or judge.pairs.has_layouts else None
    low, high = judge.sequence.bounds if interval is None else (interval.low, interval.high)
    return low >= -bound or high < -bound
