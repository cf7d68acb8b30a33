"""Finds plugins by entry point and speaks to each through a typed facade.

Adapters, with the cross-cutting and metric plugins that wrap their hooks, stand in `adapter` and
`installed`; proposers, exporters and executors are each a `SinglePlugin`.

Each adapter has a PluginManager of its own: with two adapters in one manager a `firstresult` hook
would go to whichever was registered last. Plugins of the group `harness.plugins` are registered
with every adapter: they may wrap any of its hooks, and answer the optional ones where the adapter
itself has no answer.

Whatever is wrong with one plugin is said with its name and the distribution that brings it, and
takes nothing else down: a name that two packages claim is refused when it is asked for, and a
cross-cutting plugin that does not serve is left out and named on standard error.
"""

from harness.plugins.adapter import REQUIRED_HOOKS, Adapter, CrossCutting
from harness.plugins.executor import Executor
from harness.plugins.exporter import Exporter
from harness.plugins.found import Installed, Problem
from harness.plugins.installed import Adapters, demand_metrics, metric_names, serving_metrics
from harness.plugins.proposer import Proposer

__all__ = [
    "REQUIRED_HOOKS",
    "Adapter",
    "Adapters",
    "CrossCutting",
    "Executor",
    "Exporter",
    "Installed",
    "Problem",
    "Proposer",
    "demand_metrics",
    "metric_names",
    "serving_metrics",
]
