"""A table of several that compute one thing: when it is decided, and who is best in it; pure.

Every comparison of the table is a bet of its own (`harness.stats.evidence`), at the error level of
the table over the number of its comparisons. That is Bonferroni's correction; for e-values it costs
little, since what a clear difference wins grows with every block and the price only with the
logarithm of the number. All verdicts of the table hold together at its confidence, whatever is
looked at and however often, and so does whatever follows from them: the sets of a ranking.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from harness.analysis.judging import Judge
from harness.analysis.question import Question
from harness.analysis.schedule import Block
from harness.analysis.stop_rules import ALL_SURE, sequential_rule
from harness.analysis.weighed_rule import FIRST_DOUBT, Span
from harness.model import Verdict
from harness.model.noise import FEWEST

OUT_OF_TIME = "what is still open would take longer than the budget"
"""Why a table ends that will not be decided in its time."""

_LOOKS_GROW = 1.05
"""Every pair is weighed again after this many times as many blocks: it costs more each time."""
_DOUBT_GROWS = 1.5

_TURNED = {Verdict.FASTER: Verdict.SLOWER, Verdict.SLOWER: Verdict.FASTER}


class Verdicts:
    """The verdict on each of some pairs, followed block by block."""

    def __init__(self, pairs: Iterable[tuple[str, str]], question: Question) -> None:
        self._judges = {pair: Judge(*pair, question) for pair in pairs}
        self._found: dict[tuple[str, str], Verdict] = {}

    def read(self, blocks: Sequence[Block], pairs: Iterable[tuple[str, str]]) -> None:
        """Take in the new blocks of these pairs, and judge them anew."""
        for pair in pairs:
            judge = self._judges[pair]
            judge.read(blocks)
            self._found[pair] = judge.verdict

    def has(self, pair: tuple[str, str]) -> bool:
        """Was the pair read before?"""
        return pair in self._found

    def of(self, reference: str, candidate: str) -> Verdict:
        """The verdict on the second against the first; undecided where none was read."""
        if (reference, candidate) in self._judges:
            return self._found.get((reference, candidate), Verdict.UNDECIDED)
        found = self._found.get((candidate, reference), Verdict.UNDECIDED)
        return _TURNED.get(found, found)

    def weighed(self, pair: tuple[str, str]) -> Judge:
        """Who follows that pair."""
        return self._judges[pair]


class TableRule:
    """The stop rule of a table; `left` are the members that need no further block, and why.

    One against the reference alone leaves once its verdict is sure. Where they are ranked, those
    that may be the best go on until they are told apart, or are shown to be equivalent.
    """

    def __init__(
        self,
        names: Sequence[str],
        question: Question,
        span: Span,
        *,
        ranked: bool,
        alike: Iterable[Iterable[str]] = (),
    ) -> None:
        """The first of the names is the reference; those `alike` are also ranked by themselves."""
        self.reference, *self.others = names
        self.ranked = ranked
        self._fields = (frozenset(names), *map(frozenset, alike))
        self.left: dict[str, str] = {}
        self._span = span
        every = combinations(names, 2) if ranked else ((names[0], name) for name in names[1:])
        self._pairs = tuple(every)
        self._verdicts = Verdicts(self._pairs, question)
        self._alone = sequential_rule(names[0], question, span.max_blocks, len(names))
        self._next_look, self._next_doubt = FEWEST, FIRST_DOUBT

    def __call__(self, blocks: Sequence[Block]) -> str | None:
        """See `StopRule`."""
        running = frozenset(blocks[-1] if blocks else ()) & {self.reference, *self.others}
        if running and not self._can_compare(running):
            return self._alone(blocks)
        open_pairs = self._open(running)
        if len(blocks) >= self._next_look:
            self._next_look = max(len(blocks) + 1, math.ceil(len(blocks) * _LOOKS_GROW))
            self._verdicts.read(blocks, self._followed(running, open_pairs))
            open_pairs = self._open(running)
            self._let_go(running, open_pairs)
            if not open_pairs:
                return ALL_SURE
        lost = [self._verdicts.weighed(pair).in_vain for pair in open_pairs]
        if lost and all(lost):
            return lost[0]
        most = self._span.max_blocks
        if most is not None and len(blocks) >= most:
            return f"{most} blocks were the most allowed"
        return self._doubted(blocks, open_pairs)

    def open_judges(self) -> list[Judge]:
        """Those whose verdict is still wanted, as of the last look."""
        gone = self.left
        wanted = self._open(frozenset({self.reference, *self.others}) - gone.keys())
        return [self._verdicts.weighed(pair) for pair in wanted]

    def _can_compare(self, running: frozenset[str]) -> bool:
        """Is there a pair left to look at? Not where the reference failed, or all others did."""
        lost = self.reference not in running and self.reference not in self.left
        return len(running) > 1 and not (lost and not self.ranked)

    def _open(self, running: frozenset[str]) -> list[tuple[str, str]]:
        """The pairs whose verdict is still wanted."""
        return [
            (one, other)
            for one, other in self._pairs
            if {one, other} <= running
            and self._verdicts.of(one, other) is Verdict.UNDECIDED
            and (one == self.reference or self._may_lead(one, other))
        ]

    def _followed(
        self, running: frozenset[str], open_pairs: Sequence[tuple[str, str]]
    ) -> list[tuple[str, str]]:
        """The open pairs, and those that were sure and get further blocks, which may unsettle them.

        So a member leaves only where all of its verdicts are sure by what will be reported of them.
        """
        known = [pair for pair in self._pairs if set(pair) <= running and self._verdicts.has(pair)]
        return [*open_pairs, *(pair for pair in known if pair not in open_pairs)]

    def _may_lead(self, one: str, other: str) -> bool:
        """May both be the best of those that they are ranked among?"""
        shared = (field for field in self._fields if {one, other} <= field)
        return any(not (self._beaten(one, f) or self._beaten(other, f)) for f in shared)

    def _beaten(self, name: str, field: frozenset[str]) -> bool:
        """Is another one of these surely faster?"""
        return any(
            self._verdicts.of(name, other) is Verdict.FASTER for other in field if other != name
        )

    def _let_go(self, running: frozenset[str], open_pairs: Sequence[tuple[str, str]]) -> None:
        wanted = {name for pair in open_pairs for name in pair}
        for name in running - wanted:
            self.left.setdefault(name, "its verdict is sure")

    def _doubted(
        self, blocks: Sequence[Block], open_pairs: Sequence[tuple[str, str]]
    ) -> str | None:
        """Why a table ends whose time does not hold what is still open; None where it may."""
        if len(blocks) < self._next_doubt:
            return None
        self._next_doubt = math.ceil(len(blocks) * _DOUBT_GROWS)
        self._verdicts.read(blocks, open_pairs)
        weighed = [self._verdicts.weighed(pair).weighed for pair in open_pairs]
        needed = [each.needed(hopefully=True) for each in weighed if each is not None]
        if not needed or min(needed) <= self._span.holds(blocks):
            return None
        return OUT_OF_TIME


def ranked_sets(
    fields: Sequence[Sequence[str]], blocks: Sequence[Block], question: Question
) -> list[tuple[tuple[str, ...], ...]]:
    """The names of each field in sets, the best set first; the first field has every name.

    The first set has everyone whom nobody is surely faster than, the next one the same of the rest,
    and so on: within a set the order is not known.
    """
    names = fields[0]
    pairs = tuple(combinations(names, 2))
    verdicts = Verdicts(pairs, question)
    verdicts.read(blocks, pairs)
    faster = {
        name: frozenset(o for o in names if o != name and verdicts.of(name, o) is Verdict.FASTER)
        for name in names
    }
    return [_layers(field, faster) for field in fields]


def _layers(
    names: Sequence[str], faster: Mapping[str, frozenset[str]]
) -> tuple[tuple[str, ...], ...]:
    left, sets = list(names), []
    while left:
        # A circle of verdicts would leave nobody; then all of them are one set.
        best = [name for name in left if not faster[name] & set(left)] or left
        sets.append(tuple(best))
        left = [name for name in left if name not in best]
    return tuple(sets)
