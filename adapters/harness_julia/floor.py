"""The empty programs of a Julia target: the same Julia, the same flags, the same `using` lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.model import Build, EmptyProgram
from harness_julia import build as _build

LOADED = re.compile(r"^(using|import)\s+(?P<what>(?:[^\n#;]*,\s*\n)*[^\n#;]+)", re.MULTILINE)
"""A statement at the top level of a file, which may go on after a comma."""
LOCAL = re.compile(r"^\s*\.|^\s*Main\b")
"""A module of the program's own: what loading it takes is the program's work."""


def empty_programs(build: Build) -> tuple[EmptyProgram, ...]:
    """One that starts and ends, one that loads the same packages, one that reads the inputs."""
    target = build.target
    steps = [("start-up", "")]
    loaded = "".join(f"try\n    {line}\ncatch\nend\n" for line in packages(build))
    if loaded:
        steps.append(("imports", loaded))
    read = "".join(f"isfile({_text(n)}) && read({_text(n)})\n" for n in target.input_names())
    if target.stdin:
        read += "read(stdin)\n"
    if read:
        steps.append(("input", loaded + read))
    return tuple(_program(build, *step) for step in steps)


def packages(build: Build) -> tuple[str, ...]:
    """The `using` and `import` lines of the program's files that load packages, once each."""
    files = sorted(_build.reached_files(build.target.sources))
    return tuple(dict.fromkeys(line for path in files for line in _lines(path)))


def _lines(path: Path) -> Iterator[str]:
    for match in LOADED.finditer(path.read_text(errors="replace")):
        what = " ".join(match["what"].split())
        if not LOCAL.match(what):
            yield f"{match[1]} {what}"


def _text(name: str) -> str:
    """A string as Julia writes it: in Julia `$` in one means something."""
    return '"' + "".join(f"\\{c}" if c in '\\"$' else c for c in name) + '"'


def _program(build: Build, adds: str, text: str) -> EmptyProgram:
    folder = build.workdir / "empty"
    folder.mkdir(exist_ok=True)
    file = folder / f"{adds}.jl"
    file.write_text(text)
    return EmptyProgram(adds, _build.empty_command(build, file))
