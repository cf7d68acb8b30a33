"""Digests of files, read again only where they may have changed."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.model.held import Held

_MARGIN_NS = 1_000_000_000
"""The clock of file systems lags behind by some milliseconds."""
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


def held_files(paths: Sequence[str], before: Held | None, since_ns: int) -> Held:
    """What these files are; `before` where none can have changed since that was taken."""
    names = _digest("\0".join(paths))
    if before is not None and before.names == names and untouched(paths, since_ns):
        return before
    return Held(_digest("\n".join(map(content_digest, paths))), names=names)


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
