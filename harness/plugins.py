"""Finds adapters by entry point and speaks to each through a typed facade.

Each adapter has a PluginManager of its own: with two adapters in one manager a `firstresult` hook
would go to whichever was registered last. Plugins of the group `harness.plugins` are registered
with every adapter: they may wrap any of its hooks, and answer the optional ones where the adapter
itself has no answer.

Whatever is wrong with one plugin is said with its name and the distribution that brings it, and
takes nothing else down: a name that two packages claim is refused when it is asked for, and a
cross-cutting plugin that does not serve is left out and named on standard error.
"""

from __future__ import annotations

import contextlib
import difflib
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
OURS = "optim-harness"
"""The distribution whose plugins keep their names, whoever else claims them."""

_Result = TypeVar("_Result")

REQUIRED_HOOKS = ("harness_probe", "harness_build", "harness_run", "harness_time")


@dataclass(frozen=True, slots=True)
class Installed:
    """An adapter or plugin that some installed distribution offers; not loaded yet."""

    name: str
    module: str
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A plugin that is left out: why, and what to do about it."""

    name: str
    distribution: str
    message: str
    hint: str


@dataclass(slots=True)
class CrossCutting:
    """The cross-cutting plugins that take part, and those that had to be left out."""

    plugins: dict[str, object] = field(default_factory=dict)
    origins: dict[str, Installed] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    served: set[tuple[str, str]] = field(default_factory=set)
    """Plugin and hook, for each that has done its work without an error."""
    report: Callable[[Problem], None] = lambda problem: None

    def drop(self, name: str, why: PluginFailed | AdapterError) -> None:
        """Leave a plugin out from now on, and report it."""
        self.plugins.pop(name, None)
        origin = self.origins.get(name)
        problem = Problem(name, origin.distribution if origin else "", why.message, why.hint)
        self.problems.append(problem)
        self.report(problem)


class Adapter:
    """One adapter's hooks as ordinary typed methods.

    Every method raises what the hook may raise; anything else that a plugin raises becomes a
    PluginFailed that names the adapter and the hook, and so does a missing or mistyped result.
    What a hook prints goes to standard error: standard output belongs to the command.
    """

    def __init__(
        self,
        name: str,
        plugin: object,
        others: CrossCutting | None = None,
        origin: Installed | None = None,
    ):
        """`others`: cross-cutting plugins, which may wrap any hook of this adapter.

        One of them that does not fit the contract is left out. Raises PluginFailed where the
        adapter itself does not fit, AdapterError where it wants a newer contract.
        """
        self.name = name
        self._origin = origin
        self._others = others or CrossCutting()
        check_contract(f"adapter {name!r}", plugin, origin)
        for other in [*self._others.plugins]:
            self._try(other)
        self._manager = self._manager_of(plugin)
        self._hooks = self._manager.hook
        self._check_required(plugin)

    def _try(self, other: str) -> None:
        """Leave a cross-cutting plugin out that does not fit the contract or this adapter."""
        origin = self._others.origins.get(other)
        try:
            self._check_other(other, origin)
        except (PluginFailed, AdapterError) as problem:
            hint = " ".join(filter(None, (problem.hint, _uninstall(origin))))
            self._others.drop(other, PluginFailed(problem.message, hint=hint))

    def _check_other(self, other: str, origin: Installed | None) -> None:
        plugin = self._others.plugins[other]
        check_contract(f"plugin {other!r}", plugin, origin)
        if other == self.name:
            raise PluginFailed(f"plugin {other!r} has the name of an adapter")
        manager = _registered([(other, plugin)], f"plugin {other!r}")
        for hook in REQUIRED_HOOKS:
            if _answering(getattr(manager.hook, hook)):
                raise PluginFailed(
                    f"plugin {other!r} implements {hook}, which belongs to the adapter",
                    hint="A cross-cutting plugin wraps it: @hookimpl(wrapper=True).",
                )

    def _manager_of(self, plugin: object) -> pluggy.PluginManager:
        # The adapter comes last: its own answer is asked for first.
        everyone = [*sorted(self._others.plugins.items()), (self.name, plugin)]
        return _registered(everyone, f"adapter {self.name!r}", _uninstall(self._origin))

    def _check_required(self, plugin: object) -> None:
        """The adapter itself, and nobody in its place, implements what is required."""
        missing = [hook for hook in REQUIRED_HOOKS if not self._implementations(hook)]
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
        return _answering(getattr(self._hooks, hook))

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
        self._leave_out_dropped()
        call = cast(Callable[..., object], getattr(self._hooks, hook))
        taking_part = [impl.plugin_name for impl in call.get_hookimpls()]  # type: ignore[attr-defined]
        try:
            with _standard_output_kept():
                result = call(**arguments)
        except HarnessError:
            raise
        except (Exception, SystemExit) as problem:
            owner = self._owner(hook, problem)
            failed = self._failed(hook, owner, problem)
            if owner == self.name or (owner, hook) in self._others.served:
                raise failed from problem
            # It has never served here: nothing measured so far depends on it.
            self._others.drop(owner, failed)
            return self._optional(hook, kind, **arguments)
        self._others.served.update((name, hook) for name in taking_part)
        if result is not None and not isinstance(result, kind):
            raise PluginFailed(
                f"adapter {self.name!r}: {hook} returned {type(result).__name__},"
                f" want {kind.__name__}",
                hint=_uninstall(self._origin),
            )
        return result

    def _leave_out_dropped(self) -> None:
        """Forget the plugins that were dropped since, here or on behalf of another adapter."""
        for name, _ in self._manager.list_name_plugin():
            if name != self.name and name not in self._others.plugins:
                self._manager.unregister(name=name)

    def _owner(self, hook: str, problem: BaseException) -> str:
        """Whose code raised it: the adapter, or the cross-cutting plugin by name."""
        owners = {
            impl.function.__code__: impl.plugin_name
            for impl in getattr(self._hooks, hook).get_hookimpls()
            if hasattr(impl.function, "__code__")
        }
        frames = [frame.f_code for frame, _ in traceback.walk_tb(problem.__traceback__)]
        return next((owners[code] for code in reversed(frames) if code in owners), self.name)

    def _failed(self, hook: str, owner: str, problem: BaseException) -> PluginFailed:
        wrapped = f", plugin {owner!r}" if owner != self.name else ""
        origin = self._others.origins.get(owner) if wrapped else self._origin
        words = f"adapter {self.name!r}{wrapped}: {hook} raised {_words(problem)}"
        return _bug(words, problem, origin)


class Adapters:
    """The installed adapters, loaded when they are asked for."""

    def __init__(
        self,
        found: Iterable[EntryPoint] | None = None,
        plugins: Iterable[EntryPoint] | None = None,
        report: Callable[[Problem], None] | None = None,
    ) -> None:
        """`found`, `plugins`: in place of the installed entry points of the two groups.

        `report` is told of each plugin that is left out; otherwise it is said on standard error.
        """
        self._claims = _claims(entry_points(group=ADAPTER_GROUP) if found is None else found)
        self._plugins = _claims(entry_points(group=PLUGIN_GROUP) if plugins is None else plugins)
        self._others = CrossCutting(report=report or _say)
        self._loaded: dict[str, Adapter] = {}
        self._found_others = False

    def installed(self) -> list[Installed]:
        """The adapters that are installed, by name; each claimant of a name that several claim."""
        return [_facts(p) for _, points in sorted(self._claims.items()) for p in _chosen(points)]

    def plugins(self) -> list[Installed]:
        """The cross-cutting plugins that are installed, by name."""
        return [_facts(point) for _, points in sorted(self._plugins.items()) for point in points]

    def problems(self) -> tuple[Problem, ...]:
        """What had to be left out so far."""
        return tuple(self._others.problems)

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
            near = difflib.get_close_matches(name.lower(), self._claims, n=1, cutoff=0.6)
            raise AdapterNotFound(
                f"no adapter named {name!r}; installed: {', '.join(sorted(self._claims))}",
                hint=f"Did you mean {near[0]!r}?"
                if near
                else "`harness adapters` lists them; pip install the package that brings it.",
            )
        point = _only(self._claims[name], "adapter", self._others.report)
        self._find_others()
        return Adapter(name, _import(point, "adapter"), self._others, _facts(point))

    def _find_others(self) -> None:
        """Import the cross-cutting plugins, once; leave out those that do not import."""
        if self._found_others:
            return
        self._found_others = True
        for name, points in sorted(self._plugins.items()):
            self._others.origins[name] = _facts(points[0])
            try:
                point = _only(points, "plugin", self._others.report)
                self._others.plugins[name] = _import(point, "plugin")
                self._others.origins[name] = _facts(point)
            except (AdapterError, PluginFailed) as problem:
                self._others.drop(name, problem)


class Proposer:
    """One proposer's hooks as ordinary typed methods; errors are those of `Adapter`."""

    def __init__(self, name: str, plugin: object, origin: Installed | None = None) -> None:
        self.name = name
        self._origin = origin
        check_contract(f"proposer {name!r}", plugin, origin)
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
            with _standard_output_kept():
                result = cast(object, getattr(self._hooks, hook)(**arguments))
        except HarnessError:
            raise
        except (Exception, SystemExit) as problem:
            words = f"proposer {self.name!r}: {hook} raised {_words(problem)}"
            raise _bug(words, problem, self._origin) from problem
        if result is not None and not isinstance(result, kind):
            raise PluginFailed(
                f"proposer {self.name!r}: {hook} returned {type(result).__name__},"
                f" want {kind.__name__}"
            )
        return result


