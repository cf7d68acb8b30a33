"""Compiles and links a C target outside its source tree, once for every distinct input."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from harness.adapterkit import (
    DRIVER,
    INCLUDE,
    OWN_SECTIONS,
    MadeBuild,
    bytes_of,
    keep,
    kind_asked_for,
    link_layouts,
    placeless,
    program_in,
)
from harness.errors import BuildFailed, ConfigError
from harness.hookspecs import Runner
from harness.model import Build, Target, Toolchain, digest_of
from harness_c.options import Options
from harness_c.packages import Packages, find_packages
from harness_c.reading import assembled_files, make_words

HEADER_SUFFIXES = {".h", ".hpp", ".hh", ".inc"}
OBJECT_SUFFIXES = {".o", ".a", ".so"}
ASSEMBLED = re.compile(r"Error: file not found: (.+)")
"""What the assembler says of an `.incbin` that it does not find."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a build is made from."""

    target: Target
    toolchain: Toolchain
    options: Options
    compiled: tuple[Path, ...]
    linked: tuple[Path, ...]
    packages: Packages = field(default_factory=Packages)

    @classmethod
    def of(cls, target: Target, toolchain: Toolchain, runner: Runner) -> Recipe:
        """The recipe of a target; raises what its options and packages raise."""
        options = Options.of(target)
        compiled = [s for s in target.sources if s.suffix not in HEADER_SUFFIXES | OBJECT_SUFFIXES]
        linked = [s for s in target.sources if s.suffix in OBJECT_SUFFIXES]
        if not compiled and not linked:
            raise ConfigError(f"targets.{target.name}.sources: only headers, nothing to compile")
        packages = find_packages(options.pkg_config, target, runner)
        return cls(target, toolchain, options, tuple(compiled), tuple(linked), packages)

    @property
    def compile_command(self) -> tuple[str, ...]:
        words = self.options.compile_arguments(self.target)
        start = (str(self.toolchain.program), f"-I{INCLUDE}")
        return (*start, *words, *self.packages.compile)

    @property
    def entry(self) -> str:
        """The function that the steady driver calls, as the linker knows it."""
        name = self.target.entry or "main"
        return "__real_main" if name == "main" else name

    @property
    def program_name(self) -> str:
        return (self.compiled or self.linked)[0].stem

    @property
    def layouts(self) -> int:
        return self.options.layouts_of(self.target)


def build(recipe: Recipe, workdir: Path, runner: Runner) -> Build:
    """The recipe's build, made now unless `workdir` has it; raises BuildFailed."""
    folder = workdir / _digest(recipe, runner)
    kept = keep(folder, lambda private: _compile_and_link(recipe, private, runner))
    return Build(
        target=recipe.target,
        toolchain=recipe.toolchain,
        digest=folder.name,
        workdir=folder,
        program=folder / recipe.program_name,
        build_ns=kept.build_ns,
        cached=kept.cached,
        log=kept.log,
    )


def _digest(recipe: Recipe, runner: Runner) -> str:
    """SHA-256 over flags, compiler, and the bytes of every file that the compiler will read.

    The compiler itself names the headers (`-M`), those of the system too: a library upgraded below
    /usr/include is another build. What the assembler reads is looked for, and what nobody lists the
    target names in `build_inputs`. Paths are left out, those of shared libraries excepted: the same
    sources in another checkout are the same build.
    """
    read = _files_read(recipe, runner)
    folders = recipe.options.assembler_folders(recipe.target)
    files = [*read, *assembled_files(read, folders, recipe.target), *recipe.linked]
    files += recipe.options.library_files(recipe.target)
    files += recipe.options.named_files(recipe.target)
    found_when_run = [str(path) for path in files if path.suffix == ".so"]
    if recipe.target.steady:
        files.append(DRIVER)
    options = recipe.options
    words = [
        "c-build-1",
        recipe.toolchain.fingerprint,
        placeless(repr((options.std, options.flags, options.include_dirs)), recipe.target),
        placeless(
            repr((options.link_flags, options.library_dirs, options.libraries)), recipe.target
        ),
        *([repr(recipe.packages)] if options.pkg_config else []),
        *([recipe.target.build_inputs_digest] if recipe.target.build_inputs else []),
        recipe.entry if recipe.target.steady else "cold",
        recipe.program_name,
        repr((found_when_run, False)),
        *([f"{recipe.layouts} layouts"] if recipe.layouts > 1 else []),
    ]
    words += kind_asked_for((*options.flags, *options.link_flags))
    return digest_of([*words, *(bytes_of(path, recipe.target) for path in files)])


