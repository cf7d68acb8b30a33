"""What a C target may say in its configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.adapterkit import layouts_wanted
from harness.errors import ConfigError
from harness.model import (
    NamedPath,
    PathKind,
    Target,
    declared_paths,
    path_option,
    read_options,
)
from harness_c import flags as _flags


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a C target.

    A source is compiled by `compiler -std=... -I... flags -c`, the program linked by
    `compiler flags objects link_flags -L... -l... -lm`.
    """

    compiler: str | None = path_option(PathKind.TOOL, or_name=True)
    """A name on PATH or a path below the target's root; None: the first of cc, gcc and clang."""
    std: str | None = None
    """The language standard, such as `c99` or `gnu17`; None: the compiler's own."""
    flags: tuple[str, ...] = ("-O2",)
    """For compiling and for linking (`-flto`, `-fopenmp`); paths in them are relative to the
    target's root, and `@file` is replaced by what the file says."""
    include_dirs: tuple[str, ...] = path_option(PathKind.CODE, ())
    """Folders of headers, relative to the target's root."""
    link_flags: tuple[str, ...] = ()
    library_dirs: tuple[str, ...] = path_option(PathKind.CODE, ())
    """Folders of libraries, relative to the target's root; also searched when the program runs."""
    libraries: tuple[str, ...] = ()
    """Names of libraries without `lib` and suffix; `m` is always linked."""
    pkg_config: tuple[str, ...] = ()
    """Packages whose flags pkg-config knows."""
    program: str | None = path_option(PathKind.CODE)
    """A program that `build` or `setup` makes, as a path from the target's root: it is executed as
    it is, and the compiler is not called."""
    layouts: int | None = None
    """Link the program in so many layouts (order of objects and functions, padding); the blocks
    take turns among them. None: 1, the program as it is built, and 8 in a campaign. A program that
    `build` or `setup` makes is as they link it."""
    vary_link_order: bool = False
    """The older name of `layouts = 8`."""

    @classmethod
    def of(cls, target: Target) -> Options:
        """The target's options; ConfigError for unknown ones and for a target without sources."""
        options = read_options(cls, target)
        if not target.sources and options.program is None:
            raise ConfigError(
                f"targets.{target.name}: a C target needs at least one source",
                hint='Add sources = ["path/to/program.c"], or program = "path" for what `build` or'
                " `setup` makes. On a command line the file stands before `--`: what stands after"
                " it are the program's arguments.",
            )
        for path in target.sources:
            if "\n" in str(path) or not _is_text(str(path)):
                raise ConfigError(
                    f"targets.{target.name}.sources: {str(path)!r}: a C compiler lists the files"
                    " that it reads in lines of UTF-8, and this path is no part of such a line",
                    hint="Rename the file, or the folder that it lies in.",
                )
        options.layouts_of(target)
        if target.entry and not target.entry.isidentifier():
            raise ConfigError(
                f"targets.{target.name}.entry: want the name of a C function, got {target.entry!r}"
            )
        return replace(
            options,
            flags=_flags.expanded(options.flags, target),
            link_flags=_flags.expanded(options.link_flags, target),
        )

    def layouts_of(self, target: Target) -> int:
        """In how many layouts the program is linked."""
        return layouts_wanted(target, self.layouts, self.vary_link_order)

    def compile_arguments(self, target: Target) -> tuple[str, ...]:
        """What every compilation of this target is told, headers of the target's root included."""
        std = (f"-std={self.std}",) if self.std else ()
        includes = tuple(f"-I{target.root / folder}" for folder in self.include_dirs)
        return (*std, *includes, *_flags.rooted(self.flags, target))

    def link_start(self, target: Target) -> tuple[str, ...]:
        """What the linker is told before the objects."""
        return _flags.rooted(self.flags, target)

    def library_folders(self, target: Target) -> tuple[Path, ...]:
        """Where the program's own libraries lie, which it reads when it starts."""
        return tuple(target.root / folder for folder in self.library_dirs)

    def library_files(self, target: Target) -> list[Path]:
        """The libraries of the target's own folders: parts of the build, unlike the system's."""
        told = (*self.flags, *self.link_flags)
        folders = [*self.library_folders(target), *_flags.library_folders(told, target)]
        names = [*self.libraries, *_flags.library_names(told)]
        files = [f / f"lib{n}{suffix}" for f in folders for n in names for suffix in (".a", ".so")]
        return [path for path in files if path.is_file()]

    def named_files(self, target: Target) -> list[Path]:
        """Further files that flags name: profiles, linker scripts, objects."""
        return _flags.named_files((*self.flags, *self.link_flags), target)

    def assembler_folders(self, target: Target) -> list[Path]:
        """Where the assembler looks for files."""
        words = [p.value for p in _flags.parts(self.flags) if p.before == "-I"]
        return [target.root / folder for folder in (*self.include_dirs, *words)]

    def link_arguments(self, target: Target) -> tuple[str, ...]:
        """What the linker is told after the objects."""
        folders = self.library_folders(target)
        searched = tuple(f"{flag}{folder}" for folder in folders for flag in ("-L", "-Wl,-rpath,"))
        told = _flags.rooted(self.link_flags, target)
        return (*told, *searched, *(f"-l{name}" for name in self.libraries), "-lm")


def paths_of(target: Target) -> tuple[NamedPath, ...]:
    """The files and folders that a target's options name."""
    said = read_options(Options, target)
    words = {"flags": said.flags, "link_flags": said.link_flags}
    within = [n for option, told in words.items() for n in _flags.named(option, told)]
    return (*declared_paths(Options, target), *within)


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:  # bytes that are no UTF-8, as Python holds them in a path
        return False
    return True
