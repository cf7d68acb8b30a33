"""What a Python target may say in its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigError
from harness.model import PathKind, Target, path_option, read_options


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a Python target."""

    python: str | None = path_option(PathKind.TOOL, or_name=True)
    """The interpreter: a name on PATH or a path from the target's root; None: as probed."""
    flags: tuple[str, ...] = ()
    """Flags of the interpreter, such as `-O` or `-X dev`."""
    module: str | None = None
    """Run as `python -m module`, in place of the first source."""
    path: tuple[str, ...] = path_option(PathKind.CODE, ())
    """Folders to import from, relative to the target's root (PYTHONPATH); with `module`, the root
    itself where nothing is said."""

    @classmethod
    def of(cls, target: Target) -> Options:
        """The target's options; ConfigError for unknown ones and where there is nothing to run."""
        options = read_options(cls, target)
        if options.module is None and not target.sources:
            raise ConfigError(
                f"targets.{target.name}: a Python target needs a source or a module",
                hint='Add sources = ["path/to/program.py"] or module = "package.module".',
            )
        for source in target.sources:
            if not source.is_file():
                raise ConfigError(f"targets.{target.name}.sources: no such file: {source}")
        return options

    def search(self, target: Target) -> tuple[Path, ...]:
        """The folders that the program's own modules are found in, first one first."""
        told = tuple(target.root / folder for folder in self.path)
        if self.module is not None:
            return told or (target.root,)
        return (target.sources[0].parent, *told)
