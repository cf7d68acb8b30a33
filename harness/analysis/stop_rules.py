"""When is enough measured? Looked at after every block, which costs the same at any of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from harness.analysis.blocks import figures_of
from harness.analysis.question import Question
from harness.analysis.schedule import Block, StopRule
from harness.model import Verdict
from harness.stats.boundary import sign_boundary
from harness.stats.medians import log_threshold
from harness.stats.ranks import RisingRank

if TYPE_CHECKING:
    from harness.analysis.judging import Judge

NARROW = 0.01
"""A single target is measured until its median is known to this share on either side."""

SURE, ALL_SURE = "the verdict is sure", "every verdict is sure"
"""Why a run ends that has its answer."""

ALONE = "no other target is left to compare with"


class Followed:
    """A stop rule that says what it follows."""

    def __init__(self, rule: StopRule, open_judges: Callable[[], Sequence[Judge]]) -> None:
        self._rule = rule
        self.open_judges = open_judges
        """Those whose verdict is still wanted; none before the first block is read."""

    def __call__(self, blocks: Sequence[Block]) -> str | None:
        """See `StopRule`."""
        return self._rule(blocks)


def judges_of(rule: StopRule) -> Sequence[Judge]:
    """Whom a rule follows that are not decided yet; none where it follows nobody."""
    # Not by type: a table's rule needs numpy, which a run of one target does without.
    found: Sequence[Judge] = getattr(rule, "open_judges", list)()
    return found


class _LookOn:
    """Looks on for rare slow runs after a gain is sure, for a while and a number of blocks."""

    def __init__(self, span_ns: float) -> None:
        self._span_ns = span_ns
        self._since: dict[str, int] = {}

    def is_sure(self, judge: Judge, blocks: Sequence[Block]) -> bool:
        """Is the verdict sure, or the ratio known as well as asked for, and enough looked on?"""
        if judge.question.precision is not None:
            low, high = judge.bounds
            return low == high or high - low <= 2 * log_threshold(judge.question.precision)
        if not judge.is_decided or judge.to_confirm:
            return False
        if not self._span_ns or not judge.question.tails:
            return True
        return judge.verdict is not Verdict.FASTER or self._enough(judge, blocks)

    def _enough(self, judge: Judge, blocks: Sequence[Block]) -> bool:
        from harness.stats.tails import SEEN_ENOUGH

        now = max(r.started_at_ns + r.trial.wall_ns for each in blocks[-1].values() for r in each)
        since = self._since.setdefault(judge.candidate, now)
        return len(judge.pairs) >= SEEN_ENOUGH or now - since >= self._span_ns


def sequential_rule(
    reference: str,
    question: Question,
    max_blocks: int | None,
    members: int = 1,
    look_on_ns: float = 0.0,
) -> StopRule:
    """Stop once every candidate's verdict is sure, or after `max_blocks`.

    With a precision asked for, stop once every ratio is known as well as that. The interval holds
    at every look, so it holds at the one that ends the run. Where there is nothing to compare,
    stop once every target's median wall time is known to 1 % on either side (or the precision);
    one that was to be compared (`members` above 1) and is the only one left is not measured
    beyond the blocks of a first verdict. A gain that is sure is looked on for `look_on_ns`.
    """
    judges: dict[str, Judge] = {}
    alone: dict[str, _Alone] = {}
    wanted = NARROW if question.precision is None else question.precision
    opening = sign_boundary(question.confidence).first_proof()
    looking_on = _LookOn(look_on_ns)

    def sure(name: str, blocks: Sequence[Block]) -> bool:
        judge = judges.get(name) or judges.setdefault(name, _judge(reference, name, question))
        judge.read(blocks)
        return looking_on.is_sure(judge, blocks)

    def narrow(name: str, blocks: Sequence[Block]) -> bool:
        if name not in alone:
            alone[name] = _Alone(name, question.confidence)
        return alone[name].is_narrow(blocks, wanted)

    def rule(blocks: Sequence[Block]) -> str | None:
        latest = blocks[-1] if blocks else {}
        names = [name for name in latest if name != reference]
        if reference in latest and names:
            if all([*(sure(name, blocks) for name in names)]):  # each of them reads the blocks
                if question.precision is not None:
                    return f"the ratio's interval has {_share(wanted)} on either side of its middle"
                return SURE if len(names) == 1 else ALL_SURE
            if all(lost := [judges[name].in_vain for name in names]):
                return lost[0]
        elif latest and all(narrow(name, blocks) for name in latest):
            return f"the median is known to {_share(wanted)}"
        elif len(latest) == 1 < members and len(blocks) >= opening:
            return ALONE
        if max_blocks is not None and len(blocks) >= max_blocks:
            return f"{max_blocks} blocks were the most allowed"
        return None

    return Followed(rule, lambda: _open_of(judges.values(), question))


def _share(share: float) -> str:
    return f"{100 * share:.3g}%"


def _open_of(judges: Iterable[Judge], question: Question) -> list[Judge]:
    """Those that are not decided; where a precision is asked for, all of them."""
    every = question.precision is not None
    return [judge for judge in judges if every or judge.verdict is Verdict.UNDECIDED]


def _judge(reference: str, candidate: str, question: Question) -> Judge:
    """A judge, and with it numpy: imported only where two targets are compared."""
    from harness.analysis.judging import Judge

    return Judge(reference, candidate, question)


class _Alone:
    """Follows the wall times of one target, block by block."""

    def __init__(self, name: str, confidence: float) -> None:
        self._name = name
        self._boundary = sign_boundary(confidence)
        self._from_below, self._from_above = RisingRank(), RisingRank()
        self._read = 0

    def is_narrow(self, blocks: Sequence[Block], share: float) -> bool:
        """Is the median known well enough, by an interval that holds at every look?"""
        for at in range(self._read, len(blocks)):
            for record in blocks[at].get(self._name, ()):
                figures = figures_of(record)
                if figures is not None:
                    self._from_below.add(figures.wall_ns)
                    self._from_above.add(-figures.wall_ns)
        self._read = len(blocks)
        limit = self._boundary.limit(len(self._from_below))
        if limit < 0:
            return False
        low, high = self._from_below.at(limit), -self._from_above.at(limit)
        return low > 0 and math.log(high / low) <= 2 * share
