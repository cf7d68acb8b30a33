"""The parts of the trusted side that this machine has, as they are now.

Each function takes what was held of its part before, and when, and reads only what may have
changed since.
"""

from __future__ import annotations

import compileall
import importlib.util
import marshal
import os
import shutil
import site
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.frozen import dataclass
from harness.model.held import IN_TREE, Held
from harness.system.launcher import launching
from harness.system.process.calling import Call, StillRunningError, call
from harness.system.trusted.stamps import (
    content_digest,
    held_file,
    held_files,
    held_folders,
    text_digest,
    untouched,
    walked,
)

_LOADER_FILE = Path("/etc/ld.so.preload")
_LOADER_VARIABLES = (
    *("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GCONV_PATH"),
    *("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "COMPILER_PATH", "GCC_EXEC_PREFIX"),
)
"""They name libraries and parts of compilers that programs take in by themselves."""
_ENTRY_POINTS = "entry_points.txt"
_VERSION_TIMEOUT_S = 20
_HEADER_BYTES = 16
"""Of a file of bytecode (PEP 552)."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was held of each part before, by name, and when it was taken."""

    held: Mapping[str, Held]
    at_ns: int = 0

    def get(self, name: str) -> Held | None:
        return self.held.get(name)


def packages_held(
    name: str, packages: Sequence[str], version: str, tree: Path, earlier: Earlier
) -> Held:
    """The files of some packages, which are not imported for it, and of their bytecode.

    Where they lie in `tree`, which the campaign changes, their version says so.
    """
    before = earlier.get(name)
    folders = [folder for package in packages for folder in _folders_of(package)]
    files, bytecode = walked(folders)
    found = held_files(files, before, earlier.at_ns)
    wrong = _changed(bytecode, earlier.at_ns) if before is not None else []
    inside = any(folder.resolve().is_relative_to(tree.resolve()) for folder in folders)
    return replace(
        found,
        digest=text_digest((found.digest, *wrong)) if wrong else found.digest,
        version=IN_TREE if inside else version,
        place=" ".join(sorted(packages)),
    )


def place_of_folders(folders: Iterable[Path]) -> str:
    """How a part names its folders."""
    return os.pathsep.join(map(str, folders))


def folders_held(known: Held, before: Held | None, since_ns: int) -> Held:
    """All that lies below the folders which the part `known` names, links by where they lead.

    Where none of them is there it is what it was: what is missing is made anew, or not found.
    """
    folders = [Path(place) for place in known.place.split(os.pathsep)]
    if known.digest and not any(folder.exists() for folder in folders):
        return known
    found = held_folders(folders, before, since_ns)
    return replace(found, place=known.place)


def compile_packages(packages: Iterable[str]) -> None:
    """Write the bytecode of packages where it is lacking."""
    for folder in (folder for package in packages for folder in _folders_of(package)):
        compileall.compile_dir(folder, quiet=2)


def _folders_of(package: str) -> list[Path]:
    """Where a package's files are, or its only file."""
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return []
    if found is None:
        return []
    if found.submodule_search_locations:
        return [Path(place) for place in found.submodule_search_locations]
    return [Path(found.origin)] if found.origin else []


def _changed(bytecode: Iterable[str], since_ns: int) -> list[str]:
    """The bytecode that was written since, would be used, and is not what its source gives."""
    mark = f".{sys.implementation.cache_tag}."
    used = (path for path in bytecode if mark in path)
    return [p for p in used if not _is_as_it_was(p, since_ns) and not _is_of_its_source(Path(p))]


def _source_of(cached: str) -> str:
    folder, _, name = cached.rpartition("/")  # by text: hundreds of them at every step
    return f"{folder.rpartition('/')[0]}/{name.partition('.')[0]}.py"


def _is_as_it_was(cached: str, since_ns: int) -> bool:
    # Bytecode that Python passed over is used once its source has the size and time that it names.
    return untouched((cached, _source_of(cached)), since_ns)


def _is_of_its_source(cached: Path) -> bool:
    """Is bytecode what its source gives, or such as Python passes over, of an earlier source?"""
    source = Path(_source_of(str(cached)))
    _, _, level = cached.name.partition(".")[2].removesuffix(".pyc").partition(".opt-")
    try:
        content = cached.read_bytes()
        if _is_passed_over(content[:_HEADER_BYTES], source):
            return True
        code = marshal.loads(content[_HEADER_BYTES:])
        text = source.read_bytes()
        given = compile(text, str(source), "exec", dont_inherit=True, optimize=int(level or 0))
    except (OSError, ValueError, EOFError, TypeError, SyntaxError):
        return False
    return bool(code == given)


def _is_passed_over(header: bytes, source: Path) -> bool:
    """Is there no source, or does Python compile it anew, as its time or size is another one?"""
    if (
        not source.exists()
        or len(header) < _HEADER_BYTES
        or header[:4] != importlib.util.MAGIC_NUMBER
    ):
        return True
    flags, time_s, size = struct.unpack("<III", header[4:])
    facts = source.stat()
    now = int(facts.st_mtime) & 0xFFFFFFFF, facts.st_size & 0xFFFFFFFF
    return flags == 0 and now != (time_s, size)


def launcher_held(cache: Path, earlier: Earlier) -> Held:
    """The launcher that a run here would use: its program, or the sources of the one in Python."""
    path = launching.kept_launcher(cache)
    if path is None:
        return Held("", version="the one in Python, whose files are the harness's")
    return replace(held_file(path, earlier.get("launcher"), earlier.at_ns), version=path.name)


def python_held(earlier: Earlier) -> Held:
    """The interpreter that runs the harness."""
    found = held_file(Path(sys.executable), earlier.get("python"), earlier.at_ns)
    return replace(found, version=sys.version.split()[0])


def startup_held() -> Held:
    """What Python has executed, or will, before the harness: hooks of the site, and .pth files."""
    parts = []
    for name in ("sitecustomize", "usercustomize"):
        origin = getattr(sys.modules.get(name), "__file__", None)
        if origin:
            parts.append(f"{name} {origin} {content_digest(origin)}")
    for folder in dict.fromkeys((*site.getsitepackages(), *sys.path)):
        parts += [f"{path} {content_digest(path)}" for path in _entries(folder, ".pth")]
    return Held(text_digest(parts))


def _entries(folder: str, ending: str) -> list[str]:
    """The entries of a folder with an ending, sorted; none where it cannot be read."""
    try:
        return sorted(e.path for e in os.scandir(folder) if e.name.endswith(ending))
    except OSError:
        return []


def loader_held() -> Held:
    """What the system loads into every program that is started from here."""
    told = [f"{n}={os.environ[n]}" for n in _LOADER_VARIABLES if os.environ.get(n)]
    if _LOADER_FILE.exists():
        told.append(f"{_LOADER_FILE} {content_digest(str(_LOADER_FILE))}")
    return Held(text_digest(told))


def installed_held(earlier: Earlier) -> Held:
    """The distributions that bring plugins: those whose entry points have a group of ours."""
    infos = (
        info
        for folder in dict.fromkeys(sys.path)
        for ending in (".dist-info", ".egg-info")
        for info in _entries(folder, ending)
    )
    lists = (f"{info}/{_ENTRY_POINTS}" for info in infos)
    return held_files(list(filter(_names_us, lists)), earlier.get("plugins"), earlier.at_ns)


_known: dict[tuple[str, int], bool] = {}


def _names_us(path: str) -> bool:
    """Does a list of entry points have some of ours? A file is read once per process."""
    try:
        key = path, os.stat(path).st_ctime_ns  # noqa: PTH116 (a hundred of them)
        if key not in _known:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
            _known[key] = "[harness." in text
    except OSError:
        return False
    return _known[key]


def program_held(name: str, earlier: Earlier) -> Held | None:
    """A program as PATH leads to it now; None where it does not."""
    found = shutil.which(name)
    if found is None:
        return None
    path = Path(found).absolute()
    before = earlier.get(f"program {name}")
    held = held_file(path, before, earlier.at_ns)
    if before is not None and (held.digest, str(path)) == (before.digest, before.place):
        return before
    return replace(held, version=_version_of(path), place=str(path))


def _version_of(program: Path) -> str:
    """The first line that a program says of its version; empty where it says none."""
    try:
        done = call(Call([str(program), "--version"], timeout_s=_VERSION_TIMEOUT_S))
    except (OSError, StillRunningError):
        return ""
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return lines[0][:200] if lines and done.returncode == 0 else ""


def texts_held(parts: Mapping[str, Iterable[str]]) -> dict[str, Held]:
    """Parts that are known by their text."""
    return {name: Held(text_digest(lines)) for name, lines in parts.items()}
