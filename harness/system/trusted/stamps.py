"""Digests of files, read again only where they may have changed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from harness.model.held import Held

_MARGIN_NS = 1_000_000_000
"""The clock of file systems lags behind by some milliseconds."""
_LARGE = 1 << 26
"""Of folders that nobody has looked over: a file above it is known by its size and times."""
_BYTECODE = "__pycache__"
_BYTECODE_ENDS = (".pyc", ".pyo")
_BEING_WRITTEN = re.compile(r".+\.py[co]\.\d+")
"""What Python calls bytecode until it is whole: another process may be writing some."""


def walked(folders: Iterable[Path]) -> tuple[list[str], list[str]]:
    """Every file below these folders, and apart from them the bytecode; both sorted.

    A folder that is a file is itself one.
    """
    files: list[str] = []
    bytecode: list[str] = []
    for folder in folders:
        if folder.is_file():
            files.append(str(folder))
        for parent, _, names in os.walk(folder):
            cached = os.path.basename(parent) == _BYTECODE  # noqa: PTH119 (a thousand of them)
            for name in names:
                if cached and _BEING_WRITTEN.fullmatch(name):
                    continue
                found = bytecode if cached and name.endswith(_BYTECODE_ENDS) else files
                found.append(f"{parent}/{name}")
    return sorted(files), sorted(bytecode)


def _everything_below(folders: Iterable[Path]) -> list[str]:
    """Every file and every link below these folders, sorted; links are not followed."""
    found: list[str] = []
    waiting = [str(folder) for folder in folders]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:  # a file, or nothing
            found.append(folder)
            continue
        for entry in entries:
            (waiting if entry.is_dir(follow_symlinks=False) else found).append(entry.path)
    return sorted(found)


def held_folders(folders: Iterable[Path], before: Held | None, since_ns: int) -> Held:
    """What lies below these folders, links by where they lead; else as `held_files`."""
    return held_files(_everything_below(folders), before, since_ns, _link_or_content)


def _link_or_content(path: str) -> str:
    try:
        return f"a link to {os.readlink(path)}"  # noqa: PTH115 (thousands of them)
    except OSError:
        pass
    try:
        facts = Path(path).lstat()
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"
    if not stat.S_ISREG(facts.st_mode):
        return "no file"
    if facts.st_size > _LARGE:
        return f"{facts.st_size} bytes of {facts.st_mtime_ns}, {facts.st_ctime_ns}"
    return content_digest(path)


def held_files(
    paths: Sequence[str],
    before: Held | None,
    since_ns: int,
    digest: Callable[[str], str] | None = None,
) -> Held:
    """What these files are; `before` where none can have changed since that was taken.

    `digest` says what one is: its content, with links followed, where it is not given.
    """
    names = _digest("\0".join(paths))
    if before is not None and before.names == names and untouched(paths, since_ns):
        return before
    return Held(_digest("\n".join(map(digest or content_digest, paths))), names=names)


def held_file(path: Path, before: Held | None, since_ns: int) -> Held:
    """What one file is, with the links that lead to it followed."""
    real = os.path.realpath(path)
    names = _digest(str(path))
    if before is not None and before.names == names and untouched((str(path), real), since_ns):
        return before
    return Held(content_digest(real), names=names)


def untouched(paths: Iterable[str], since_ns: int) -> bool:
    """Was nothing of these files changed since: content, name, rights or times?"""
    latest = since_ns - _MARGIN_NS
    try:
        return all(os.lstat(path).st_ctime_ns < latest for path in paths)
    except OSError:
        return False


def content_digest(path: str) -> str:
    """SHA-256 of a file; what cannot be read is its own kind of content."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (a thousand of them)
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"
    return digest.hexdigest()


def text_digest(lines: Iterable[str]) -> str:
    """SHA-256 of some lines; empty where there are none."""
    text = "\n".join(lines)
    return _digest(text) if text else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
