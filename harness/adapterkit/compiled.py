"""A whole adapter for a language that is compiled to a native program, but for the compiling."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, ClassVar

from harness.adapterkit.build_cache import MadeBuild, bytes_of, keep
from harness.adapterkit.language import Language, all_said, empty_programs
from harness.adapterkit.this_cpu import kind_asked_for
from harness.errors import BuildFailed, ConfigError
from harness.frozen import dataclass
from harness.hookspecs import Runner, hookimpl
from harness.model import (
    Build,
    Case,
    Command,
    EmptyProgram,
    PathKind,
    Profile,
    ProfilePlan,
    Target,
    Toolchain,
    digest_of,
    path_option,
)
from harness.model.options import OptionsClass


@dataclass(frozen=True, slots=True)
class CompilerOptions:
    """The least that a compiled target may say; an adapter's own options inherit from it."""

    compiler: str | None = path_option(PathKind.TOOL, or_name=True)
    """A name on PATH or a path below the target's root; None: the first one that is found."""
    flags: tuple[str, ...] = ()
    """What the compiler is told, word by word."""
    program: str | None = path_option(PathKind.CODE)
    """A program that `setup` or `build` makes, as a path below the target's root: it is executed
    as it is, and the compiler is not called."""


@dataclass(slots=True)
class Compilation:
    """One build while it is made: what to compile, and where."""

    target: Target
    toolchain: Toolchain
    options: Any
    """The target's options, of the adapter's own options class."""
    folder: Path
    """A private folder, empty at first; the compiler writes here and nowhere else."""
    runner: Runner
    spent_ns: int = 0
    log: list[str] = field(default_factory=list)

    @property
    def program(self) -> Path:
        """What the compiler is to make."""
        return self.folder / program_name(self.target)

    def call(
        self, *words: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> str:
        """Run the compiler or another tool in `folder`, or in `cwd`; return its standard output.

        Raises BuildFailed with its own words where it does not end with 0.
        """
        said = self.runner.tool([str(word) for word in words], cwd=cwd or self.folder, env=env)
        self.spent_ns += said.wall_ns
        if not said.ok:
            raise refusal_of(self.target, self.toolchain, all_said(said))
        if said.stderr.strip():
            self.log.append(said.stderr.rstrip())
        return said.stdout


def program_name(target: Target) -> str:
    """The name of the compiled program: that of the first source."""
    return target.sources[0].stem if target.sources else "program"


def refusal_of(target: Target, toolchain: Toolchain, words: str) -> BuildFailed:
    """The error for a program that the compiler does not take, with its own words."""
    return BuildFailed(
        f"the {toolchain.language} compiler refused target {target.name!r}:\n{words}",
        hint="Fix the sources, or the target's flags.",
    )


class CompiledLanguage(Language):
    """The hooks of a compiled language; a subclass says what its attributes ask and compiles.

    The instance is the plugin: `harness.adapters` names it as `zig = "harness_zig:adapter"`.
    """

    options: ClassVar[type[OptionsClass]] = CompilerOptions
    """A frozen dataclass that inherits from CompilerOptions."""
    symbols: ClassVar[tuple[str, ...]] = ("-g",)
    """The flags with which a build for profiles is made beside the timed one."""
    empty: ClassVar[Path | None] = None
    """A source that reads each file which its arguments name, `-` being the standard input, and
    ends: the floor under the language's programs."""
    steady: ClassVar[bool] = False
    """It has a steady driver, which `compile` puts around the sources where `target.steady`."""

    def compile(self, work: Compilation) -> None:
        """Make `work.program` of `work.target.sources`, by `work.call`."""
        raise NotImplementedError

    def files_read(self, work: Compilation) -> Iterable[Path]:
        """Every file that the compiler will read: all of them are in the digest.

        Sources and their neighbours of the same suffix, where a subclass knows nothing better.
        """
        return with_neighbours(work.target.sources)

    def further_words(self, target: Target) -> Sequence[str]:
        """What a build's digest holds beside the options: of those that are left out of `repr`."""
        return ()

    def products(self, work: Compilation) -> Sequence[Path]:
        """Every file that `compile` makes and a trial executes."""
        return [work.program]

    def program(self, target: Target, toolchain: Toolchain, folder: Path) -> Path:
        """What is executed of a build in `folder`: what was compiled, or what runs that."""
        return folder / program_name(target)

    def start(self, build: Build) -> tuple[str, ...]:
        """The words before the target's arguments."""
        return (str(build.program),)

    def empty_target(self, target: Target, source: Path) -> Target:
        """The target of the empty program: its source, with the same options."""
        return replace(target, sources=(source,), steady=False, entry=None)

    def environment(self, build: Build) -> dict[str, str]:
        """Variables of a trial beside the target's own."""
        return {}

    # -- the hooks ----------------------------------------------------------------------------

    @hookimpl
    def harness_build(
        self, target: Target, toolchain: Toolchain, workdir: Path, runner: Runner
    ) -> Build:
        """Compile, or find the same build made before."""
        return self.built(target, toolchain, workdir, runner)

    @hookimpl
    def harness_profile(
        self, build: Build, case: Case, plan: ProfilePlan, runner: Runner
    ) -> Profile:
        """perf, callgrind or counters, on a build of the same flags with symbols."""
        from harness.adapterkit.native.hotspots import demand_profiler, profile_native

        demand_profiler(plan, build.toolchain.language)
        target = build.target
        if self._options(target).program is None:
            target = self.with_symbols(target)
            build = self.built(target, build.toolchain, build.workdir.parent, runner)
        return profile_native(build, case, plan, runner)

    @hookimpl
    def harness_floor(self, build: Build, runner: Runner) -> tuple[EmptyProgram, ...]:
        """The language's empty program with the same flags; then the inputs read."""
        target = build.target
        if self.empty is None or self._options(target).program is not None:
            return ()
        small = self.empty_target(target, self.empty)
        made = self.built(small, build.toolchain, build.workdir.parent, runner)
        env = {**target.env, **self.environment(made)}
        return empty_programs(Command(self.start(made), env, target), target)

    def with_symbols(self, target: Target) -> Target:
        """The target to be profiled: the same code with the symbols that a profiler needs."""
        flags = (*self._options(target).flags, *self.symbols)
        return replace(target, options={**target.options, "flags": flags}, steady=False)

    # -- what the hooks share -----------------------------------------------------------------

    def built(self, target: Target, toolchain: Toolchain, workdir: Path, runner: Runner) -> Build:
        """The target's build; raises BuildFailed and ConfigError."""
        options = self._options(target)
        if options.program is not None:
            return adopted(target, toolchain, workdir, options.program)
        self._check(target)
        work = Compilation(target, toolchain, options, workdir, runner)
        files = self.files_read(work)
        more = (program_name(target), *self.further_words(target), *_kind_of(options))
        folder = workdir / self._digest_of(target, toolchain, files, *more)

        def make(private: Path) -> MadeBuild:
            work.folder = private
            self.compile(work)
            products = self.products(work)
            for product in products:
                if not product.is_file():
                    raise BuildFailed(
                        f"the {toolchain.language} compiler ended well for target {target.name!r}"
                        f" but made no program {product.name!r}",
                        hint="Look at the target's flags: one of them may name another output.",
                    )
            return MadeBuild(work.spent_ns, products, "\n".join(work.log))

        kept = keep(folder, make)
        program = self.program(target, toolchain, folder)
        return Build(
            target, toolchain, folder.name, folder, program, kept.build_ns, kept.cached, kept.log
        )

    def _check(self, target: Target) -> None:
        if not target.sources:
            raise ConfigError(
                f"targets.{target.name}: a {self.tool.language} target needs at least one source",
                hint="Add sources = [...], or program = for what your own build makes.",
            )
        if target.steady and not self.steady:
            raise ConfigError(
                f"targets.{target.name}: {self.tool.language} has no steady mode here",
                hint="Time whole processes: leave out --mode steady.",
            )

    def command(self, build: Build, case: Case) -> Command:
        """How a build is started on a case."""
        target = build.target
        env = {**target.env, **self.environment(build)}
        start = (str(build.program),) if self._options(target).program else self.start(build)
        return Command((*start, *target.arguments(case)), env, target)


def _kind_of(options: Any) -> tuple[str, ...]:
    """The kind of CPU, where the flags ask for this one's: no other kind is handed the build."""
    return kind_asked_for((*options.flags, *getattr(options, "link_flags", ())))


def adopted(target: Target, toolchain: Toolchain, workdir: Path, program: str) -> Build:
    """The build of a program that the user's own build made; its identity is its bytes.

    `program` is a path from the target's root. Raises ConfigError for steady mode and where the
    program cannot be read or executed.
    """
    path = target.root / program
    if target.steady:
        raise ConfigError(
            f"targets.{target.name}: no steady mode for a program of your own build",
            hint="Leave out `program`, so that the adapter compiles the sources itself.",
        )
    content = bytes_of(path, target)
    if not os.access(path, os.X_OK):
        raise ConfigError(
            f"targets.{target.name}.program: {program} is not executable",
            hint="Let the build make a program, or chmod +x it.",
        )
    digest = digest_of([f"{target.adapter}-program-1", toolchain.fingerprint, content])
    folder = workdir / digest
    cached = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return Build(target, toolchain, digest, folder, path, cached=cached)


def with_neighbours(sources: Iterable[Path]) -> list[Path]:
    """Sources and the files of their suffixes beside them: one of those may be read as well."""
    told = list(dict.fromkeys(sources))
    beside = {path for s in told for path in s.parent.glob(f"*{s.suffix}") if path.is_file()}
    return [*told, *sorted(beside - set(told))]


def sources_below(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """The files of these suffixes in a folder and below it, where modules may be found.

    What is hidden, such as the harness's own state, and what a package manager installed are not.
    """
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and name != "node_modules"]
        here = (Path(place, name) for name in names if Path(name).suffix in suffixes)
        found += [path for path in here if path.is_file()]
    return sorted(found)
