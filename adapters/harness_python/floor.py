"""The empty programs of a Python target: its interpreter, its imports, its inputs read once."""

from __future__ import annotations

from harness.model import Build, EmptyProgram
from harness_python import build as _build
from harness_python.imports import imported_elsewhere


def empty_programs(build: Build) -> tuple[EmptyProgram, ...]:
    """One that starts and ends, one with the same imports, one that reads the inputs as well.

    What the program imports of its own is its work; what that imports of others' counts.
    """
    steps = [("start-up", "")]
    imports = import_text(build)
    if imports:
        steps.append(("imports", imports))
    read = read_text(build)
    if read:
        steps.append(("input", imports + read))
    return tuple(EmptyProgram(adds, _build.empty_command(build, text)) for adds, text in steps)


def import_text(build: Build) -> str:
    """Statements that import what the target's files import; what fails here fails there too."""
    search = _build.own_search(build)
    lines = (line for path in _build.own_files(build) for line in imported_elsewhere(path, search))
    return "".join(f"try:\n {line}\nexcept Exception:\n pass\n" for line in dict.fromkeys(lines))


def read_text(build: Build) -> str:
    """Statements that read each declared input, and the standard input where there is one."""
    lines = [
        f"try:\n open({name!r}, 'rb').read()\nexcept OSError:\n pass\n"
        for name in build.target.input_names()
    ]
    if build.target.stdin:
        lines.append("import sys\nsys.stdin.buffer.read()\n")
    return "".join(lines)