def find_proposer(name: str, found: Iterable[EntryPoint] | None = None) -> Proposer:
    """The installed proposer of that name; UsageError lists what there is."""
    claims = _claims(entry_points(group=PROPOSER_GROUP) if found is None else found)
    if name not in claims:
        raise UsageError(
            f"no proposer named {name!r}; installed: {', '.join(sorted(claims)) or 'none'}",
            hint="pip install the package that brings it; docs/proposers.md says how to write one.",
        )
    point = _only(claims[name], "proposer", _say)
    return Proposer(name, _import(point, "proposer"), _facts(point))


def check_contract(who: str, plugin: object, origin: Installed | None = None) -> None:
    """AdapterError where a plugin was written for a newer contract than ours."""
    wanted = getattr(plugin, "HARNESS_CONTRACT", 1)
    ours = hookspecs.CONTRACT
    if isinstance(wanted, int) and 1 <= wanted <= ours:
        return
    if isinstance(wanted, int) and wanted > ours:
        named = f" ({_named(origin)})" if origin and _named(origin) else ""
        package = origin.distribution if origin else ""
        older = f", or take an older {package}" if package else ""
        raise AdapterError(
            f"{who}{named} is written for contract {wanted}; this harness offers {ours}",
            hint=f"pip install --upgrade {OURS}{older}.",
        )
    raise PluginFailed(
        f"{who}: HARNESS_CONTRACT is {wanted!r}, want a whole number from 1 to {ours}",
        hint=" ".join(filter(None, ("docs/adapters.md says what it means.", _uninstall(origin)))),
    )


