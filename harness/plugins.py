"""Finds adapters by entry point and speaks to each through a typed facade.

Each adapter has a PluginManager of its own: with two adapters in one manager a `firstresult` hook
would go to whichever was registered last. Plugins of the group `harness.plugins` are registered
with every adapter: they may wrap any of its hooks, and answer the optional ones where the adapter
itself has no answer.
"""

from __future__ import annotations

import difflib
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar, cast

import pluggy

from harness import hookspecs
from harness.errors import AdapterError, AdapterNotFound, HarnessError, PluginFailed, UsageError
from harness.hookspecs import Runner
from harness.model import (
    Agreement,
    Brief,
    Build,
    Case,
    Output,
    Profile,
    ProfilePlan,
    Proposal,
    Reflection,
    Target,
    Tolerance,
    Toolchain,
    Trial,
    TrialPlan,
)

ADAPTER_GROUP = "harness.adapters"
PLUGIN_GROUP = "harness.plugins"
PROPOSER_GROUP = "harness.proposers"

_Result = TypeVar("_Result")

REQUIRED_HOOKS = ("harness_probe", "harness_build", "harness_run", "harness_time")


@dataclass(frozen=True, slots=True)
class Installed:
    """An adapter or plugin that some installed distribution offers; not loaded yet."""

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
        """`others`: cross-cutting plugins by name, which may wrap any hook of this adapter."""
        self.name = name
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs.AdapterSpec)
        try:
            for other, plug in others:  # before the adapter, whose own answer is asked for first
                manager.register(plug, other)
            manager.register(plugin, name)
            manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as problem:
            raise PluginFailed(
                f"adapter {name!r} does not fit the contract: {problem}",
                hint="Hooks and their parameters stand in harness/hookspecs.py.",
            ) from problem
        self._hooks = manager.hook
        self._check_required(plugin)

    def _check_required(self, plugin: object) -> None:
        """The adapter itself, and nobody in its place, implements what is required."""
        missing = []
        for hook in REQUIRED_HOOKS:
            by = [impl.plugin_name for impl in self._implementations(hook)]
            strangers = [name for name in by if name != self.name]
            if strangers:
                raise PluginFailed(
                    f"plugin {strangers[0]!r} implements {hook}, which belongs to the adapter",
                    hint="A cross-cutting plugin wraps it: @hookimpl(wrapper=True).",
                )
            if not by:
                missing.append(hook)
        if missing:
            unmarked = [hook for hook in missing if callable(getattr(plugin, hook, None))]
            raise PluginFailed(
                f"adapter {self.name!r} does not implement {', '.join(missing)}",
                hint=f"{', '.join(unmarked)}: there, but not marked with @hookimpl."
                if unmarked
                else "These hooks are required; see docs/adapters.md.",
            )

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        """Who answers a hook; wrappers only pass answers on."""
        implementations = getattr(self._hooks, hook).get_hookimpls()
        return [impl for impl in implementations if not (impl.wrapper or impl.hookwrapper)]

    def probe(self, runner: Runner, target: Target | None = None) -> Toolchain:
        return self._required("harness_probe", Toolchain, runner=runner, target=target)

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
        """Does this adapter, or a plugin on its behalf, bring a comparison of its own?"""
        return bool(self._implementations("harness_compare"))

    def _required(self, hook: str, kind: type[_Result], **arguments: Any) -> _Result:
        result = self._optional(hook, kind, **arguments)
        if result is None:
            raise PluginFailed(
                f"adapter {self.name!r}: {hook} returned nothing, want {kind.__name__}"
            )
        return result

    def _optional(self, hook: str, kind: type[_Result], **arguments: Any) -> _Result | None:
        call = cast(Callable[..., object], getattr(self._hooks, hook))
        try:
            result = call(**arguments)
        except HarnessError:
            raise
        except (Exception, SystemExit) as problem:
            raise PluginFailed(
                f"{self._culprit(hook, problem)}: {hook} raised"
                f" {type(problem).__name__}: {problem}",
                hint="This is a bug of the plugin, not of your program.",
            ) from problem
        if result is not None and not isinstance(result, kind):
            raise PluginFailed(
                f"adapter {self.name!r}: {hook} returned {type(result).__name__},"
                f" want {kind.__name__}"
            )
        return result

    def _culprit(self, hook: str, problem: BaseException) -> str:
        """The adapter by name, and the cross-cutting plugin if the error came out of that."""
        owners = {
            impl.function.__code__: impl.plugin_name
            for impl in getattr(self._hooks, hook).get_hookimpls()
            if hasattr(impl.function, "__code__")
        }
        frames = [frame.f_code for frame, _ in traceback.walk_tb(problem.__traceback__)]
        owner = next((owners[code] for code in reversed(frames) if code in owners), self.name)
        wrapped = f", plugin {owner!r}" if owner != self.name else ""
        return f"adapter {self.name!r}{wrapped}"


