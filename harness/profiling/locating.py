"""Where targets that a gate refuses became slower: both sides profiled, function by function."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.model import Profile
from harness.profiles.slowed import NotLocated, SlowedFunction, slowed_function
from harness.profiling.making import profile_cell
from harness.profiling.turns import FEWEST_TRIALS, ProfileRequest
from harness.project.state_folder import PROFILES
from harness.running.cells import Cell
from harness.running.gate import Gate
from harness.running.gate_results import GateRow, GateStatus, worst_first

MOST = 3
"""So many targets are profiled at most, the slowest first: it takes a few seconds each."""
LOOKS = 6
"""So often the profiles of a target are looked at, which are added up: each time twice as many."""
MOST_SECONDS = 20.0
"""No further profile of a target is begun after this time."""


def located(gate: Gate, rows: Sequence[GateRow], cells: Sequence[Cell]) -> list[GateRow]:
    """The rows, those of the slowest targets with the function that took the further time.

    A target without a profiler, or whose profiles show no such function, is left as it is.
    """
    by_key = {cell.key: cell for cell in cells}
    slower = [row for row in worst_first(rows) if row.status is GateStatus.REGRESSED]
    found = {}
    for row in slower[:MOST]:
        told: SlowedFunction | NotLocated
        try:
            cell = by_key.get(row.key)
            if cell is None:
                raise UsageError("the benchmarks of a suite are not profiled")
            told = _slowed(gate, row, cell)
        except HarnessError as problem:
            told = NotLocated(problem.message)
        if isinstance(told, SlowedFunction):
            found[row.key] = told
        else:
            gate.session.tell(f"{row.name}: where it is slower is not known: {told.why}")
    return [replace(row, slowed=found.get(row.key)) for row in rows]


def _slowed(gate: Gate, row: GateRow, cell: Cell) -> SlowedFunction | NotLocated:
    assert row.comparison is not None
    ratio = row.comparison.ratio
    times = 1 / ratio.high, (1 / ratio.low if ratio.low > 0 else math.inf)
    folder = gate.session.state / PROFILES
    sides = (gate.before(cell), gate.base.commit), (cell, "")
    profiles: tuple[list[Profile], list[Profile]] = ([], [])
    found: SlowedFunction | NotLocated = NotLocated("there was no profile")
    ends_s = time.monotonic() + MOST_SECONDS
    for look in range(LOOKS):
        for _ in range(max(1, len(profiles[0]))):  # twice as many samples at each look
            for (side, revision), kept in zip(sides, profiles, strict=True):
                request = ProfileRequest(side, trials=FEWEST_TRIALS, revision=revision)
                report = profile_cell(gate.session.orchestrator, folder, request)
                if report.spots is None:
                    return NotLocated("its profiler tells no functions")
                kept.append(report.spots)
            if look and time.monotonic() > ends_s:
                return found
        found = slowed_function(*profiles, times, looks=LOOKS)
        if isinstance(found, SlowedFunction):
            return _in_the_repository(found, gate)
        if not found.more_tells or time.monotonic() > ends_s:
            break
    return found


def _in_the_repository(found: SlowedFunction, gate: Gate) -> SlowedFunction | NotLocated:
    """The same with its file's path from the repository's top; a file outside is not named."""
    root = gate.session.config.root
    path = Path(root, found.file).resolve()
    if not path.is_file() or not path.is_relative_to(gate.copy.original):
        return NotLocated(f"{found.function} is in {found.file}, outside of the repository")
    return replace(found, file=path.relative_to(gate.copy.original).as_posix())
