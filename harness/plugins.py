"""Finds adapters by entry point and speaks to each through a typed facade.

Each adapter has a PluginManager of its own: with two adapters in one manager a `firstresult` hook
would go to whichever was registered last. Plugins of the group `harness.plugins` are registered
with every adapter and may wrap any of its hooks.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar, cast

import pluggy

from harness import hookspecs
from harness.errors import AdapterError, AdapterNotFound, HarnessError, PluginFailed
from harness.hookspecs import Runner
from harness.model import (
    Agreement,
    Build,
    Case,
    Output,
    Profile,
    ProfilePlan,
    Target,
    Tolerance,
    Toolchain,
    Trial,
    TrialPlan,
)

ADAPTER_GROUP = "harness.adapters"
PLUGIN_GROUP = "harness.plugins"

_Result = TypeVar("_Result")

REQUIRED_HOOKS = ("harness_probe", "harness_build", "harness_run", "harness_time")


@dataclass(frozen=True, slots=True)
class InstalledAdapter:
    """An adapter that some installed distribution offers; not loaded yet."""

    name: str
    module: str
    distribution: str
    version: str


class Adapter:
    """One adapter's hooks as ordinary typed methods.

    Every method raises what the hook may raise; anything else that a plugin raises becomes a
    PluginFailed that names the adapter and the hook, and so does a missing or mistyped result.
    """

    def __init__(self, name: str, plugin: object, others: Iterable[tuple[str, object]] = ()):
        self.name = name
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs.AdapterSpec)
        try:
            manager.register(plugin, name)
            for other, plug in others:
                manager.register(plug, other)
            manager.check_pending()
        except pluggy.PluginValidationError as problem:
            raise PluginFailed(
                f"adapter {name!r} does not fit the contract: {problem}",
                hint="Hooks and their parameters stand in harness/hookspecs.py.",
            ) from problem
        missing = [h for h in REQUIRED_HOOKS if not getattr(manager.hook, h).get_hookimpls()]
        if missing:
            raise PluginFailed(
                f"adapter {name!r} does not implement {', '.join(missing)}",
                hint="These hooks are required; see docs/adapters.md.",
            )
        self._hooks = manager.hook

    def probe(self, runner: Runner) -> Toolchain:
        return self._required("harness_probe", Toolchain, runner=runner)

    def build(self, target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
        return self._required(
            "harness_build",
            Build,
            target=target,
            toolchain=toolchain,
            workdir=workdir,
            runner=runner,
        )

    def run(self, build: Build, case: Case, runner: Runner) -> Output:
        return self._required("harness_run", Output, build=build, case=case, runner=runner)

    def time(self, build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
        return self._required(
            "harness_time", Trial, build=build, case=case, plan=plan, runner=runner
        )

    def profile(
        self, build: Build, case: Case, plan: ProfilePlan, runner: Runner
    ) -> Profile | None:
        return self._optional(
            "harness_profile", Profile, build=build, case=case, plan=plan, runner=runner
        )

    def compare(self, expected: Output, actual: Output, tolerance: Tolerance) -> Agreement | None:
        return self._optional(
            "harness_compare", Agreement, expected=expected, actual=actual, tolerance=tolerance
        )

    def compares(self) -> bool:
        """Does this adapter bring its own comparison?"""
        return bool(self._hooks.harness_compare.get_hookimpls())

    def _required(self, hook: str, kind: type[_Result], **arguments: Any) -> _Result:
        result = self._optional(hook, kind, **arguments)
        if result is None:
            raise PluginFailed(f"adapter {self.name!r}: {hook} returned nothing")
        return result

    def _optional(self, hook: str, kind: type[_Result], **arguments: Any) -> _Result | None:
        call = cast(Callable[..., object], getattr(self._hooks, hook))
        try:
            result = call(**arguments)
        except HarnessError:
            raise
        except Exception as problem:
            raise PluginFailed(
                f"adapter {self.name!r}: {hook} raised {type(problem).__name__}: {problem}",
                hint="This is a bug of the adapter; the traceback is kept with the error.",
            ) from problem
        if result is not None and not isinstance(result, kind):
            raise PluginFailed(
                f"adapter {self.name!r}: {hook} returned {type(result).__name__},"
                f" want {kind.__name__}"
            )
        return result


class Adapters:
    """The installed adapters, loaded when they are asked for."""

    def __init__(self, found: Iterable[EntryPoint] | None = None) -> None:
        points = list(entry_points(group=ADAPTER_GROUP) if found is None else found)
        unique = {(p.name, p.value): p for p in points}
        counts = Counter(name for name, _ in unique)
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            rivals = ", ".join(f"{n} = {v}" for n, v in sorted(unique) if n in twice)
            raise AdapterError(
                f"several installed packages register the same adapter name: {rivals}",
                hint="Uninstall all but one of them.",
            )
        self._points = {p.name: p for p in unique.values()}
        self._loaded: dict[str, Adapter] = {}

    def installed(self) -> list[InstalledAdapter]:
        """What is installed, by name."""
        return [
            InstalledAdapter(
                name=point.name,
                module=point.value,
                distribution=point.dist.name if point.dist else "",
                version=point.dist.version if point.dist else "",
            )
            for _, point in sorted(self._points.items())
        ]

    def get(self, name: str) -> Adapter:
        """The adapter of that name, loaded.

        Raises AdapterNotFound with the near name, PluginFailed where its module does not import
        or does not fit the contract.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Adapter:
        if name not in self._points:
            near = difflib.get_close_matches(name, self._points, n=1, cutoff=0.4)
            raise AdapterNotFound(
                f"no adapter named {name!r}; installed: {', '.join(sorted(self._points))}",
                hint=f"Did you mean {near[0]!r}?"
                if near
                else "`harness adapters` lists them; pip install the package that brings it.",
            )
        plugin = _import(self._points[name])
        others = [(p.name, _import(p)) for p in entry_points(group=PLUGIN_GROUP)]
        return Adapter(name, plugin, others)


def _import(point: EntryPoint) -> object:
    try:
        return cast(object, point.load())
    except Exception as problem:
        raise PluginFailed(
            f"plugin {point.name!r} ({point.value}) cannot be imported:"
            f" {type(problem).__name__}: {problem}"
        ) from problem
