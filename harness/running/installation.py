"""What is installed, and what of it serves on this machine, as one value."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, HarnessError, ToolchainMissing
from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.plugins import (
    Adapters,
    Executor,
    Exporter,
    Installed,
    Problem,
    Proposer,
    serving_metrics,
)
from harness.plugins.found import OURS
from harness.plugins.single import SinglePlugin
from harness.render.tables import layout
from harness.system.process.opening import open_runner


@dataclass(frozen=True, slots=True)
class InstalledAdapter:
    """An adapter with the toolchain that it finds; a missing one is an answer, not an error."""

    name: str
    module: str
    distribution: str
    version: str
    ok: bool
    status: str
    """`found`, `missing` (the toolchain), or `broken` (the adapter)."""
    language: str | None = None
    program: str | None = None
    toolchain_version: str | None = None
    problem: str | None = None
    hint: str | None = None

    def row(self) -> Sequence[str]:
        """What a table says of it."""
        found = f"{self.program} ({self.toolchain_version})"
        return (
            self.name,
            f"{self.distribution} {self.version}".strip(),
            self.language or "-",
            found if self.ok else f"{self.status}: {self.problem}",
        )


@dataclass(frozen=True, slots=True, repr=False)
class Installation:
    """The adapters and plugins that are installed here, and what had to be left out."""

    adapters: tuple[InstalledAdapter, ...]
    plugins: tuple[Installed, ...]
    """Those that take part in every adapter's hooks."""
    others: Mapping[str, tuple[Installed, ...]]
    """Those that serve of every other kind, by kind: `metrics`, `exporters`, ..."""
    left_out: tuple[Problem, ...]

    @property
    def hints(self) -> tuple[str, ...]:
        """How to get what is missing."""
        return tuple(f"{a.name}: {a.hint}" for a in self.adapters if a.hint)

    @property
    def exit_code(self) -> ExitCode:
        """What `harness adapters` answers its shell, whatever was found: it is no test."""
        return ExitCode.FINE

    @property
    def ok(self) -> bool:
        return True

    def table(self, style: str = "plain") -> str:
        """One row per adapter."""
        headers = ["adapter", "package", "language", "toolchain"]
        return layout(headers, [a.row() for a in self.adapters], style)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness adapters --json`."""
        return {
            "adapters": [asdict(each) for each in self.adapters],
            "plugins": [asdict(each) for each in self.plugins],
            **{kind: [asdict(each) for each in those] for kind, those in self.others.items()},
            "left_out": [asdict(each) for each in self.left_out],
        }

    def __str__(self) -> str:
        return "\n".join([self.table(), *self._lines()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table("html")

    def _lines(self) -> Iterator[str]:
        yield from self.hints
        dropped = {problem.name for problem in self.left_out}
        for plugin in self.plugins:
            if plugin.name not in dropped:
                package = f"{plugin.distribution} {plugin.version}".strip() or plugin.module
                yield f"plugin {plugin.name} ({package}) takes part in every adapter's hooks"
        for kind, installed in self.others.items():
            if installed:
                yield f"{kind}: {', '.join(map(_with_package, installed))}"
        for problem in self.left_out:
            yield f"left out: {problem.message}\n  {problem.hint}".rstrip()


def look_at_the_installation() -> Installation:
    """Try everything that is installed; what does not serve is named and takes nothing down."""
    left_out: list[Problem] = []
    adapters = Adapters(report=left_out.append)
    with tempfile.TemporaryDirectory(prefix="harness-") as folder:
        runner = open_runner(Path(folder) / "scratch", Path(folder) / "cache")
        try:
            found = tuple(_tried(each, adapters, runner) for each in adapters.installed())
        finally:
            runner.close()
    others = serving_plugins(left_out.append)
    return Installation(found, tuple(adapters.plugins()), others, tuple(left_out))


def serving_plugins(report: Callable[[Problem], None]) -> dict[str, tuple[Installed, ...]]:
    """What serves of every kind that is neither an adapter nor cross-cutting, by kind.

    `report` is told of each that does not.
    """
    found = {"metrics": tuple(serving_metrics(report))}
    kinds: tuple[type[SinglePlugin], ...] = (Proposer, Exporter, Executor)
    for kind in kinds:
        found[f"{kind.KIND}s"] = tuple(_serving(kind, report))
    return found


def _serving(kind: type[SinglePlugin], report: Callable[[Problem], None]) -> Iterator[Installed]:
    for each in kind.installed():
        try:
            kind.find(each.name)
        except HarnessError as problem:
            report(Problem(each.name, each.distribution, problem.message, problem.hint))
        else:
            yield each


def _tried(adapter: Installed, adapters: Adapters, runner: Runner) -> InstalledAdapter:
    facts = asdict(adapter)
    try:
        toolchain = adapters.get(adapter.name).probe(runner)
    except HarnessError as problem:
        status = "missing" if isinstance(problem, ToolchainMissing) else "broken"
        return InstalledAdapter(
            **facts, ok=False, status=status, problem=problem.message, hint=problem.hint
        )
    return InstalledAdapter(
        **facts,
        ok=True,
        status="found",
        language=toolchain.language,
        program=str(toolchain.program),
        toolchain_version=toolchain.version,
    )


def _with_package(plugin: Installed) -> str:
    """A plugin's name; that of a third party with its package."""
    return plugin.name if plugin.distribution == OURS else f"{plugin.name} ({plugin.distribution})"