class Adapters:
    """The installed adapters, loaded when they are asked for."""

    def __init__(
        self,
        found: Iterable[EntryPoint] | None = None,
        plugins: Iterable[EntryPoint] | None = None,
    ) -> None:
        """`found`, `plugins`: in place of the installed entry points of the two groups."""
        self._points = _unique(entry_points(group=ADAPTER_GROUP) if found is None else found)
        self._plugins = _unique(entry_points(group=PLUGIN_GROUP) if plugins is None else plugins)
        self._loaded: dict[str, Adapter] = {}

    def installed(self) -> list[Installed]:
        """The adapters that are installed, by name."""
        return [_facts(point) for _, point in sorted(self._points.items())]

    def plugins(self) -> list[Installed]:
        """The cross-cutting plugins that are installed, by name."""
        return [_facts(point) for _, point in sorted(self._plugins.items())]

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
            near = difflib.get_close_matches(name.lower(), self._points, n=1, cutoff=0.6)
            raise AdapterNotFound(
                f"no adapter named {name!r}; installed: {', '.join(sorted(self._points))}",
                hint=f"Did you mean {near[0]!r}?"
                if near
                else "`harness adapters` lists them; pip install the package that brings it.",
            )
        plugin = _import(self._points[name])
        others = [(other, _import(point)) for other, point in sorted(self._plugins.items())]
        return Adapter(name, plugin, others)


class Proposer:
    """One proposer's hooks as ordinary typed methods; errors are those of `Adapter`."""

    def __init__(self, name: str, plugin: object) -> None:
        self.name = name
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs.ProposerSpec)
        try:
            manager.register(plugin, name)
            manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as problem:
            raise PluginFailed(
                f"proposer {name!r} does not fit the contract: {problem}",
                hint="Hooks and their parameters stand in harness/hookspecs.py.",
            ) from problem
        missing = [
            hook
            for hook in ("harness_propose", "harness_implement")
            if not getattr(manager.hook, hook).get_hookimpls()
        ]
        if missing:
            raise PluginFailed(
                f"proposer {name!r} does not implement {', '.join(missing)}",
                hint="These hooks are required; see docs/proposers.md.",
            )
        self._hooks = manager.hook

    def propose(self, brief: Brief, runner: Runner) -> Proposal | None:
        return self._call("harness_propose", Proposal, brief=brief, runner=runner)

    def implement(self, brief: Brief, proposal: Proposal, problem: str, runner: Runner) -> bool:
        arguments = {"brief": brief, "proposal": proposal, "problem": problem, "runner": runner}
        return bool(self._call("harness_implement", bool, **arguments))

    def reflect(
        self, brief: Brief, proposal: Proposal, result: str, runner: Runner
    ) -> Reflection | None:
        arguments = {"brief": brief, "proposal": proposal, "result": result, "runner": runner}
        return self._call("harness_reflect", Reflection, **arguments)

    def _call(self, hook: str, kind: type[_Result], **arguments: Any) -> _Result | None:
        try:
            result = cast(object, getattr(self._hooks, hook)(**arguments))
        except HarnessError:
            raise
        except Exception as problem:
            raise PluginFailed(
                f"proposer {self.name!r}: {hook} raised {type(problem).__name__}: {problem}"
            ) from problem
        if result is not None and not isinstance(result, kind):
            raise PluginFailed(
                f"proposer {self.name!r}: {hook} returned {type(result).__name__},"
                f" want {kind.__name__}"
            )
        return result


def find_proposer(name: str, found: Iterable[EntryPoint] | None = None) -> Proposer:
    """The installed proposer of that name; UsageError lists what there is."""
    points = _unique(entry_points(group=PROPOSER_GROUP) if found is None else found)
    if name not in points:
        raise UsageError(
            f"no proposer named {name!r}; installed: {', '.join(sorted(points)) or 'none'}",
            hint="pip install the package that brings it; docs/proposers.md says how to write one.",
        )
    return Proposer(name, _import(points[name]))


def _facts(point: EntryPoint) -> Installed:
    return Installed(
        name=point.name,
        module=point.value,
        distribution=point.dist.name if point.dist else "",
        version=point.dist.version if point.dist else "",
    )


def _unique(points: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    """Entry points by name; AdapterError where several packages claim one name.

    The same entry found twice (an editable install beside a wheel of it) is one.
    """
    unique = {(point.name, point.value): point for point in points}
    counts = Counter(name for name, _ in unique)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        rivals = ", ".join(f"{n} = {v}" for n, v in sorted(unique) if n in twice)
        raise AdapterError(
            f"several installed packages register the same name: {rivals}",
            hint="Uninstall all but one of them.",
        )
    return {point.name: point for point in unique.values()}


def _import(point: EntryPoint) -> object:
    try:
        return cast(object, point.load())
    except Exception as problem:
        raise PluginFailed(
            f"plugin {point.name!r} ({point.value}) cannot be imported:"
            f" {type(problem).__name__}: {problem}"
        ) from problem
