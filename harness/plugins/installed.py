"""The installed adapters, by entry point."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import AdapterError, AdapterNotFound, PluginFailed
from harness.model.suggesting import did_you_mean
from harness.plugins.adapter import Adapter, CrossCutting, check_other
from harness.plugins.found import (
    OURS,
    Installed,
    Problem,
    chosen_of,
    claims_of,
    entry_facts,
    import_plugin,
    say,
    the_one,
    unknown,
)
from harness.plugins.offered import entry_points

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ADAPTER_GROUP = "harness.adapters"
PLUGIN_GROUP = "harness.plugins"
METRIC_GROUP = "harness.metrics"


def metric_plugins(
    names: Iterable[str], found: Iterable[EntryPoint] | None = None
) -> Mapping[str, list[EntryPoint]]:
    """The installed metric plugins of these names; UsageError lists what there is."""
    claims = claims_of(entry_points(group=METRIC_GROUP) if found is None else found)
    for name in names:
        if name not in claims:
            raise unknown(name, "metric plugin", claims)
    return {name: claims[name] for name in names}


def metric_names() -> tuple[str, ...]:
    """The names of the installed metric plugins."""
    return tuple(sorted(claims_of(entry_points(group=METRIC_GROUP))))


def serving_metrics(
    report: Callable[[Problem], None], found: Iterable[EntryPoint] | None = None
) -> Iterator[Installed]:
    """The installed metric plugins that can serve, by name; `report` is told of each other one."""
    claims = claims_of(entry_points(group=METRIC_GROUP) if found is None else found)
    for name, points in sorted(claims.items()):
        try:
            yield _tried(points, report)
        except (AdapterError, PluginFailed) as problem:
            whose = entry_facts(points[0]).distribution
            report(Problem(name, whose, problem.message, problem.hint))


def demand_metrics(names: Iterable[str], found: Iterable[EntryPoint] | None = None) -> None:
    """AdapterError where a metric plugin of these names cannot serve, UsageError for no such one.

    Asked before anything is measured: who asks for a figure by name wants it, or to know why not.
    """
    for name, points in metric_plugins(names, found).items():
        try:
            _tried(points, say)
        except (AdapterError, PluginFailed) as problem:
            raise AdapterError(
                f"metric plugin {name!r} cannot serve: {problem.message}", hint=problem.hint
            ) from problem


def _tried(points: Sequence[EntryPoint], report: Callable[[Problem], None]) -> Installed:
    """The one that serves of the claimants of a name, imported and checked."""
    point = the_one(points, "metric plugin", report)
    check_other(point.name, import_plugin(point, "metric plugin"), entry_facts(point))
    return entry_facts(point)


class Adapters:
    """The installed adapters, loaded when they are asked for."""

    def __init__(
        self,
        found: Iterable[EntryPoint] | None = None,
        plugins: Iterable[EntryPoint] | None = None,
        report: Callable[[Problem], None] | None = None,
        metrics: Iterable[str] = (),
    ) -> None:
        """`found`, `plugins`: in place of the installed entry points of the two groups.

        `metrics` names the metric plugins that take part; UsageError for one that is not
        installed. `report` is told of each plugin that is left out; otherwise it is said on
        standard error.
        """
        self._claims = claims_of(entry_points(group=ADAPTER_GROUP) if found is None else found)
        self._plugins = claims_of(entry_points(group=PLUGIN_GROUP) if plugins is None else plugins)
        self._plugins = {**self._plugins, **metric_plugins(metrics)}
        self._others = CrossCutting(report=report or say)
        self._loaded: dict[str, Adapter] = {}
        self._found_others = False

    def installed(self) -> list[Installed]:
        """The adapters that are installed, by name; each claimant of a name that several claim."""
        return [
            entry_facts(p) for _, points in sorted(self._claims.items()) for p in chosen_of(points)
        ]

    def plugins(self) -> list[Installed]:
        """The cross-cutting plugins that are installed, by name."""
        return [
            entry_facts(point) for _, points in sorted(self._plugins.items()) for point in points
        ]

    def suffixes(self) -> dict[str, str]:
        """The adapters of other packages by the suffix of a source that each states, if it does.

        One that does not import is passed over here: whoever asks for it by name hears why.
        """
        stated: dict[str, str] = {}
        for name in [each.name for each in self.installed() if each.distribution != OURS]:
            with contextlib.suppress(AdapterError, PluginFailed):
                suffix = self.get(name).suffix
                if suffix:
                    stated.setdefault(suffix, name)
        return stated

    def left_out(self) -> Mapping[str, str]:
        """The plugins that had to be left out so far, each with its reason."""
        return {problem.name: problem.message for problem in self._others.problems}

    def get(self, name: str) -> Adapter:
        """The adapter of that name, loaded.

        Raises AdapterNotFound with the near name, AdapterError where several packages claim the
        name, PluginFailed where its module does not import or does not fit the contract.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Adapter:
        if name not in self._claims:
            raise AdapterNotFound(
                f"no adapter named {name!r}; installed: {', '.join(sorted(self._claims))}",
                hint=did_you_mean(name.lower(), self._claims)
                or "`harness adapters` lists them; pip install the package that brings it.",
            )
        point = the_one(self._claims[name], "adapter", self._others.report)
        self._find_others()
        return Adapter(name, import_plugin(point, "adapter"), self._others, entry_facts(point))

    def _find_others(self) -> None:
        """Import the cross-cutting plugins, once; leave out those that do not import."""
        if self._found_others:
            return
        self._found_others = True
        for name, points in sorted(self._plugins.items()):
            self._others.origins[name] = entry_facts(points[0])
            try:
                point = the_one(points, "plugin", self._others.report)
                self._others.plugins[name] = import_plugin(point, "plugin")
                self._others.origins[name] = entry_facts(point)
            except (AdapterError, PluginFailed) as problem:
                self._others.drop(name, problem)
