"""What a file most likely is: the adapter that it wants, by its suffix or its first line."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from harness.errors import UsageError
from harness.frozen import dataclass
from harness.model.suggesting import did_you_mean
from harness.on_demand import pattern
from harness.plugins import Adapters

SUFFIXES = {
    ".c": "c",
    ".jl": "julia",
    ".py": "python",
    ".go": "go",
    ".rs": "rust",
    ".lua": "lua",
    ".java": "java",
    ".js": "javascript",
    ".mjs": "javascript",
    ".ml": "ocaml",
    **dict.fromkeys((".cc", ".cpp", ".cxx"), "cpp"),
    **dict.fromkeys((".f", ".f90", ".f95", ".f03", ".f08"), "fortran"),
}
"""The adapter of a file by the end of its name, of those that come with the harness."""

_FIRST_LINE = pattern(rb"#!.*?\b(python[0-9.]*|julia)(\s|$)")
"""What a script's first line has that wants an interpreter with an adapter of its own."""

_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Guess:
    """The adapter of a program, and why it is that one; nothing where it was said."""

    adapter: str
    because: str = ""


def adapter_of(path: Path) -> str:
    """The adapter that a file most likely wants, by the end of its name."""
    return adapter_by_suffix(path.suffix) or "command"


def adapter_by_suffix(suffix: str) -> str | None:
    """The adapter of ours, else the installed one, whose sources end so; None: there is none."""
    return SUFFIXES.get(suffix) or (_suffixes_of_others().get(suffix) if suffix else None)


@cache
def _suffixes_of_others() -> dict[str, str]:
    """Installed adapters by the suffix that each states; asked for what no adapter of ours has."""
    return Adapters().suffixes()


def guessed_adapter(path: Path, *, at_revision: bool = False) -> Guess:
    """The adapter of a file, by its suffix, else by its first line, else as a program.

    UsageError for what is no file, is empty, or cannot be executed.
    """
    refuse_no_file(str(path))
    adapter = adapter_by_suffix(path.suffix)
    if adapter is not None:
        return Guess(adapter, f"by its suffix {path.suffix}")
    first = _first_line(path)
    found = _FIRST_LINE.match(first)
    if found:
        language = "julia" if found[1] == b"julia" else "python"
        return Guess(language, f"by its first line {first.decode(errors='replace').strip()}")
    if not at_revision and not os.access(path, os.X_OK):
        raise UsageError(
            f"{path} is not executable, and neither its suffix nor its first line names a language",
            hint=f"`chmod +x {path}`, or say its `adapter`.",
        )
    return Guess("command", "as a program")


def refuse_no_file(name: str) -> None:
    """UsageError for what is no file, with the near name, and for an empty one."""
    path = Path(name)
    if path.is_dir():
        raise UsageError(f"{name} is a folder", hint="Name a program or a file in it.")
    if not path.exists():
        folder = path.parent
        there = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        near = did_you_mean(path.name, there)
        where = f"Looked in {Path.cwd() if not path.is_absolute() else folder}."
        raise UsageError(f"no such file: {name}", hint=near or where)
    if path.is_file() and path.stat().st_size == 0:
        raise UsageError(f"{name} is empty", hint="An empty file computes nothing.")


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline(_LONGEST)
    except OSError:
        return b""
