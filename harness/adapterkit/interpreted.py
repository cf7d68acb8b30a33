"""A whole adapter for a language whose interpreter runs a source, but for the interpreter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from harness.adapterkit.build_cache import MadeBuild, keep
from harness.adapterkit.compiled import sources_below
from harness.adapterkit.language import Language, all_said, empty_programs
from harness.errors import BuildFailed, ConfigError
from harness.frozen import dataclass
from harness.hookspecs import Runner, hookimpl
from harness.model import (
    Build,
    Case,
    Command,
    EmptyProgram,
    PathKind,
    Target,
    Toolchain,
    path_option,
)
from harness.model.options import OptionsClass


@dataclass(frozen=True, slots=True)
class InterpreterOptions:
    """The least that an interpreted target may say; an adapter's own options inherit from it."""

    interpreter: str | None = path_option(PathKind.TOOL, or_name=True)
    """A name on PATH or a path from the target's root; None: the first one that is found."""
    flags: tuple[str, ...] = ()
    """What the interpreter is told before the source."""


class InterpretedLanguage(Language):
    """The hooks of an interpreted language; a subclass says what its attributes ask.

    The instance is the plugin: `harness.adapters` names it as `lua = "harness_lua:adapter"`.
    """

    options: ClassVar[type[OptionsClass]] = InterpreterOptions
    """A frozen dataclass that inherits from InterpreterOptions."""
    check: ClassVar[tuple[str, ...] | None] = None
    """The interpreter's arguments before a source whose syntax it checks; None: there are none,
    and a mistake shows when the program runs."""
    driver: ClassVar[Path | None] = None
    """The steady driver, in the language itself: it is started with the source, the name of the
    function that does the work (empty: the source itself does) and the arguments."""
    empty: ClassVar[str | None] = None
    """A source that reads each file which its arguments name, `-` being the standard input, and
    ends: the floor under the language's programs."""
    module_suffixes: ClassVar[frozenset[str]] = frozenset()
    """Those of files that a source may load from its folder and below; empty: `suffix` alone."""

    def files_read(self, target: Target) -> Iterable[Path]:
        """Every file that the program may be made of: sources, and what lies beside and below."""
        wanted = self.module_suffixes or {self.suffix}
        told = list(dict.fromkeys(target.sources))
        places = dict.fromkeys(source.parent for source in told)
        near = (path for place in places for path in sources_below(place, wanted))
        return [*told, *dict.fromkeys(path for path in near if path not in told)]

    def environment(self, target: Target, folder: Path) -> Mapping[str, str]:
        """Variables of a trial beside the target's own; `folder` belongs to the build."""
        return {}

    def start(self, target: Target, toolchain: Toolchain) -> tuple[str, ...]:
        """The words before the source (or the driver): the interpreter and its flags."""
        return (str(toolchain.program), *self._options(target).flags)

    # -- the hooks ----------------------------------------------------------------------------

    @hookimpl
    def harness_build(
        self, target: Target, toolchain: Toolchain, workdir: Path, runner: Runner
    ) -> Build:
        """Check the syntax, once for every distinct content."""
        self._demand(target)
        ours = [self.driver] if target.steady and self.driver is not None else []
        files = [*self.files_read(target), *ours]
        folder = workdir / self._digest_of(target, toolchain, files)
        kept = keep(folder, lambda private: self._made(target, toolchain, private, runner))
        program = toolchain.program
        return Build(
            target, toolchain, folder.name, folder, program, kept.build_ns, kept.cached, kept.log
        )

    @hookimpl
    def harness_floor(self, build: Build) -> tuple[EmptyProgram, ...]:
        """The language's empty program with the same flags; then the inputs read."""
        if self.empty is None:
            return ()
        script = build.workdir / f"empty{self.suffix}"
        if not script.is_file():
            script.write_text(self.empty, encoding="utf-8")
        target = build.target
        start = Command(self._words(build, script), self._env(build), target)
        return empty_programs(start, target)

    # -- what the hooks share -----------------------------------------------------------------

    def command(self, build: Build, case: Case) -> Command:
        """How a build is started on a case."""
        target = build.target
        script = target.sources[0]
        words = self._words(build, script)
        if target.steady:
            words = (*self._words(build, self.driver or script), str(script), target.entry or "")
        return Command((*words, *target.arguments(case)), self._env(build), target)

    def _words(self, build: Build, script: Path) -> tuple[str, ...]:
        return (*self.start(build.target, build.toolchain), str(script))

    def _env(self, build: Build) -> dict[str, str]:
        return {**self.environment(build.target, build.workdir), **build.target.env}

    def _made(
        self, target: Target, toolchain: Toolchain, private: Path, runner: Runner
    ) -> MadeBuild:
        """Ask the interpreter whether the sources are right, where it has a way to."""
        if self.check is None:
            return MadeBuild(0)
        spent, log = 0, []
        for source in target.sources:
            words = [*self.start(target, toolchain), *self.check, str(source)]
            said = runner.tool(words, cwd=private)
            spent += said.wall_ns
            if not said.ok:
                raise BuildFailed(
                    f"{toolchain.language} refused target {target.name!r}:\n{all_said(said)}",
                    hint=f"Fix the source; it was read by {toolchain.version}.",
                )
            log += [said.stderr.rstrip()] if said.stderr.strip() else []
        return MadeBuild(spent, log="\n".join(log))

    def _demand(self, target: Target) -> None:
        language = self.tool.language
        if not target.sources:
            raise ConfigError(
                f"targets.{target.name}: a {language} target needs a source",
                hint=f'Add sources = ["path/to/program{self.suffix}"].',
            )
        if target.steady and self.driver is None:
            raise ConfigError(
                f"targets.{target.name}: {language} has no steady mode here",
                hint="Time whole processes: leave out --mode steady.",
            )
