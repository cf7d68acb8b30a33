"""Languages whose compiler takes the words of GCC: `-c`, `-o`, `-I`, `-L`, `-l`, `-M`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import ClassVar

from harness.adapterkit.compiled import Compilation, CompilerOptions
from harness.adapterkit.in_layouts import LaidOutLanguage
from harness.adapterkit.layouts import OWN_SECTIONS, link_layouts
from harness.errors import ConfigError
from harness.frozen import dataclass
from harness.model import PathKind, Target, path_option

HERE = Path(__file__).parent
DRIVER = HERE / "native" / "steady.c"
"""The steady driver, in C: the linker hands it the start of any native program (`--wrap=main`)."""
INCLUDE = HERE / "include"
"""The folder of `harness_phases.h`, the markers for C and C++, and of `harness_compare.h`."""
EMPTY = HERE / "native" / "empty.c"
OBJECTS = frozenset({".o", ".a", ".so"})


@dataclass(frozen=True, slots=True)
class GnuOptions(CompilerOptions):
    """The options of a target whose compiler takes GCC's words."""

    flags: tuple[str, ...] = ("-O2",)
    """For compiling and for linking."""
    std: str | None = None
    """The language standard, such as `c++20`; None: the compiler's own."""
    include_dirs: tuple[str, ...] = path_option(PathKind.CODE, ())
    """Folders of headers and modules, relative to the target's root."""
    link_flags: tuple[str, ...] = ()
    """What the linker is told beside the flags."""
    library_dirs: tuple[str, ...] = path_option(PathKind.CODE, ())
    """Folders of libraries, relative to the target's root; also searched when the program runs."""
    libraries: tuple[str, ...] = ()
    """Names of libraries without `lib` and suffix."""
    layouts: int | None = field(default=None, repr=False)
    """Link the program in so many layouts (order of objects and functions, padding); the blocks
    take turns among them. None: 1, the program as it is built, and 8 in a campaign."""


class GnuLanguage(LaidOutLanguage):
    """A language whose compiler takes GCC's words, with C's steady driver around its `main`."""

    options = GnuOptions
    steady = True
    headers: ClassVar[frozenset[str]] = frozenset()
    """Suffixes of sources that others include: they are not compiled by themselves."""
    listing: ClassVar[tuple[str, ...]] = ("-M",)
    """The flags that make the compiler name every file which it reads, as a rule of make."""
    always: ClassVar[tuple[str, ...]] = ()
    """What every compilation is told: flags, folders of headers."""
    linked: ClassVar[tuple[str, ...]] = ("-lm",)
    """What every program is linked with."""
    streams: ClassVar[Path | None] = None
    """A source in the language that defines `harness_flush` and `harness_rewind` for the driver."""

    def compile(self, work: Compilation) -> None:
        """Compile each source, link the objects; in steady mode with the driver."""
        compiled, others = self._parts(work.target)
        objects = self.first_objects(work)
        for number, source in enumerate(compiled):
            objects.append(f"{number}-{source.stem}.o")
            apart = [OWN_SECTIONS] if self.layouts_of(work.target) > 1 else []
            work.call(*self._compiler(work), *apart, "-c", source, "-o", objects[-1])
        wrap = self._driver(work, objects) if work.target.steady else []
        start: tuple[str | Path, ...] = (work.toolchain.program, *work.options.flags)
        rest: tuple[str | Path, ...] = (*others, *wrap, *self._link(work), "-o")

        def link(words: Sequence[str], program: Path) -> None:
            work.call(*start, *words, *rest, program)

        link(objects, work.program)
        spent_ns = work.spent_ns  # what the build takes anyone; the other layouts are ours
        link_layouts(work.program, objects, self.layouts_of(work.target), link)
        work.spent_ns = spent_ns
        for name in objects:
            (work.folder / name).unlink()

    def with_symbols(self, target: Target) -> Target:
        """See `CompiledLanguage.with_symbols`: in the first of its layouts alone."""
        found = super().with_symbols(target)
        if self.layouts_of(target) < 2:
            return found
        flags = (*found.options["flags"], OWN_SECTIONS)
        return replace(found, options={**found.options, "flags": flags, "layouts": 1})

    def first_objects(self, work: Compilation) -> list[str]:
        """Objects that are made before those of the sources: of modules that they use."""
        return []

    def files_read(self, work: Compilation) -> Iterable[Path]:
        """What the compiler itself names (`-M`), those of the system too; objects and libraries."""
        compiled, others = self._parts(work.target)
        read = [*others, *self.library_files(work), *self.driver_files(work)]
        if compiled:
            said = work.runner.tool([*map(str, (*self._compiler(work), *self.listing, *compiled))])
            # What does not compile is told by the build, in the same words as always.
            read += _named(said.stdout) if said.ok else compiled
        return read

    def _parts(self, target: Target) -> tuple[list[Path], list[Path]]:
        """What is compiled, and what is linked as it is."""
        compiled = [s for s in target.sources if s.suffix not in self.headers | OBJECTS]
        if not compiled and all(s.suffix in self.headers for s in target.sources):
            raise ConfigError(f"targets.{target.name}.sources: only headers, nothing to compile")
        return compiled, [s for s in target.sources if s.suffix in OBJECTS]

    def _compiler(self, work: Compilation) -> list[str | Path]:
        std = [f"-std={work.options.std}"] if work.options.std else []
        folders = [f"-I{work.target.root / folder}" for folder in work.options.include_dirs]
        return [work.toolchain.program, *self.always, *std, *folders, *work.options.flags]

    def _link(self, work: Compilation) -> list[str]:
        folders = [work.target.root / folder for folder in work.options.library_dirs]
        searched = [f"{flag}{folder}" for folder in folders for flag in ("-L", "-Wl,-rpath,")]
        named = [f"-l{name}" for name in work.options.libraries]
        return [*work.options.link_flags, *searched, *named, *self.linked]

    def _driver(self, work: Compilation, objects: list[str]) -> list[str]:
        """Compile the steady driver; what the linker is told of it."""
        name = work.target.entry or "main"
        flags = ["-O2", f"-DHARNESS_ENTRY={'__real_main' if name == 'main' else name}"]
        if self.streams is not None:
            flags.append("-DHARNESS_STREAMS")
            work.call(work.toolchain.program, "-O2", "-c", self.streams, "-o", "streams.o")
            objects.append("streams.o")
        work.call(work.toolchain.program, *flags, "-x", "c", "-c", DRIVER, "-o", "steady.o")
        objects.append("steady.o")
        return ["-Wl,--wrap=main"]

    def driver_files(self, work: Compilation) -> list[Path]:
        """The sources of the steady driver, where there is to be one."""
        if not work.target.steady:
            return []
        return [DRIVER, *([self.streams] if self.streams is not None else [])]

    def library_files(self, work: Compilation) -> list[Path]:
        """The libraries of the target's own folders: parts of the build, unlike the system's."""
        folders = [work.target.root / folder for folder in work.options.library_dirs]
        names = [f"lib{n}{suffix}" for n in work.options.libraries for suffix in (".a", ".so")]
        return [path for f in folders for n in names if (path := f / n).is_file()]


def _named(rules: str) -> list[Path]:
    """The files on the right of make's rules; a space within a name is written `\\ `."""
    lines = rules.replace("\\\n", " ").splitlines()
    words = " ".join(line.partition(": ")[2] for line in lines).replace("\\ ", "\0").split()
    return [Path(word.replace("\0", " ").replace("$$", "$").replace("\\#", "#")) for word in words]
