"""The figures of a race, block by block, and the choice of the time that it goes by; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.analysis.blocks import PairColumns, figures_of, pair_of
from harness.analysis.question import AUTO
from harness.analysis.schedule import Block
from harness.model import Metric, TrialRecord
from harness.model.figures import figure_of
from harness.model.noise import FEWEST
from harness.stats.ranks import median

CHOSEN_AFTER = 8
"""The pairs of reference and variant after which the time is chosen."""

_TIMES = (Metric.WALL.value, Metric.CPU.value)

_Row = dict[str, float]


class ColumnsOf:
    """Every member's figure of every block, as something of which less is better."""

    def __init__(self, names: Sequence[str], metric: str, higher_is_better: bool) -> None:
        """The first of the names is the reference."""
        self.names = tuple(names)
        self.metric = metric
        """`auto` until the time is chosen."""
        self.because = ""
        """Which time was chosen, and why; empty where none was."""
        self.present: frozenset[str] = frozenset()
        """The members of the latest block."""
        self._higher_is_better = higher_is_better
        self._rows: dict[str, list[_Row]] = {}
        """The blocks by each metric that is followed."""
        self._layouts: list[_Row] = []
        """Which layout of its build each member ran in, block by block."""
        self._pairs = PairColumns()
        """The reference beside each variant: what the choice of the time looks at."""
        self._read = self._given = 0

    def take(
        self, blocks: Sequence[Block]
    ) -> Iterator[tuple[Mapping[str, float], Mapping[str, float]]]:
        """Read the blocks that are new; of each that had none yet the figures by name, and in
        which layout of its build each ran.

        None are given before the time is chosen, and then those of all blocks.
        """
        for at in range(self._read, len(blocks)):
            self._add(blocks[at])
        self._read = len(blocks)
        self.present = frozenset(blocks[-1]) if blocks else frozenset()
        if self.metric == AUTO:
            if len(blocks) < FEWEST or len(self._pairs) < CHOSEN_AFTER:
                return
            # Only sizes and sums are looked at, never who is faster: the bets stay fair.
            # Not with the module: whoever asks what a race is told needs no numpy for it.
            from harness.stats.metric import choose_metric

            choice = choose_metric(self._pairs.times())
            self.metric, self.because = choice.metric.value, choice.because
        rows = self._rows.get(self.metric, [])
        yield from zip(rows[self._given :], self._layouts[self._given :], strict=True)
        self._given = len(rows)

    def known(self, name: str) -> list[float]:
        """The figures of a member that there are; by wall time while the time is not chosen."""
        metric = Metric.WALL.value if self.metric == AUTO else self.metric
        figures = (row[name] for row in self._rows.get(metric, ()))
        return [figure for figure in figures if not math.isnan(figure)]

    def _add(self, block: Block) -> None:
        followed = _TIMES if self.metric == AUTO else (self.metric,)
        for metric in followed:
            row = {name: self._figure(block.get(name, ()), metric) for name in self.names}
            self._rows.setdefault(metric, []).append(row)
        self._layouts.append({name: _layout(block.get(name, ())) for name in self.names})
        if self.metric == AUTO:
            for name in self.names[1:]:
                pair = pair_of(block, self.names[0], name)
                if pair is not None:
                    self._pairs.add(pair)

    def _figure(self, records: Iterable[TrialRecord], metric: str) -> float:
        """The figure of one member; NaN where it has none."""
        values = [value for record in records if (value := _value(record, metric)) > 0]
        if not values:
            return math.nan
        middle = median(values)
        return 1 / middle if self._higher_is_better else middle


def _layout(records: Iterable[TrialRecord]) -> float:
    """Which layout a member ran in; -1 where its build has but one."""
    found = (r.trial.layout for r in records if r.trial.ok and r.trial.layout is not None)
    return float(next(found, -1))


def _value(record: TrialRecord, metric: str) -> float:
    if Metric(metric).is_known:
        figures = figures_of(record)
        return math.nan if figures is None else figures.of(Metric(metric))
    return figure_of(record.trial, metric) if record.trial.ok else math.nan
