"""What a run would submit to a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from harness.api.on_clusters import cluster_of_sweep, demanded_scheduler
from harness.api.sweeps import requested_sweep
from harness.running.keywords import RunOptions, runs_of, selected_cells, settings_of
from harness.running.naming import TargetSpec
from harness.running.sweep_axes import is_sweep

if TYPE_CHECKING:
    from harness.cluster.running import Submission


def planned_run(*targets: TargetSpec, **options: Unpack[RunOptions]) -> Submission:
    """What `run` with the same arguments would submit to a cluster; nothing is made."""
    from harness.cluster.requests import run_request
    from harness.cluster.running import planned

    executor = demanded_scheduler(options)
    if is_sweep(options):
        cluster_of_sweep(options)
        config, swept = requested_sweep(executor, targets, options)
        return planned(config, runs_of(options, config), swept)
    selected = selected_cells(targets, options)
    asked = run_request(executor, selected, settings_of(options), (targets, options))
    return planned(selected.config, runs_of(options, selected.config), asked)
