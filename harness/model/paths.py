"""Files that a target's options name, so that every state of the code is given its own. Pure.

A side of a comparison is built from a private copy of the user's tree. Which options are paths, and
what becomes of one that git ignores, the adapter declares: it is never guessed from their text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, fields
from enum import Enum
from pathlib import Path
from typing import Any

from harness.frozen import dataclass
from harness.model.options import OptionsClass, read_options
from harness.model.tasks import Target

_KEY = "harness path"


class PathKind(Enum):
    """Where a side takes a file from that git ignores and that no `setup` made in its copy."""

    CODE = "code"
    """It is taken from nowhere: it is what is measured, and one file for all sides would be
    measured for each of them."""
    TOOL = "tool"
    """It is taken from the user's tree, where it stays: an interpreter in a virtual
    environment, a compiler."""
    DATA = "data"
    """It is taken from the user's tree, as a copy: what is read, such as a table that
    a build includes."""


@dataclass(frozen=True, slots=True)
class NamedPath:
    """A file or folder that one of a target's options names."""

    option: str
    value: str
    """As it stands there: absolute, or relative to the target's root."""
    kind: PathKind


@dataclass(frozen=True, slots=True)
class _Declared:
    """What an option that is a path says of itself."""

    kind: PathKind
    or_name: bool


def path_option(kind: PathKind, default: Any = None, *, or_name: bool = False) -> Any:
    """A field of an options class whose value is a path, or a tuple of paths.

    `or_name`: a value without a slash is no path but the name of a program on PATH.
    """
    return field(default=default, metadata={_KEY: _Declared(kind, or_name)})


def declared_paths(kind: type[OptionsClass], target: Target) -> tuple[NamedPath, ...]:
    """The paths that a target says in the options which `kind` declares by `path_option`."""
    options = read_options(kind, target)
    found: list[NamedPath] = []
    for entry in fields(kind):
        declared = entry.metadata.get(_KEY)
        if declared is not None:
            values = _values(getattr(options, entry.name))
            found += [
                NamedPath(entry.name, value, declared.kind)
                for value in values
                if value and ("/" in value or not declared.or_name)
            ]
    return tuple(found)


def _values(said: str | Iterable[str] | None) -> list[str]:
    if said is None:
        return []
    return [said] if isinstance(said, str) else list(said)


def moved_into(path: Path, original: Path, copy: Path) -> Path:
    """A path below `original` as the one below `copy`; any other path stays as it is."""
    return copy / path.relative_to(original) if path.is_relative_to(original) else path
