"""Fills a bytecode cache with all that the interpreter's own folders hold, and names these.

Executed by the target's own interpreter, 3.8 or later, with the cache as its `pycache_prefix`.
Where a module was compiled when it was installed, a link to that will do: the interpreter holds it
against its source when it loads it, as ever.
"""

# Thousands of files: pathlib would take several times as long.
# ruff: noqa: PTH100, PTH103, PTH110, PTH112, PTH118, PTH120, PTH123, PTH211

from __future__ import annotations

import importlib.util
import os
import py_compile
import sys

LEFT_OUT = {"__pycache__", "idlelib", "lib2to3", "test", "tests", "turtledemo"}
"""What hardly a program imports."""


def own_folders() -> list[str]:
    """Folders of `sys.path` that belong to the interpreter, without those within another one."""
    prefixes = {os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    found: list[str] = []
    for folder in sorted({os.path.abspath(path) for path in sys.path[1:]}):
        real = os.path.realpath(folder) + os.sep
        inside = os.path.isdir(folder) and any(real.startswith(p + os.sep) for p in prefixes)
        if inside and not any(folder.startswith(other + os.sep) for other in found):
            found.append(folder)
    return found


def stock(source: str, prefix: str | None) -> None:
    wanted = importlib.util.cache_from_source(source)
    if os.path.exists(wanted):
        return
    sys.pycache_prefix = None
    installed = importlib.util.cache_from_source(source)
    sys.pycache_prefix = prefix
    try:
        os.makedirs(os.path.dirname(wanted), exist_ok=True)
        if os.path.exists(installed):
            os.symlink(installed, wanted)
        else:
            py_compile.compile(source, cfile=wanted, doraise=True)
    except (OSError, py_compile.PyCompileError, ValueError):
        pass  # then each program compiles it for itself


def main(stamp: str) -> None:
    folders, prefix = own_folders(), sys.pycache_prefix
    print(*folders, sep="\n")
    if os.path.exists(stamp):
        return
    for folder in folders:
        for place, below, names in os.walk(folder):
            below[:] = [name for name in below if name not in LEFT_OUT]
            for name in names:
                if name.endswith(".py"):
                    stock(os.path.join(place, name), prefix)
    with open(stamp, "w", encoding="ascii"):
        pass


if __name__ == "__main__":
    main(os.path.join(sys.argv[1], "complete"))
