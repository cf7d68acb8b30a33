"""Which programs a build of the user's own may call, so that another one of them is noticed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

NAMES = (
    *("cc", "gcc", "c++", "g++", "clang", "clang++", "ld", "as", "gfortran"),
    *("rustc", "cargo", "go", "javac", "java", "ocamlopt", "node", "npm", "python3", "julia"),
    *("make", "cmake", "ninja", "meson"),
)
"""Compilers and what starts them, as builds find them on PATH."""
SAID = ("CC", "CXX", "FC", "F77", "LD", "AR", "NVCC")
"""Variables that name another one."""


def tools_here(commands: Iterable[tuple[str, ...]], env: Mapping[str, str]) -> Iterator[str]:
    """A line for each tool that is here: its file, its size, and when it was written.

    A package manager that upgrades a compiler in place writes all three anew, or one of them. What
    a program of the build calls beside these is not known.
    """
    started = (command[0] for command in commands)
    named = (words[0] for name in SAID if (words := env.get(name, "").split()))
    path = env.get("PATH")
    for name in dict.fromkeys([*NAMES, *started, *named]):
        found = shutil.which(name, path=path)
        if found is not None and Path(found).is_absolute():
            yield f"{name} {_identity(Path(found).resolve())}"
    # rustup keeps one program in the place of many; what it has installed shows here.
    home = env.get("RUSTUP_HOME") or Path(env.get("HOME", "/"), ".rustup")
    yield f"rustup {_identity(Path(home, 'update-hashes'))}"


def _identity(path: Path) -> str:
    try:
        facts = path.stat()
    except OSError:
        return "none"
    return f"{path} {facts.st_size} {facts.st_mtime_ns}"