def _files_read(recipe: Recipe, runner: Runner) -> list[Path]:
    """The sources and the headers that they include, in the preprocessor's order."""
    if not recipe.compiled:
        return []
    for source in recipe.compiled:
        bytes_of(source, recipe.target)
    sources = [str(source) for source in recipe.compiled]
    said = runner.tool([*recipe.compile_command, "-M", *sources])
    if not said.ok:
        raise _failed(recipe.target, said.stderr)
    rules = said.stdout.replace("\\\n", " ").splitlines()
    words = [word for rule in rules for word in make_words(rule.partition(": ")[2])]
    return [Path(word) for word in words]


def _compile_and_link(recipe: Recipe, folder: Path, runner: Runner) -> MadeBuild:
    total_ns = 0
    log: list[str] = []

    def call(*words: str) -> None:
        nonlocal total_ns
        said = runner.tool(words, cwd=folder)
        total_ns += said.wall_ns
        if said.stderr.strip():
            log.append(said.stderr.rstrip())
        if not said.ok:
            raise _failed(recipe.target, said.stderr or said.stdout)

    command = recipe.compile_command
    own_sections = (OWN_SECTIONS,) if recipe.layouts > 1 else ()
    objects = [f"{n}-{source.stem}.o" for n, source in enumerate(recipe.compiled)]
    for source, name in zip(recipe.compiled, objects, strict=True):
        call(*command, *own_sections, "-c", str(source), "-o", name)
    wrap: tuple[str, ...] = ()
    if recipe.target.steady:
        entry = f"-DHARNESS_ENTRY={recipe.entry}"
        call(command[0], "-O2", entry, "-c", str(DRIVER), "-o", "steady.o")
        objects.append("steady.o")
        wrap = ("-Wl,--wrap=main",)
    link = (command[0], *recipe.options.link_start(recipe.target))
    told = recipe.options.link_arguments(recipe.target)
    rest = (*map(str, recipe.linked), *wrap, *recipe.packages.link, *told)
    call(*link, *objects, *rest, "-o", recipe.program_name)
    built_ns = total_ns  # what the build takes anyone; the other layouts are ours
    link_layouts(
        folder / recipe.program_name,
        objects,
        recipe.layouts,
        lambda words, program: call(*link, *words, *rest, "-o", str(program)),
    )
    for name in objects:
        (folder / name).unlink()
    return MadeBuild(built_ns, _programs(recipe, folder), "\n".join(log))


def _programs(recipe: Recipe, folder: Path) -> list[Path]:
    """Everything in a build's folder that may be executed: the program in each of its layouts."""
    program = folder / recipe.program_name
    return [program_in(program, layout) for layout in range(recipe.layouts)]


def _failed(target: Target, words: str) -> BuildFailed:
    hint = "Fix the sources, or the target's flags, include_dirs and libraries."
    if missing := ASSEMBLED.search(words):
        hint = (
            f"The assembler looks for {missing[1].strip()} in include_dirs, not beside the source:"
            ' include_dirs = ["."] finds what lies beside harness.toml.'
        )
    return BuildFailed(
        f"the C compiler refused target {target.name!r}:\n{words.strip()}", hint=hint
    )
