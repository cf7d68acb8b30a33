"""`harness.sweep`: how times change with a parameter, threads, or what a build is made with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Unpack

from harness.api.documenting import documented
from harness.api.one_call import Interrupted, measuring
from harness.errors import UsageError
from harness.running.cells import Cell
from harness.running.executing import LOCAL
from harness.running.keywords import (
    RunOptions,
    check_keywords,
    selected_cells,
    settings_of,
)
from harness.running.naming import TargetSpec
from harness.running.session import Session
from harness.running.side_by_side import side_by_side
from harness.running.sweep_axes import sweep_of
from harness.running.sweep_results import SweepResult
from harness.running.sweeping import SweepRequest, measure_sweep


@documented(RunOptions)
def sweep(*targets: TargetSpec, **options: Unpack[RunOptions]) -> SweepResult:
    """Measure targets at every point of a sweep: as `run` does, of two or more as `compare` does.

    One run has a case for each point, and all verdicts hold together at `confidence`. Raises
    Interrupted after Ctrl-C (`resume=True` goes on), and UsageError for what makes no sense.
    """
    check_keywords("sweep", options, RunOptions)
    if options.get("executor", LOCAL) != LOCAL:
        raise UsageError("a sweep is run here: its points are compared with each other")
    asked = SweepRequest(
        sweep_of(options.get("sweep"), options.get("matrix")),
        settings_of(options),
        resume=bool(options.get("resume")),
        however_long=bool(options.get("yes")),
    )
    with _bases(targets, options, asked) as (session, bases):
        result = measure_sweep(session, bases, asked)
    if result.interrupted:
        raise Interrupted(result)
    return result


@contextlib.contextmanager
def _bases(
    targets: tuple[TargetSpec, ...], options: RunOptions, asked: SweepRequest
) -> Iterator[tuple[Session, list[Cell]]]:
    """A session with the cells that are swept: those of `compare` for two, else of `run`."""
    if len(targets) > 1:
        sides = side_by_side(targets, options)
        with measuring(sides.config, options, asked.settings, apart=sides.apart) as session:
            for note in sides.notes:
                session.tell(note)
            with sides.cells(session, options.get("case")) as cells:
                yield session, cells
        return
    selected = selected_cells(targets, options)
    with measuring(selected.config, options, asked.settings) as session:
        yield session, list(selected.cells)
