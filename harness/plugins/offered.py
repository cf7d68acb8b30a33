"""The entry points of what is installed, read from their files.

`importlib.metadata` finds the same ones, and imports e-mail, CSV, ZIP and sockets for it: a tenth
of the CPU time of a run of one trial. It is asked where something is installed in another way than
by folders of `sys.path`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import lru_cache, reduce
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, Any

from harness.frozen import dataclass

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_ENDINGS = (".dist-info", ".egg-info")
_FacesOfFolders = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is installed as one package: the folder in which its facts are."""

    folder: Path

    @property
    def name(self) -> str:
        return self._header("Name")

    @property
    def version(self) -> str:
        return self._header("Version")

    def _header(self, name: str) -> str:
        return _headers(self.folder).get(name, "")


@dataclass(frozen=True, slots=True)
class Point:
    """An entry point, as `importlib.metadata.EntryPoint` is one."""

    name: str
    value: str
    group: str
    dist: Distribution = field(compare=False)

    def load(self) -> Any:
        """The module that it names, or what it names within one."""
        module, _, inside = self.value.partition("[")[0].partition(":")
        return reduce(
            getattr, filter(None, inside.strip().split(".")), import_module(module.strip())
        )


def entry_points(group: str) -> Sequence[EntryPoint]:
    """The entry points of a group; of a package that is there twice, those of the first one."""
    faces = _faces()
    if faces is None:
        from importlib import metadata

        return tuple(metadata.entry_points(group=group))
    points: Any = (point for point in _points(faces) if point.group == group)
    return tuple(points)


def _faces() -> _FacesOfFolders | None:
    """The folders of `sys.path` with their times; None where not all that is there is a folder."""
    if any(hasattr(f, "find_distributions") and f is not PathFinder for f in sys.meta_path):
        return None
    faces = []
    for place in sys.path:
        try:
            facts = Path(place).stat()
        except (OSError, ValueError):
            continue
        if str(place).lower().endswith(".egg") or not S_ISDIR(facts.st_mode):
            return None
        faces.append((str(place), facts.st_mtime_ns))
    return tuple(faces)


@lru_cache(maxsize=2)
def _points(faces: _FacesOfFolders) -> tuple[Point, ...]:
    seen: set[str] = set()
    found: list[Point] = []
    for place, _ in faces:
        for entry in _entries(place):
            stem = entry.lower().rpartition(".")[0].partition("-")[0]
            name = re.sub(r"[-_.]+", "_", stem)
            if name not in seen:
                seen.add(name)
                found += _points_in(f"{place or '.'}/{entry}")
    return tuple(found)


def _entries(place: str) -> list[str]:
    """The facts of packages in a folder; those of an older kind last, as some are there in both."""
    try:
        # Names, and no paths: there are hundreds, and each start of a command reads them.
        found = [name for name in os.listdir(place or ".") if name.lower().endswith(_ENDINGS)]  # noqa: PTH208
    except OSError:
        return []
    return sorted(found, key=lambda name: name.endswith(".egg-info"))


def _points_in(folder: str) -> Iterator[Point]:
    lines = _lines(f"{folder}/entry_points.txt")
    if not lines:
        return
    group, made_by = "", Distribution(Path(folder))
    for line in lines:
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1]
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield Point(name.strip(), value.strip(), group, made_by)


@lru_cache(maxsize=64)
def _headers(folder: Path) -> dict[str, str]:
    """Name and version of a package, from the head of its facts."""
    found: dict[str, str] = {}
    for file in ("METADATA", "PKG-INFO"):
        for line in _lines(f"{folder}/{file}"):
            key, colon, value = line.partition(": ")
            if not colon:
                break
            found.setdefault(key, value.strip())
    return found


def _lines(path: str) -> list[str]:
    try:
        # What one package wrote wrongly shall not hide all others.
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  (as above)
            return [line.strip() for line in file]
    except OSError:
        return []
