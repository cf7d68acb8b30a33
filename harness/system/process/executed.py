"""What a build executes, as content: to see whether two sides ran one program, and it stayed so."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.errors import HarnessError
from harness.model import Build, WorkingFolder, digest_of
from harness.on_demand import pattern
from harness.system.process.given import files_digest
from harness.system.process.runner import call_tool
from harness.system.process.trees import file_digest

_LOADED = pattern(r"^\s*(?P<name>\S.*?)(?: => (?P<path>/.*?))? \(0x[0-9a-f]+\)$", re.MULTILINE)
"""A line of what the dynamic loader lists: a library's name, and where it was found."""
_INTERPRETER = 3
"""The type of the entry of an ELF file that names its dynamic loader."""
_LISTING_S = 30.0


def executed(build: Build, digest: Callable[[Path], bytes] = file_digest) -> str:
    """SHA-256 of what a build executes; empty: no file. `digest`: that of one of its files.

    That is the program's file, a shared interpreter included, and the libraries of the target's
    own tree that are loaded with it.
    """
    try:
        program = digest(build.program).hex()
        libraries = list(_libraries(build, digest))
    except OSError:
        return ""
    return digest_of([program, *libraries]) if libraries else program


def _libraries(build: Build, digest: Callable[[Path], bytes]) -> Iterator[str]:
    """Names and digests of the libraries of the target's own that its program may load.

    The dynamic loader says which it finds, without executing the program; one of the target's own
    is such a library itself, and is not asked. What a program opens while it runs is found by
    LD_LIBRARY_PATH: all libraries of the target's own folders there.
    """
    loader = _loader_of(build.program)
    if not loader:
        return
    env = {name: build.target.env.get(name, "") for name in ("LD_LIBRARY_PATH", "LD_PRELOAD")}
    if _is_of_the_system(build, loader):
        told = _listed([loader, "--list", str(build.program)], env)
        listed = [(m["name"], m["path"] or m["name"]) for m in _LOADED.finditer(told)]
        # What has no path is the kernel's own, and no file of the current folder.
        found = {name: Path(path) for name, path in listed if "/" in path}
    else:
        found = {loader: Path(loader)} if Path(loader).is_file() else {}
    for folder in filter(None, env["LD_LIBRARY_PATH"].split(os.pathsep)):
        if _is_own(build, Path(folder)):
            found |= {path.name: path for path in Path(folder).glob("*.so*") if path.is_file()}
    for name, path in sorted(found.items()):
        if _is_own(build, path):
            yield f"{Path(name).name} {digest(path.resolve()).hex()}"


def _is_of_the_system(build: Build, loader: str) -> bool:
    """May a loader that a program names be called? Not one that came with it: nothing jails it."""
    return loader.startswith("/") and not _is_own(build, Path(loader))


def _listed(words: list[str], env: dict[str, str]) -> str:
    """What the loader lists; empty where it cannot."""
    try:
        return call_tool(words, None, os.environ | env, _LISTING_S).stdout
    except HarnessError:
        return ""


def _loader_of(program: Path) -> str:
    """The dynamic loader that an ELF file of 64 bits names; empty: none."""
    try:
        with program.open("rb") as file:
            head = file.read(64)
            if len(head) < 64 or not head.startswith(b"\x7fELF\x02\x01"):
                return ""
            start, size, count = (struct.unpack_from(f, head, at)[0] for f, at in _TABLE)
            file.seek(start)
            table = file.read(size * count)
            for at in range(0, len(table) - 55, size):
                kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", table, at)
                if kind == _INTERPRETER:
                    file.seek(offset)
                    return os.fsdecode(file.read(min(length, 4096)).partition(b"\0")[0])
    except (OSError, struct.error):
        return ""
    return ""


_TABLE = (("<Q", 0x20), ("<H", 0x36), ("<H", 0x38))
"""Where an ELF file's head says where the table of its entries begins, their size and number."""


def _is_own(build: Build, path: Path) -> bool:
    """Does it lie in the target's own tree, or was it made for it?"""
    top = build.target.private_copy[1] if build.target.private_copy else build.target.root
    return any(path.resolve().is_relative_to(p.resolve()) for p in (build.workdir, top))


def program_of(build: Build, digest: Callable[[Path], bytes] = file_digest) -> str:
    """What tells two sides' programs apart.

    That is the content of the file, and of the libraries of its own tree, where it was compiled
    for the side. A script and what an interpreter
    of the machine executes are more than one file: there it is the build's digest, and the inputs
    that it may execute.
    """
    target, program = build.target, build.program
    top = target.private_copy[1] if target.private_copy else target.root
    own = any(program.is_relative_to(place) for place in (build.workdir, top))
    shared = any((folder / "pyvenv.cfg").exists() for folder in program.parents)
    if own and not shared and not _is_script(program) and (content := executed(build, digest)):
        return content
    return digest_of([build.digest, files_digest(target.inputs)])


def reads_beside(build: Build) -> bool:
    """May trials read files of the tree that nobody declared?

    Those in the root folder may, and scripts, which may execute what lies beside them.
    """
    return build.target.working_folder is WorkingFolder.ROOT or _is_script(build.program)


def _is_script(path: Path) -> bool:
    """Does an interpreter that its first line names execute this file?"""
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False
