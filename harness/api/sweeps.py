"""`harness.sweep`: how times change with a parameter, threads, or what a build is made with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Unpack, cast

from harness.api.documenting import documented
from harness.api.on_clusters import cluster_of_sweep, result_of_request
from harness.api.one_call import Interrupted, measuring
from harness.plugins import Executor
from harness.project.config import Config
from harness.running.cells import Cell
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

if TYPE_CHECKING:
    from harness.cluster.running import Request


@documented(RunOptions)
def sweep(*targets: TargetSpec, **options: Unpack[RunOptions]) -> SweepResult:
    """Measure targets at every point of a sweep: as `run` does, of two or more as `compare` does.

    One run has a case for each point, and all verdicts hold together at `confidence`. Raises
    Interrupted after Ctrl-C (`resume=True` goes on), and UsageError for what makes no sense.
    """
    check_keywords("sweep", options, RunOptions)
    cluster = cluster_of_sweep(options)
    asked = SweepRequest(
        sweep_of(options.get("sweep"), options.get("matrix")),
        settings_of(options),
        resume=bool(options.get("resume")),
        however_long=bool(options.get("yes")),
        point=options.get("point"),
    )
    if cluster is not None:
        config, request = requested_sweep(cluster, targets, options)
        return cast(SweepResult, result_of_request(config, options, request))
    with _bases(targets, options, asked) as (session, bases):
        result = measure_sweep(session, bases, asked)
    if result.interrupted:
        raise Interrupted(result)
    return result


def requested_sweep(
    executor: Executor, targets: tuple[TargetSpec, ...], options: RunOptions
) -> tuple[Config, Request]:
    """The shards that the same sweep is on a cluster, with the configuration."""
    from harness.cluster.sweep_requests import sweep_of_run, sweep_of_sides

    swept = sweep_of(options.get("sweep"), options.get("matrix")), settings_of(options)
    if len(targets) > 1:
        sides = side_by_side(targets, options)
        named = (sides.config, sides.labels)
        return sides.config, sweep_of_sides(executor, named, swept, (targets, options))
    selected = selected_cells(targets, options)
    return selected.config, sweep_of_run(executor, selected, swept, (targets, options))


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
