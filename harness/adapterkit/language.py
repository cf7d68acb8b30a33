"""What the hooks of a compiled and of an interpreted language have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from harness.adapterkit.build_cache import bytes_of, placeless
from harness.adapterkit.probing import LanguageTool
from harness.hookspecs import Runner, hookimpl
from harness.model import (
    Build,
    Case,
    Command,
    Completed,
    EmptyProgram,
    NamedPath,
    Output,
    Target,
    Toolchain,
    Trial,
    TrialPlan,
    declared_paths,
    digest_of,
    read_options,
)
from harness.model.options import OptionsClass


class Language:
    """A language with one tool, whose trials all execute the same command."""

    tool: ClassVar[LanguageTool]
    """Its compiler or interpreter."""
    options: ClassVar[type[OptionsClass]]
    """A frozen dataclass; the option that `tool` names is one of its fields."""
    edition: ClassVar[int] = 1
    """Part of every digest: raise it where a change of the adapter makes another program."""

    suffix: ClassVar[str] = ""
    """That of a source, with its dot: a file that ends so is this adapter's where none is named."""

    def command(self, build: Build, case: Case) -> Command:
        """How a build is started on a case."""
        raise NotImplementedError

    @hookimpl
    def harness_probe(self, runner: Runner, target: Target | None) -> Toolchain:
        """The compiler or interpreter: the one that the target names, else the first found."""
        named = getattr(self._options(target), self.tool.option) if target is not None else None
        return self.tool.found(runner, target, named)

    @hookimpl
    def harness_paths(self, target: Target) -> tuple[NamedPath, ...]:
        """The options that the options class declares as paths."""
        return declared_paths(self.options, target)

    @hookimpl
    def harness_run(self, build: Build, case: Case, runner: Runner) -> Output:
        """Execute once for the output."""
        return runner.output(self.command(build, case))

    @hookimpl
    def harness_time(self, build: Build, case: Case, plan: TrialPlan, runner: Runner) -> Trial:
        """Execute one trial."""
        return runner.trial(self.command(build, case), plan)

    def _options(self, target: Target) -> Any:
        return read_options(self.options, target)

    def _digest_of(
        self, target: Target, toolchain: Toolchain, files: Iterable[Path], *more: str
    ) -> str:
        """SHA-256 over toolchain, options, and what is read: names and bytes, no folder."""
        words = [
            f"{self.tool.adapter}-build-{self.edition}",
            toolchain.fingerprint,
            placeless(repr(self._options(target)), target),
            repr((target.steady, target.entry if target.steady else None)),
            target.build_inputs_digest,
            *more,
        ]
        # With their names, by which modules and classes are found.
        content = (part for path in files for part in (path.name, bytes_of(path, target)))
        return digest_of([*words, *content])


def all_said(said: Completed) -> str:
    """All that a tool said: some complain on standard output, with warnings on the other stream.

    Lines of JSON, which are for programs, are left out of standard output.
    """
    lines = [line for line in said.stdout.splitlines() if not line.startswith('{"')]
    return "\n".join(filter(None, [said.stderr.strip(), "\n".join(lines).strip()]))


def empty_programs(start: Command, target: Target) -> tuple[EmptyProgram, ...]:
    """The empty program of a language, started by `start`; and again with the target's inputs to
    read, where it has any."""
    programs = (EmptyProgram("start-up", start),)
    read = (*target.input_names(), *(["-"] if target.stdin else []))
    if not read:
        return programs
    return (*programs, EmptyProgram("input", replace(start, argv=(*start.argv, *read))))
