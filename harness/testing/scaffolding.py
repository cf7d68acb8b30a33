"""Writes the package of a new adapter, in which the author fills in what only they know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.plugins import Adapters

TEMPLATES = Path(__file__).with_name("scaffold")
FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "harness_@name@/sample.toml": "sample.toml.txt",
    "tests/test_harness_@name@.py": "test.py.txt",
    "example/harness.toml": "harness.toml.txt",
    "example/sum.@name@": "program.txt",
}
"""What is written beside the adapter itself, and the template of each."""
Kind = Literal["compiled", "interpreted"]


@dataclass(frozen=True, slots=True)
class NewPackage:
    """A package that was written."""

    adapter: str
    folder: Path
    files: tuple[str, ...]
    """From the folder."""
    left: tuple[str, ...]
    """`file:line: ...` of everything that the author fills in."""

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness adapters new --json`."""
        return {
            "adapter": self.adapter,
            "folder": str(self.folder),
            "files": list(self.files),
            "left": list(self.left),
        }

    def __str__(self) -> str:
        lines = [f"{self.folder}: a package for the adapter {self.adapter!r}", ""]
        return "\n".join([*lines, *(f"  {name}" for name in self.files), "", *self.left])


def write_package(name: str, kind: Kind, into: Path | None = None) -> NewPackage:
    """Write the package of a new adapter into a folder that is new or empty.

    `into`: None for `harness-NAME` in the current folder. Raises UsageError for a name that cannot
    be one, that an installed adapter has, and for a folder that holds something.
    """
    check_name(name)
    folder = into if into is not None else Path(f"harness-{name}")
    check_folder(folder)
    words = {"@name@": name, "@Name@": _title(name), "@Class@": _title(name)}
    wanted = {"harness_@name@/__init__.py": f"{kind}.py.txt", **FILES}
    left: list[str] = []
    made = []
    for target, template in wanted.items():
        path = folder / _filled(target, words)
        text = _filled((TEMPLATES / template).read_text(encoding="utf-8"), words)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:  # whatever happens: nothing is overwritten
            file.write(text)
        made.append(str(path.relative_to(folder)))
        if path.suffix != ".md":
            left += _places(text, made[-1])
    return NewPackage(name, folder.absolute(), tuple(made), tuple(left))


def check_name(name: str) -> None:
    """UsageError for a name that cannot be an adapter's, or that an installed one has."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(
            f"{name!r} cannot be the name of an adapter",
            hint="It is part of a Python module's name: small letters, digits and _, such as zig.",
        )
    installed = {each.name: each for each in Adapters().installed()}
    if name in installed:
        whose = installed[name].distribution or installed[name].module
        raise UsageError(
            f"an adapter named {name!r} is installed already, by {whose}",
            hint="Choose another name, or pip uninstall the package that brings it.",
        )


def check_folder(folder: Path) -> None:
    """UsageError unless the folder is new or empty."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if there.exists() and not there.is_dir():
        raise UsageError(f"{there} is not a folder", hint="Name another one by --into DIR.")
    if folder.is_dir() and (inside := sorted(path.name for path in folder.iterdir())):
        raise UsageError(
            f"{folder} is not empty: it has {', '.join(inside[:5])}",
            hint="Nothing is overwritten: name a folder that is new or empty by --into DIR.",
        )


def _title(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _places(text: str, name: str) -> list[str]:
    lines = enumerate(text.splitlines(), start=1)
    return [
        f"{name}:{number}: {line.strip().removeprefix('# ')}"
        for number, line in lines
        if "FILL IN:" in line
    ]
