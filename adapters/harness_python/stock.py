"""Fills a bytecode cache with all that the interpreter's own folders hold, and names these.

Executed by the target's own interpreter, 3.8 or later, with the cache as its `pycache_prefix`.
Where a module was compiled when it was installed, a link to that will do: the interpreter holds it
against its source when it loads it, as ever. A folder without folders of modules in it, all of
which were compiled, is one link to its bytecode: there are five times fewer links then.
"""

# Thousands of files: pathlib would take several times as long.
# ruff: noqa: PTH100, PTH103, PTH110, PTH112, PTH118, PTH120, PTH123, PTH208, PTH211

from __future__ import annotations

import os
import py_compile
import sys

LEFT_OUT = {"__pycache__", "idlelib", "lib2to3", "test", "tests", "turtledemo"}
"""What hardly a program imports."""
NEAR = ".installed"
"""A link to the bytecode of a folder: file systems keep the short links through it in inodes."""


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


def stock(folder: str, modules: list[str], leaf: bool, prefix: str) -> None:
    """Fill the cache with the bytecode of a folder's modules."""
    wanted = os.path.join(prefix, folder.lstrip(os.sep))
    installed = os.path.join(folder, "__pycache__")
    compiled = set(os.listdir(installed)) if os.path.isdir(installed) else set()
    missing = [name for name in modules if _bytecode(name) not in compiled]
    try:
        if leaf and not missing and not os.path.lexists(wanted):
            os.makedirs(os.path.dirname(wanted), exist_ok=True)
            os.symlink(installed, wanted)
            return
        os.makedirs(wanted, exist_ok=True)
        if compiled and not os.path.lexists(os.path.join(wanted, NEAR)):
            os.symlink(installed, os.path.join(wanted, NEAR))
    except OSError:
        return
    for name in modules:
        to = os.path.join(wanted, _bytecode(name))
        try:
            if name in missing:
                py_compile.compile(os.path.join(folder, name), cfile=to, doraise=True)
            elif not os.path.lexists(to):
                os.symlink(os.path.join(NEAR, _bytecode(name)), to)
        except (OSError, py_compile.PyCompileError, ValueError):
            pass  # then each program compiles it for itself


def _bytecode(name: str) -> str:
    return f"{name[:-3]}.{sys.implementation.cache_tag}.pyc"


def modules_below(folder: str) -> list[tuple[str, list[str]]]:
    """Each folder with modules and their file names, a folder before those within it.

    They are sorted: what is compiled anew is then the same to the last bit.
    """
    found = []
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name not in LEFT_OUT)
        modules = [name for name in sorted(names) if name.endswith(".py")]
        if modules:
            found.append((place, modules))
    return found


def main(complete: str) -> None:
    folders, prefix = own_folders(), sys.pycache_prefix
    print(*folders, sep="\n")
    if os.path.exists(complete) or not prefix:
        return
    for folder in folders:
        found = modules_below(folder)
        above = set()
        for place, _ in found:
            while len(place) > len(folder) and (place := os.path.dirname(place)) not in above:
                above.add(place)
        for place, modules in found:
            stock(place, modules, place not in above, prefix)
    with open(complete, "w", encoding="ascii"):
        pass


if __name__ == "__main__":
    main(os.path.join(sys.argv[1], "complete"))
