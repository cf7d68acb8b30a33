"""What a Julia target may say in its configuration."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import ConfigError
from harness.model import PathKind, Target, path_option, read_options

OWN_FLAGS = ("--startup-file=no", "--history-file=no")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a Julia target."""

    program: str | None = path_option(PathKind.TOOL, or_name=True)
    """A name on PATH, or a path from the target's root; None: as probed."""
    project: str | None = path_option(PathKind.CODE)
    """Project.toml or its folder, relative to the target's root."""
    flags: tuple[str, ...] = ()
    """After `--startup-file=no --history-file=no`, such as `--check-bounds=no`."""
    threads: int | None = None
    optimize: int | None = None
    """The level of `-O`, 0 to 3."""

    @classmethod
    def of(cls, target: Target) -> Options:
        """The target's options; ConfigError for unknown ones and where there is nothing to run."""
        options = read_options(cls, target)
        if not target.sources:
            raise ConfigError(
                f"targets.{target.name}: a Julia target needs a source",
                hint='Add sources = ["path/to/program.jl"].',
            )
        for source in target.sources:
            if not source.is_file():
                raise ConfigError(f"targets.{target.name}.sources: no such file: {source}")
        if options.threads is not None and options.threads < 1:
            raise ConfigError(
                f"targets.{target.name}.threads: want at least 1, got {options.threads}"
            )
        if options.optimize is not None and not 0 <= options.optimize <= 3:
            raise ConfigError(
                f"targets.{target.name}.optimize: want 0 to 3, got {options.optimize}"
            )
        if options.project and not (target.root / options.project).exists():
            raise ConfigError(
                f"targets.{target.name}.project: not there: {target.root / options.project}"
            )
        return options

    def julia_flags(self, target: Target) -> tuple[str, ...]:
        """What stands between `julia` and the program's file."""
        project = (f"--project={target.root / self.project}",) if self.project else ()
        threads = (f"--threads={self.threads}",) if self.threads is not None else ()
        level = (f"-O{self.optimize}",) if self.optimize is not None else ()
        return (*OWN_FLAGS, *project, *threads, *level, *self.flags)
