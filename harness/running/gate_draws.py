"""A gate's outputs on further draws, untimed: its blocks see a handful of inputs of a case.

A change that is wrong for few of them would pass. Base tells what is right; it takes what blocks
have left of the gate's budget, of which a part is kept for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.frozen import dataclass
from harness.model import Case
from harness.model.draws import Seeds
from harness.running.cells import Cell, Ready
from harness.running.further_draws import END_FURTHER_NS, BothSides, check_further
from harness.running.gate_results import GateRow, GateStatus
from harness.running.reports import Report
from harness.running.session import Session
from harness.running.settings import Settings

_PART = 10
"""One of as many parts of a budget is kept for further draws, where a case draws any."""


@dataclass(frozen=True, slots=True)
class DrawsTime:
    """What of a gate's time is kept for further draws."""

    settings: Settings
    """Those of the timed run, whose budget is what is left."""
    drawing: int
    """How many pairs have a case that draws anything."""
    each_ns: int
    """For each of these."""

    @classmethod
    def of(cls, settings: Settings, cases: Sequence[Case]) -> DrawsTime:
        """What is kept for pairs on these cases."""
        drawing = sum(_draws(case, settings.seeds) for case in cases)
        budget_ns = settings.budget_ns
        if budget_ns is None or not drawing:
            return cls(settings, drawing, END_FURTHER_NS)
        each_ns = min(END_FURTHER_NS, budget_ns // _PART // drawing)
        left = replace(settings, budget_ns=budget_ns - each_ns * drawing)
        return cls(left, drawing, each_ns)

    def after(self, spent_ns: int) -> int:
        """What there is for each pair that draws, with what a run of this time left over."""
        if self.settings.budget_ns is None or not self.drawing:
            return self.each_ns
        over_ns = max(self.settings.budget_ns - spent_ns, 0) // self.drawing
        return min(self.each_ns + over_ns, END_FURTHER_NS)


def on_further_draws(
    session: Session, report: Report, pair: tuple[Cell, Cell], row: GateRow, for_ns: int
) -> GateRow:
    """The row of a pair (base and head) that was timed, with what further draws say of head.

    A program that leaves no time for some is not tried: one draw more would say nothing.
    """
    longest_ns = max((m.wall_ns.point for m in (row.base, row.head) if m and m.wall_ns), default=0)
    if row.comparison is None or report.interrupted or longest_ns > for_ns / 2:
        return row
    group = next(g for g in report.groups if any(m.cell.key == pair[1].key for m in g.members))
    ready = {m.cell.key: (m.adapter, m.build) for m in group.members if isinstance(m, Ready)}
    base, head = (ready[cell.key] for cell in pair)
    both = BothSides(base, head, pair[1].task, for_ns=for_ns)
    found = check_further(session, both, pair[1].case, group.draws.seeds)
    if found.wrong is None:
        return replace(row, further_draws=found.draws)
    why = f"on a further draw: {found.wrong.summary}"
    return replace(row, status=GateStatus.OTHER_OUTPUT, why=why, further_draws=found.draws)


def _draws(case: Case, seeds: Seeds) -> bool:
    return bool(case.drawn_names(seeds) or (case.holdout and seeds is not Seeds.FIXED))
