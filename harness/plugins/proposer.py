"""One proposer behind a typed facade."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, cast

import pluggy

from harness import hookspecs
from harness.errors import HarnessError, PluginFailed, UsageError
from harness.hookspecs import Runner
from harness.model import Brief, Proposal, Reflection
from harness.plugins.found import (
    Installed,
    bug_of,
    check_contract,
    claims_of,
    entry_facts,
    import_plugin,
    say,
    standard_output_kept,
    the_one,
    words_of_problem,
)

PROPOSER_GROUP = "harness.proposers"

_Result = TypeVar("_Result")


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
            with standard_output_kept():
                result = cast(object, getattr(self._hooks, hook)(**arguments))
        except HarnessError:
            raise
        except (Exception, SystemExit) as problem:
            words = f"proposer {self.name!r}: {hook} raised {words_of_problem(problem)}"
            raise bug_of(words, problem, self._origin) from problem
        if result is not None and not isinstance(result, kind):
            raise PluginFailed(
                f"proposer {self.name!r}: {hook} returned {type(result).__name__},"
                f" want {kind.__name__}"
            )
        return result


def find_proposer(name: str, found: Iterable[EntryPoint] | None = None) -> Proposer:
    """The installed proposer of that name; UsageError lists what there is."""
    claims = claims_of(entry_points(group=PROPOSER_GROUP) if found is None else found)
    if name not in claims:
        raise UsageError(
            f"no proposer named {name!r}; installed: {', '.join(sorted(claims)) or 'none'}",
            hint="pip install the package that brings it; docs/proposers.md says how to write one.",
        )
    point = the_one(claims[name], "proposer", say)
    return Proposer(name, import_plugin(point, "proposer"), entry_facts(point))