def _registered(
    plugins: Sequence[tuple[str, object]], who: str, hint: str = ""
) -> pluggy.PluginManager:
    """A manager with these plugins; PluginFailed where one does not fit the contract."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs.AdapterSpec)
    try:
        for name, plugin in plugins:
            manager.register(plugin, name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as problem:
        raise PluginFailed(
            f"{who} does not fit the contract: {problem}",
            hint=f"Hooks and their parameters stand in harness/hookspecs.py. {hint}".strip(),
        ) from problem
    return manager


def _answering(hook: pluggy.HookCaller) -> list[pluggy.HookImpl]:
    return [impl for impl in hook.get_hookimpls() if not (impl.wrapper or impl.hookwrapper)]


def _standard_output_kept() -> contextlib.AbstractContextManager[object]:
    """What a plugin prints goes to standard error: a `print` must not spoil what `--json` says."""
    return contextlib.redirect_stdout(sys.stderr)


# -- entry points ---------------------------------------------------------------------------------


def _facts(point: EntryPoint) -> Installed:
    return Installed(
        name=point.name,
        module=point.value,
        distribution=point.dist.name if point.dist else "",
        version=point.dist.version if point.dist else "",
    )


def _claims(points: Iterable[EntryPoint]) -> Mapping[str, list[EntryPoint]]:
    """Entry points by name: several where several packages claim one.

    The same entry found twice (an editable install beside a wheel of it) is one.
    """
    claims: dict[str, dict[str, EntryPoint]] = {}
    for point in points:
        claims.setdefault(point.name, {})[point.value] = point
    return {
        name: sorted(by_value.values(), key=lambda point: point.value)
        for name, by_value in claims.items()
    }


def _chosen(points: Sequence[EntryPoint]) -> Sequence[EntryPoint]:
    """Our own where a third party claims a name of ours too; else all."""
    ours = [point for point in points if point.dist and point.dist.name == OURS]
    return ours[:1] or points


def _only(points: Sequence[EntryPoint], kind: str, report: Callable[[Problem], None]) -> EntryPoint:
    """The one that serves; AdapterError where none is ours and several claim the name.

    A third party that claims a name of ours is reported, and not used.
    """
    chosen = _chosen(points)
    name = points[0].name
    if len(chosen) > 1:
        rivals = " and ".join(_named(_facts(point)) for point in chosen)
        removes = " or ".join(_facts(point).distribution or point.value for point in chosen)
        raise AdapterError(
            f"several installed packages register the {kind} {name!r}: {rivals};"
            f" keep one of them (pip uninstall {removes})",
            hint="The other adapters and targets work as before.",
        )
    for point in points:
        if point not in chosen:
            facts = _facts(point)
            words = f"{kind} {name!r} of {_named(facts)} is not used: {OURS} brings one of its own"
            report(Problem(name, facts.distribution, words, _uninstall(facts)))
    return chosen[0]


def _import(point: EntryPoint, kind: str) -> object:
    facts = _facts(point)
    try:
        with _standard_output_kept():
            return cast(object, point.load())
    except (Exception, SystemExit) as problem:
        words = f"{kind} {point.name!r} ({point.value}) cannot be imported: {_words(problem)}"
        raise _bug(words, problem, facts) from problem


# -- words ----------------------------------------------------------------------------------------


def _named(origin: Installed) -> str:
    """`harness-perl 0.1.0`, or the module where no distribution is known."""
    return f"{origin.distribution} {origin.version}".strip() or origin.module


def _uninstall(origin: Installed | None) -> str:
    if origin is None or not origin.distribution or origin.distribution == OURS:
        return ""
    return f"`pip uninstall {origin.distribution}` takes it away."


def _words(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}"


_kept: dict[tuple[str, str], str] = {}
"""Traceback files by what was said: a bug that ends a hundred trials is kept once."""


def _bug(words: str, problem: BaseException, origin: Installed | None) -> PluginFailed:
    """The error for a plugin's bug, whose traceback is kept in a file that the message names."""
    text = "".join(traceback.format_exception(problem))
    key = words, text
    if key not in _kept:
        with tempfile.NamedTemporaryFile(
            "w", prefix="harness-traceback-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        _kept[key] = file.name
    hints = ["This is a bug of the plugin, not of your program.", _uninstall(origin)]
    failed = PluginFailed(
        f"{words}; its traceback is kept in {_kept[key]}", hint=" ".join(filter(None, hints))
    )
    failed.traceback_kept = True
    return failed


def _say(problem: Problem) -> None:
    """A plugin that is left out, on standard error."""
    sys.stderr.write(f"harness: left out: {problem.message}\n  {problem.hint}".rstrip() + "\n")
