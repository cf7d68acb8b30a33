"""What a C target may say in its configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigError
from harness.model import Target, read_options

RELATIVE_FOLDER = re.compile(r"-[IL](?!/|$)")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a C target.

    A source is compiled by `compiler -std=... -I... flags -c`, the program linked by
    `compiler flags objects link_flags -L... -l... -lm`.
    """

    compiler: str | None = None
    """A name on PATH or a path below the target's root; None: the first of cc, gcc and clang."""
    std: str | None = None
    """The language standard, such as `c99` or `gnu17`; None: the compiler's own."""
    flags: tuple[str, ...] = ("-O2",)
    """For compiling and for linking (`-flto`, `-fopenmp`)."""
    include_dirs: tuple[str, ...] = ()
    """Folders of headers, relative to the target's root."""
    link_flags: tuple[str, ...] = ()
    library_dirs: tuple[str, ...] = ()
    """Folders of libraries, relative to the target's root; also searched when the program runs."""
    libraries: tuple[str, ...] = ()
    """Names of libraries without `lib` and suffix; `m` is always linked."""
    vary_link_order: bool = False
    """Link the program in eight orders, with padding; trials take turns among them."""

    @classmethod
    def of(cls, target: Target) -> Options:
        """The target's options; ConfigError for unknown ones and for a target without sources."""
        options = read_options(cls, target)
        if not target.sources:
            raise ConfigError(
                f"targets.{target.name}: a C target needs at least one source",
                hint='Add sources = ["path/to/program.c"].',
            )
        if target.entry and not target.entry.isidentifier():
            raise ConfigError(
                f"targets.{target.name}.entry: want the name of a C function, got {target.entry!r}"
            )
        for flag in (*options.flags, *options.link_flags):
            if RELATIVE_FOLDER.match(flag):
                raise ConfigError(
                    f"targets.{target.name}: {flag!r} is relative to the folder of the build,"
                    " which is empty",
                    hint="Say include_dirs or library_dirs: they are relative to harness.toml.",
                )
        return options

    def compile_arguments(self, target: Target) -> tuple[str, ...]:
        """What every compilation of this target is told, headers of the target's root included."""
        std = (f"-std={self.std}",) if self.std else ()
        includes = tuple(f"-I{target.root / folder}" for folder in self.include_dirs)
        return (*std, *includes, *self.flags)

    def library_files(self, target: Target) -> list[Path]:
        """The libraries that lie in `library_dirs`: parts of the build, unlike the system's."""
        names = [f"lib{name}{suffix}" for name in self.libraries for suffix in (".a", ".so")]
        files = [target.root / folder / name for folder in self.library_dirs for name in names]
        return [path for path in files if path.is_file()]

    def link_arguments(self, target: Target) -> tuple[str, ...]:
        """What the linker is told after the objects."""
        folders = [target.root / folder for folder in self.library_dirs]
        searched = tuple(f"{flag}{folder}" for folder in folders for flag in ("-L", "-Wl,-rpath,"))
        return (*self.link_flags, *searched, *(f"-l{name}" for name in self.libraries), "-lm")
