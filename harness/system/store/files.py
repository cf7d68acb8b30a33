"""Files that are written whole or not at all, and read as what was written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.errors import DataDamaged, StorageFailed


@contextlib.contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """A full disk or a read-only folder, in words."""
    try:
        yield
    except OSError as problem:
        raise StorageFailed(
            f"cannot write to {folder}: {problem.strerror or problem}",
            hint="Free some space or choose another folder with --results.",
        ) from None


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never a part."""
    with replacing(path) as file:
        file.write(content)


def copy_atomically(source: Path, path: Path) -> None:
    """Copy a file's content so that a crash leaves the old one or the new one, never a part."""
    with source.open("rb") as content, replacing(path) as file:
        shutil.copyfileobj(content, file)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path`, on the disk, when all went well."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}\.new")


def clear_temporaries(folder: Path) -> None:
    """Remove what `replacing` left in a folder when its process was killed.

    The caller must be the only one who writes there.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name):
                Path(entry.path).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk: a file that was renamed is found after a crash."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file was when it was written."""

    bytes: int
    sha256: str


def facts_of(file: BinaryIO) -> FileFacts:
    """Size and digest of an open file."""
    file.seek(0)
    sha256 = hashlib.sha256()
    while block := file.read(1 << 20):
        sha256.update(block)
    return FileFacts(file.tell(), sha256.hexdigest())


def check_file(path: Path, facts: FileFacts) -> None:
    """DataDamaged where a file is not what was written."""
    try:
        with path.open("rb") as file:
            found = facts_of(file)
    except FileNotFoundError:
        raise damaged(path, "it is missing, and the run was finished") from None
    except OSError as problem:
        raise damaged(path, str(problem)) from None
    if found != facts:
        raise damaged(
            path,
            f"it was changed: {found.bytes} bytes with the digest {found.sha256[:12]}, written were"
            f" {facts.bytes} with {facts.sha256[:12]}",
        )


def from_newer(path: Path, version: int, known: int) -> DataDamaged:
    """The error for a file that is whole and that this harness is too old to understand."""
    return DataDamaged(
        f"{path}: written by a newer harness (schema {version}; this one knows {known})",
        hint="Upgrade optim-harness to read it; nothing is wrong with the file.",
    )


def damaged(path: Path, what: str) -> DataDamaged:
    """The error that names a damaged file of a run, and what is wrong with it."""
    first = what.splitlines()[0] if what else "unreadable"
    return DataDamaged(
        f"{path}: damaged: {first}",
        hint="Move the run's folder away, or restore the file from a copy; other runs are intact.",
    )
