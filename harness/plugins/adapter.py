"""One adapter behind a typed facade, and the cross-cutting plugins that wrap its hooks."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, cast

import pluggy

from harness import hookspecs
from harness.errors import AdapterError, HarnessError, PluginFailed
from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model import (
    Agreement,
    Build,
    Case,
    EmptyProgram,
    MetricInfo,
    Mode,
    NamedPath,
    Output,
    Profile,
    ProfilePlan,
    Target,
    Tolerance,
    Toolchain,
    Trial,
    TrialPlan,
)
from harness.plugins.by_launch import by_launch, not_launched, with_launch
from harness.plugins.counting import CountsBeside
from harness.plugins.found import (
    Installed,
    Problem,
    bug_of,
    check_contract,
    how_to_uninstall,
    standard_output_kept,
    words_of_problem,
)

_Result = TypeVar("_Result")

REQUIRED_HOOKS = ("harness_probe", "harness_build", "harness_run", "harness_time")


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
        stated = getattr(plugin, "suffix", "")
        self.suffix = stated if isinstance(stated, str) and stated.startswith(".") else ""
        self._origin = origin
        self._others = others or CrossCutting()
        check_contract(f"adapter {name!r}", plugin, origin)
        for other in [*self._others.plugins]:
            self._try(other)
        self._manager = self._manager_of(plugin)
        self._hooks = self._manager.hook
        self._check_required(plugin)
        self._metrics: tuple[list[str], tuple[MetricInfo, ...]] | None = None
        self._unfit: set[str] = set()
        self._beside = CountsBeside(
            self._count,
            lambda words: self._others.report(Problem("counting", "", f"figures: {words}", "")),
        )

    def _try(self, other: str) -> None:
        """Leave a cross-cutting plugin out that does not fit the contract or this adapter."""
        origin = self._others.origins.get(other)
        try:
            self._check_name(other)
            check_other(other, self._others.plugins[other], origin)
        except (PluginFailed, AdapterError) as problem:
            hint = " ".join(filter(None, (problem.hint, how_to_uninstall(origin))))
            self._others.drop(other, PluginFailed(problem.message, hint=hint))

    def _check_name(self, other: str) -> None:
        if other == self.name:
            raise PluginFailed(f"plugin {other!r} has the name of an adapter")

    def _manager_of(self, plugin: object) -> pluggy.PluginManager:
        # The adapter comes last: its own answer is asked for first.
        everyone = [*sorted(self._others.plugins.items()), (self.name, plugin)]
        return _registered(everyone, f"adapter {self.name!r}", how_to_uninstall(self._origin))

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

    def paths(self, target: Target) -> tuple[NamedPath, ...]:
        """The files and folders that the target's options name."""
        return self._optional("harness_paths", tuple, target=target) or ()

    def build(self, target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
        made = self._required(
            "harness_build",
            Build,
            target=not_launched(target),
            toolchain=toolchain,
            workdir=workdir,
            runner=runner,
        )
        return with_launch(made, target.launch)

    def has_benchmarks(self) -> bool:
        """Are its targets suites, whose benchmarks are cases?"""
        return bool(self._implementations("harness_benchmarks"))

    def benchmarks(self, build: Build, runner: Runner) -> tuple[str, ...]:
        """The benchmarks of a suite by name; none: it is no suite."""
        return self._optional("harness_benchmarks", tuple, build=build, runner=runner) or ()

    def run(self, build: Build, case: Case, runner: Runner) -> Output:
        build = by_launch(build, case)
        return self._required("harness_run", Output, build=build, case=case, runner=runner)

    def time(self, build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
        """One trial; with the figures that somebody declares, and no others."""
        build = by_launch(build, case, plan.mode)
        trial = self._required(
            "harness_time", Trial, build=build, case=case, plan=plan, runner=runner
        )
        if plan.mode is Mode.COLD and trial.ok and self._implementations("harness_beside"):
            counted = self._beside.figures(self._hooks.harness_run, build, case, runner)
            trial = replace(trial, metrics={**trial.metrics, **counted})
        if not trial.metrics:
            return trial
        known = {info.name for info in (*self.metrics(), *build.target.metrics)}
        return replace(trial, metrics=dict(self._fitting(trial.metrics, known)))

    def metrics(self) -> tuple[MetricInfo, ...]:
        """The figures that plugins, and the adapter itself, add to each trial."""
        if self._metrics is None or self._metrics[0] != [*self._others.plugins]:
            found = self._optional("harness_metrics", list) or []
            by_name: dict[str, MetricInfo] = {}
            for info in chain.from_iterable(found):
                by_name.setdefault(info.name, info)
            self._metrics = [*self._others.plugins], tuple(by_name.values())
        return self._metrics[1]

    def _count(self, **arguments: Any) -> list[Mapping[str, float]]:
        """What plugins count of one execution of their own."""
        return self._optional("harness_beside", list, **arguments) or []

    def _fitting(
        self, figures: Mapping[str, float], known: Collection[str]
    ) -> Iterator[tuple[str, float]]:
        """The figures that can be stored; each of the others is named once."""
        for name, value in figures.items():
            number = isinstance(value, (int, float)) and math.isfinite(value)
            if number and name in known:
                yield name, float(value)
            elif name not in self._unfit:
                self._unfit.add(name)
                what = "no plugin declares it" if number else f"{value!r} is no finite number"
                words = f"figure {name!r} of adapter {self.name!r}: {what}"
                self._others.report(Problem(name, "", words, "See docs/plugins.md."))

    def profile(
        self, build: Build, case: Case, plan: ProfilePlan, runner: Runner
    ) -> Profile | None:
        build = with_launch(build, ())
        return self._optional(
            "harness_profile", Profile, build=build, case=case, plan=plan, runner=runner
        )

    def floor(self, build: Build, case: Case, runner: Runner) -> tuple[EmptyProgram, ...]:
        """The empty programs whose times are the floor under the target; none: it has none."""
        build = with_launch(build, ())
        found = self._optional("harness_floor", tuple, build=build, case=case, runner=runner)
        strangers = [one for one in found or () if not isinstance(one, EmptyProgram)]
        if strangers:
            raise PluginFailed(
                f"adapter {self.name!r}: harness_floor gave {strangers[0]!r}, want EmptyProgram"
            )
        return tuple(found or ())

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
                f"{self._wrapped_by(hook)}"
            )
        return result

    def _optional(self, hook: str, kind: type[_Result], **arguments: Any) -> _Result | None:
        if self._others.problems:
            self._leave_out_dropped()
        call = cast("Callable[..., object]", getattr(self._hooks, hook))
        others = self._others.plugins
        impls = call.get_hookimpls() if others else ()  # type: ignore[attr-defined]
        taking_part = [(impl.plugin_name, hook) for impl in impls]
        try:
            with standard_output_kept():
                result = call(**arguments)
        except HarnessError as problem:
            owner = self._owner(hook, problem)
            if owner != self.name:
                # Its words are about a meter or the like, and would be taken for the target's.
                problem.message = f"plugin {owner!r}: {problem.message}"
                problem.args = (problem.message,)
            raise
        except (Exception, SystemExit) as problem:
            owner = self._owner(hook, problem)
            failed = self._failed(hook, owner, problem)
            if owner == self.name or (owner, hook) in self._others.served:
                raise failed from problem
            # It has never served here: nothing measured so far depends on it.
            self._others.drop(owner, failed)
            return self._optional(hook, kind, **arguments)
        if taking_part:
            self._others.served.update(taking_part)
        if result is not None and not isinstance(result, kind):
            raise PluginFailed(
                f"adapter {self.name!r}: {hook} returned {type(result).__name__},"
                f" want {kind.__name__}{self._wrapped_by(hook)}",
                hint=how_to_uninstall(self._origin),
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

    def _wrapped_by(self, hook: str) -> str:
        """Who may have changed what the adapter gave, or may not have let it answer, in words."""
        impls = getattr(self._hooks, hook).get_hookimpls()
        names = sorted({repr(i.plugin_name) for i in impls if i.wrapper or i.hookwrapper})
        return f" (wrapped by plugin {', '.join(names)})" if names else ""

    def _failed(self, hook: str, owner: str, problem: BaseException) -> PluginFailed:
        wrapped = f", plugin {owner!r}" if owner != self.name else ""
        origin = self._others.origins.get(owner) if wrapped else self._origin
        # A wrapper that does not yield once is told by pluggy, in no frame of the wrapper's own.
        wrapped_by = "" if wrapped else self._wrapped_by(hook)
        words = f"adapter {self.name!r}{wrapped}: {hook} raised {words_of_problem(problem)}"
        words += wrapped_by
        return bug_of(words, problem, origin)


def check_other(name: str, plugin: object, origin: Installed | None) -> None:
    """PluginFailed or AdapterError where a cross-cutting or metric plugin cannot serve."""
    check_contract(f"plugin {name!r}", plugin, origin)
    manager = _registered([(name, plugin)], f"plugin {name!r}")
    for hook in REQUIRED_HOOKS:
        if _answering(getattr(manager.hook, hook)):
            raise PluginFailed(
                f"plugin {name!r} implements {hook}, which belongs to the adapter",
                hint="A cross-cutting plugin wraps it: @hookimpl(wrapper=True).",
            )
    # What a plugin declares is asked of it alone, so that its fault has its name.
    try:
        with standard_output_kept():
            found = [*chain.from_iterable(manager.hook.harness_metrics())]
    except (Exception, SystemExit) as problem:
        words = f"plugin {name!r}: harness_metrics raised {words_of_problem(problem)}"
        raise bug_of(words, problem, origin) from problem
    strangers = [value for value in found if not isinstance(value, MetricInfo)]
    if strangers:
        raise PluginFailed(
            f"plugin {name!r}: harness_metrics gave {strangers[0]!r}, want MetricInfo"
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
