"""What is installed, by entry point; and every way in which a plugin is found not to serve."""

from __future__ import annotations

import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO, cast

from harness import hookspecs
from harness.errors import AdapterError, PluginFailed, UsageError
from harness.frozen import dataclass
from harness.model.suggesting import nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OURS = "optim-harness"
"""The distribution whose plugins keep their names, whoever else claims them."""


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


def check_contract(who: str, plugin: object, origin: Installed | None = None) -> None:
    """AdapterError where a plugin was written for a newer contract than ours."""
    wanted = getattr(plugin, "HARNESS_CONTRACT", 1)
    ours = hookspecs.CONTRACT
    if isinstance(wanted, int) and 1 <= wanted <= ours:
        return
    if isinstance(wanted, int) and wanted > ours:
        whose = f" ({named(origin)})" if origin and named(origin) else ""
        package = origin.distribution if origin else ""
        older = f", or take an older {package}" if package else ""
        raise AdapterError(
            f"{who}{whose} is written for contract {wanted}; this harness offers {ours}",
            hint=f"pip install --upgrade {OURS}{older}.",
        )
    raise PluginFailed(
        f"{who}: HARNESS_CONTRACT is {wanted!r}, want a whole number from 1 to {ours}",
        hint=" ".join(
            filter(None, ("docs/adapters.md says what it means.", how_to_uninstall(origin)))
        ),
    )


class standard_output_kept:  # noqa: N801  (a context, as those of contextlib)
    """What a plugin prints goes to standard error: a `print` must not spoil what `--json` says.

    As `contextlib.redirect_stdout`, in half of its time: every trial is in one. Threads may be in
    some at once: the last one to leave puts back what the first one found.
    """

    __slots__ = ()
    _lock = threading.Lock()
    _inside: list[TextIO] = []  # noqa: RUF012 - of all threads

    def __enter__(self) -> None:
        with self._lock:
            self._inside.append(self._inside[0] if self._inside else sys.stdout)
            sys.stdout = sys.stderr

    def __exit__(self, *_: object) -> None:
        with self._lock:
            found = self._inside.pop()
            if not self._inside:
                sys.stdout = found


# -- entry points ---------------------------------------------------------------------------------


def entry_facts(point: EntryPoint) -> Installed:
    return Installed(
        name=point.name,
        module=point.value,
        distribution=point.dist.name if point.dist else "",
        version=point.dist.version if point.dist else "",
    )


def claims_of(points: Iterable[EntryPoint]) -> Mapping[str, list[EntryPoint]]:
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


def chosen_of(points: Sequence[EntryPoint]) -> Sequence[EntryPoint]:
    """Our own where a third party claims a name of ours too; else all."""
    ours = [point for point in points if point.dist and point.dist.name == OURS]
    return ours[:1] or points


def has_ours(points: Sequence[EntryPoint]) -> bool:
    """Is one of the claimants of a name ours?"""
    return any(point.dist is not None and point.dist.name == OURS for point in points)


def the_one(
    points: Sequence[EntryPoint], kind: str, report: Callable[[Problem], None]
) -> EntryPoint:
    """The one that serves; AdapterError where none is ours and several claim the name.

    A third party that claims a name of ours is reported, and not used.
    """
    chosen = chosen_of(points)
    name = points[0].name
    if len(chosen) > 1:
        rivals = " and ".join(named(entry_facts(point)) for point in chosen)
        removes = " or ".join(entry_facts(point).distribution or point.value for point in chosen)
        raise AdapterError(
            f"several installed packages register the {kind} {name!r}: {rivals};"
            f" keep one of them (pip uninstall {removes})",
            hint="The other adapters and targets work as before.",
        )
    for point in points:
        if point not in chosen:
            facts = entry_facts(point)
            words = f"{kind} {name!r} of {named(facts)} is not used: {OURS} brings one of its own"
            report(Problem(name, facts.distribution, words, how_to_uninstall(facts)))
    return chosen[0]


def import_plugin(point: EntryPoint, kind: str) -> object:
    facts = entry_facts(point)
    try:
        with standard_output_kept():
            return cast(object, point.load())
    # A module that calls sys.exit when it is imported is as broken as one that raises.
    except (Exception, SystemExit) as problem:
        words = (
            f"{kind} {point.name!r} ({point.value}) cannot be imported: {words_of_problem(problem)}"
        )
        raise bug_of(words, problem, facts) from problem


def unknown(name: str, kind: str, claims: Iterable[str]) -> UsageError:
    """The error for a plugin that is not installed: lists what there is, names the near one."""
    known = sorted(claims)
    near = nearest(name.lower(), known)
    meant = f"Did you mean {near!r}? " if near else ""
    return UsageError(
        f"no {kind} named {name!r}; installed: {', '.join(known) or 'none'}",
        hint=f"{meant}pip install the package that brings it; see docs/plugins.md.",
    )


# -- words ----------------------------------------------------------------------------------------


def named(origin: Installed) -> str:
    """`harness-perl 0.1.0`, or the module where no distribution is known."""
    return f"{origin.distribution} {origin.version}".strip() or origin.module


def how_to_uninstall(origin: Installed | None) -> str:
    if origin is None or not origin.distribution or origin.distribution == OURS:
        return ""
    return f"`pip uninstall {origin.distribution}` takes it away."


def words_of_problem(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}"


_kept: dict[tuple[str, str], str] = {}
"""Traceback files by what was said: a bug that ends a hundred trials is kept once."""


def bug_of(words: str, problem: BaseException, origin: Installed | None) -> PluginFailed:
    """The error for a plugin's bug, whose traceback is kept in a file that the message names."""
    text = "".join(traceback.format_exception(problem))
    key = words, text
    if key not in _kept:
        with tempfile.NamedTemporaryFile(
            "w", prefix="harness-traceback-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        _kept[key] = file.name
    hints = ["This is a bug of the plugin, not of your program.", how_to_uninstall(origin)]
    failed = PluginFailed(
        f"{words}; its traceback is kept in {_kept[key]}", hint=" ".join(filter(None, hints))
    )
    failed.traceback_kept = True
    return failed


def say(problem: Problem) -> None:
    """A plugin that is left out, on standard error."""
    sys.stderr.write(f"harness: left out: {problem.message}\n  {problem.hint}".rstrip() + "\n")
