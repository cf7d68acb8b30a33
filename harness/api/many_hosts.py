"""`harness.on_hosts`: the same comparison on several hosts of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

from harness.api.documenting import documented
from harness.api.on_clusters import cluster_of_comparison, result_of, spread, submitted
from harness.api.one_call import measuring
from harness.errors import UsageError
from harness.plugins import Executor
from harness.project.config import Config
from harness.running.host_results import HostsResult
from harness.running.keywords import (
    HostsOptions,
    RunOptions,
    check_keywords,
    comparison_settings,
    selected_cells,
    settings_of,
)
from harness.running.naming import TargetSpec
from harness.running.side_by_side import side_by_side

if TYPE_CHECKING:
    from harness.cluster.running import Request


@documented(HostsOptions)
def on_hosts(*targets: TargetSpec, **options: Unpack[HostsOptions]) -> HostsResult:
    """Repeat a comparison on each of several hosts, and say what holds for hosts not seen.

    Two or more are compared as `compare` does, else all is measured as `run` does: all sides on
    each host. Each host's run is stored by itself. Raises Detached after Ctrl-C, and UsageError for
    hosts that are not there.
    """
    check_keywords("on_hosts", options, HostsOptions)
    executor = cluster_of_comparison(options)
    if executor is None:
        raise UsageError(
            "`hosts` are nodes of a cluster", hint="Say which one by `executor`, such as slurm."
        )
    config, asked = requested_on_hosts(executor, targets, options)
    with measuring(config, {}) as session:
        asked = spread(session, asked, options.get("hosts", ""))
    return cast(HostsResult, result_of(*submitted(config, options, asked)))


def requested_on_hosts(
    executor: Executor, targets: tuple[TargetSpec, ...], options: HostsOptions
) -> tuple[Config, Request]:
    """What each of the hosts is to do, with the configuration."""
    from harness.cluster.requests import compare_request, run_request

    called = (targets, options)
    if len(targets) > 1:
        sides = side_by_side(targets, options)
        settings = comparison_settings(settings_of(options))
        named = (sides.config, sides.labels)
        return sides.config, compare_request(executor, named, settings, called)
    selected = selected_cells(targets, cast(RunOptions, options))
    return selected.config, run_request(executor, selected, settings_of(options), called)
