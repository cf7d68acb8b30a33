"""Where targets that a gate refuses became slower: both sides profiled, function by function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.profiles.slowed import SlowedFunction, slowed_function
from harness.profiling.making import profile_cell
from harness.profiling.turns import FEWEST_TRIALS, ProfileRequest
from harness.project.state_folder import PROFILES
from harness.running.cells import Cell
from harness.running.gate import Gate
from harness.running.gate_results import GateRow, GateStatus, worst_first

MOST = 3
"""So many targets are profiled at most, the slowest first: it takes a few seconds each."""


def located(gate: Gate, rows: Sequence[GateRow], cells: Sequence[Cell]) -> list[GateRow]:
    """The rows, those of the slowest targets with the function that took the further time.

    A target without a profiler, or whose profiles show no such function, is left as it is.
    """
    by_key = {cell.key: cell for cell in cells}
    slower = [row for row in worst_first(rows) if row.status is GateStatus.REGRESSED]
    found = {}
    for row in slower[:MOST]:
        why = "no function of its own sources stands out (a build of your own wants -g)"
        try:
            cell = by_key.get(row.key)
            if cell is None:
                raise UsageError("the benchmarks of a suite are not profiled")
            found[row.key] = _slowed(gate, row, cell)
        except HarnessError as problem:
            why = problem.message
        if found.get(row.key) is None:
            gate.session.tell(f"{row.name}: where it is slower is not known: {why}")
    return [replace(row, slowed=found.get(row.key)) for row in rows]


def _slowed(gate: Gate, row: GateRow, cell: Cell) -> SlowedFunction | None:
    assert row.comparison is not None
    folder, orchestrator = gate.session.state / PROFILES, gate.session.orchestrator
    before, after = (
        profile_cell(orchestrator, folder, ProfileRequest(side, trials=FEWEST_TRIALS, revision=at))
        for side, at in ((gate.before(cell), gate.base.commit), (cell, ""))
    )
    if before.spots is None or after.spots is None:
        return None
    found = slowed_function(before.spots, after.spots, 1 / row.comparison.ratio.point)
    return None if found is None else _in_the_repository(found, gate)


def _in_the_repository(found: SlowedFunction, gate: Gate) -> SlowedFunction | None:
    """The same with its file's path from the repository's top; None for a file outside."""
    root = gate.session.config.root
    path = Path(root, found.file).resolve()
    if not path.is_file() or not path.is_relative_to(gate.copy.original):
        return None
    return replace(found, file=path.relative_to(gate.copy.original).as_posix())
