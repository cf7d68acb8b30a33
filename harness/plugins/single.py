"""A plugin that is asked for by name and answers alone: proposers, exporters, executors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

import pluggy

from harness import hookspecs
from harness.errors import HarnessError, PluginFailed
from harness.plugins.found import (
    Installed,
    bug_of,
    check_contract,
    chosen_of,
    claims_of,
    entry_facts,
    import_plugin,
    say,
    standard_output_kept,
    the_one,
    unknown,
    words_of_problem,
)
from harness.plugins.offered import entry_points

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_Result = TypeVar("_Result")


class SinglePlugin:
    """The hooks of one plugin, behind the typed methods of a subclass; errors are as of `Adapter`.

    A subclass says what kind it is; finding, checking and calling are the same for all kinds.
    """

    KIND: ClassVar[str]
    """In words, for messages: `proposer`."""
    GROUP: ClassVar[str]
    """The entry-point group that names plugins of this kind."""
    SPEC: ClassVar[type]
    REQUIRED: ClassVar[tuple[str, ...]]
    """Hooks that each plugin of this kind implements."""
    DOCS: ClassVar[str] = "docs/plugins.md"

    def __init__(self, name: str, plugin: object, origin: Installed | None = None) -> None:
        self.name = name
        self._origin = origin
        check_contract(f"{self.KIND} {name!r}", plugin, origin)
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(self.SPEC)
        try:
            manager.register(plugin, name)
            manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as problem:
            raise PluginFailed(
                f"{self.KIND} {name!r} does not fit the contract: {problem}",
                hint="Hooks and their parameters stand in harness/hookspecs.py.",
            ) from problem
        missing = [
            hook for hook in self.REQUIRED if not getattr(manager.hook, hook).get_hookimpls()
        ]
        if missing:
            raise PluginFailed(
                f"{self.KIND} {name!r} does not implement {', '.join(missing)}",
                hint=f"These hooks are required; see {self.DOCS}.",
            )
        self._hooks = manager.hook

    @classmethod
    def find(cls, name: str, found: Iterable[EntryPoint] | None = None) -> Self:
        """The installed plugin of that name; UsageError lists what there is.

        `found`: in place of the installed entry points.
        """
        claims = cls._claims(found)
        if name not in claims:
            raise unknown(name, cls.KIND, claims)
        point = the_one(claims[name], cls.KIND, say)
        return cls(name, import_plugin(point, cls.KIND), entry_facts(point))

    @classmethod
    def installed(cls, found: Iterable[EntryPoint] | None = None) -> list[Installed]:
        """What is installed of this kind, by name; nothing is imported."""
        claims = sorted(cls._claims(found).items())
        return [entry_facts(point) for _, points in claims for point in chosen_of(points)]

    @classmethod
    def _claims(cls, found: Iterable[EntryPoint] | None) -> dict[str, list[EntryPoint]]:
        return dict(claims_of(entry_points(group=cls.GROUP) if found is None else found))

    def _call(self, hook: str, kind: Any, **arguments: Any) -> Any:
        """What the hook returns, a `kind` or None; PluginFailed for the plugin's own faults."""
        try:
            with standard_output_kept():
                result = cast(object, getattr(self._hooks, hook)(**arguments))
        except HarnessError:
            raise
        except (Exception, SystemExit) as problem:
            words = f"{self.KIND} {self.name!r}: {hook} raised {words_of_problem(problem)}"
            raise bug_of(words, problem, self._origin) from problem
        if result is not None and not isinstance(result, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            raise PluginFailed(
                f"{self.KIND} {self.name!r}: {hook} returned {type(result).__name__},"
                f" want {' or '.join(each.__name__ for each in kinds)}"
            )
        return result

    def _required(self, hook: str, kind: Any, **arguments: Any) -> Any:
        result = self._call(hook, kind, **arguments)
        if result is None:
            raise PluginFailed(f"{self.KIND} {self.name!r}: {hook} returned nothing")
        return result
