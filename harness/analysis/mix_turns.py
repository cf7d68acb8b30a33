"""Which two mixes run in each block, and when enough of them are measured; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.analysis.blocks import Pair, PairColumns, block_ns, pair_of
from harness.analysis.factorial import Factorial, Halves
from harness.analysis.question import AUTO
from harness.analysis.race_columns import CHOSEN_AFTER
from harness.analysis.schedule import Block
from harness.analysis.screening import EACH_KNOWN, TIME_IS_OVER
from harness.frozen import dataclass
from harness.model import Metric

if TYPE_CHECKING:
    from harness.stats.metric import MetricChoice

FIRST_ASKED = 12
"""Blocks after which it is asked for the first time whether the time holds an answer."""
_ASKED_AGAIN = 1.5
NONE_IN_TIME = "the time does not tell of those that are left whether they gain"
ALL_RUN = "all mixes have run"


@dataclass(frozen=True, slots=True)
class MixTurn:
    """A block: which variants are in which of its two mixes, and the cells that these are."""

    halves: Halves
    one: str
    other: str


class MixFigures:
    """The log-ratios of mixes, by the time that the field goes by."""

    def __init__(self, metric: str) -> None:
        """`metric` may be `auto`: then the first blocks choose it."""
        self.metric = metric
        self.because = ""
        """Which time was chosen, and why; empty where none was."""
        self.blocks = 0
        """How many there were."""
        self._first: list[tuple[Halves, Pair]] = []
        """Those before the time was chosen."""

    def take(self, halves: Halves, pair: Pair) -> list[tuple[Halves, float]]:
        """Take in a block; the blocks whose log-ratio is known now, and was not before."""
        self.blocks += 1
        self._first.append((halves, pair))
        if self.metric == AUTO:
            if self.blocks < CHOSEN_AFTER:
                return []
            choice = self._choice()
            self.metric, self.because = choice.metric.value, choice.because
        return self._said(Metric(self.metric))

    def rest(self) -> list[tuple[Halves, float]]:
        """What blocks say that were too few to choose a time, by the one that they would choose.

        For when no more of them come: the time of what follows is still to be chosen.
        """
        return self._said(self._choice().metric) if self._first else []

    def _said(self, metric: Metric) -> list[tuple[Halves, float]]:
        known, self._first = self._first, []
        return [(halves, _log_ratio(pair, metric)) for halves, pair in known]

    def _choice(self) -> MetricChoice:
        """Only sizes and sums are looked at, never who is faster: the bets stay fair."""
        from harness.stats.metric import choose_metric

        columns = PairColumns()
        for _, pair in self._first:
            columns.add(pair)
        return choose_metric(columns.times())


def _log_ratio(pair: Pair, metric: Metric) -> float:
    """log(time of `one` / time of `other`); NaN where either is not known."""
    one, other = (side.of(metric) for side in (pair.reference, pair.candidate))
    return math.log(one / other) if one > 0 and other > 0 else math.nan


class MixTurns:
    """The stop rule of a run of mixes; `left` are all cells but the two whose turn it is."""

    def __init__(
        self,
        factorial: Factorial,
        figures: MixFigures,
        turns: Sequence[MixTurn],
        cells: Sequence[str],
        until_ns: float,
    ) -> None:
        """`cells`: all cells of the run, by name; `until_ns`: how long its blocks may take."""
        self.left: dict[str, str] = {}
        self.broken = ""
        """What became of a mix that did not end well; empty: all have."""
        self.failed: tuple[tuple[str, ...], str] = ((), "")
        """The variants that it had, and what it was given."""
        self._factorial, self._figures = factorial, figures
        self._turns, self._cells = turns, cells
        self._until_ns = until_ns
        self._next_asked = max(FIRST_ASKED, figures.blocks + 1)
        self._read = 0
        self._make_room()

    def __call__(self, blocks: Sequence[Block]) -> str | None:
        """See `StopRule`."""
        for block in blocks[self._read :]:
            self._take(self._turns[self._read], block)
            self._read += 1
        self._factorial.look()
        self._make_room()
        return self._ended(blocks)

    def _make_room(self) -> None:
        """Has all leave but those whose turn is next."""
        self.left.clear()
        if self._read < len(self._turns):
            turn = self._turns[self._read]
            others = (name for name in self._cells if name not in (turn.one, turn.other))
            self.left.update(dict.fromkeys(others, "its turn is later"))

    def _take(self, turn: MixTurn, block: Block) -> None:
        pair = pair_of(block, turn.one, turn.other)
        if pair is None:
            self._note_broken(turn, block)
            return
        for halves, log_ratio in self._figures.take(turn.halves, pair):
            self._factorial.take(halves, log_ratio)

    def _note_broken(self, turn: MixTurn, block: Block) -> None:
        sides = ((turn.one, turn.halves.one), (turn.other, turn.halves.other))
        for name, mix in sides:
            for record in block.get(name, ()):
                if not record.trial.ok:
                    self.broken = record.trial.message or record.trial.status.value
                    self.failed = mix, record.draw
                    return
        self.broken = "a trial has no figure"

    def _ended(self, blocks: Sequence[Block]) -> str | None:
        if self.broken:
            return self.broken
        if not self._factorial.open:
            return EACH_KNOWN
        left = self._until_ns / max(block_ns(blocks), 1.0) - len(blocks)
        if left < 1:
            return TIME_IS_OVER
        if self._figures.blocks >= self._next_asked:
            self._next_asked = math.ceil(self._figures.blocks * _ASKED_AGAIN)
            if not self._factorial.holds(left):
                return NONE_IN_TIME
        return ALL_RUN if len(blocks) >= len(self._turns) else None
