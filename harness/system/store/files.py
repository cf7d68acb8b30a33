"""Files that are written whole or not at all, and read as what was written."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shlex
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from harness.errors import DataClosed, DataDamaged, MadeByNewer, StorageFailed
from harness.frozen import dataclass
from harness.system.process.touching import touched_files
from harness.system.process.trees import open_ordinary


@contextlib.contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """A full disk or a read-only folder, in words."""
    try:
        yield
    except OSError as problem:
        raise not_written(folder, problem) from None


_OTHER_FOLDER = "or choose another folder with `results`."
_ADVICE = {
    errno.ENOSPC: f"Free some space {_OTHER_FOLDER}",
    errno.EDQUOT: f"Free some space of your quota {_OTHER_FOLDER}",
    errno.EROFS: "It is mounted read-only: choose another folder with `results`.",
    errno.EPERM: f"Is it another user's, or made immutable (`lsattr`)? Change that {_OTHER_FOLDER}",
    errno.ELOOP: "A link is in its place: put the file itself there, or nothing.",
}


def not_written(path: Path, problem: OSError, what: str = "write to") -> StorageFailed:
    """The error for what cannot be used, with the file that it is about and what would help."""
    where = Path(os.fsdecode(problem.filename)) if problem.filename else path
    inside = "" if where == path or not where.is_absolute() else f" ({where})"
    hint = _ADVICE.get(problem.errno or 0, f"Look at what is there, {_OTHER_FOLDER}")
    if problem.errno == errno.EACCES:
        hint = how_to_open(where if where.is_absolute() else path)
    return StorageFailed(f"cannot {what} {path}: {problem.strerror or problem}{inside}", hint=hint)


MOST_KEPT_BYTES = 2**30


def open_kept(path: Path) -> BinaryIO:
    """Open a file of ours for reading; FileNotFoundError where there is none.

    Raises DataDamaged for what nobody of us has put there: a link, a pipe, a device or a folder,
    and for a file that may not be read.
    """
    try:
        return os.fdopen(open_ordinary(path), "rb")
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise not_read(path, problem) from None


def read_kept(path: Path, most: int = MOST_KEPT_BYTES) -> bytes:
    """The content of a file of ours; as `open_kept`, and DataDamaged for one that is too long."""
    with open_kept(path) as file:
        try:
            # Asked for `most`, Python would first make room for that much.
            expected = min(os.fstat(file.fileno()).st_size, most) + 1
            content = file.read(expected)
            if len(content) == expected <= most:  # it grew
                content += file.read(most + 1 - expected)
        except OSError as problem:
            raise not_read(path, problem) from None
    if len(content) > most:
        raise damaged(path, f"it has more than {most:,} bytes")
    return content


def read_given(path: Path, most: int) -> bytes:
    """The beginning of a file that a user names: at most `most` bytes, and never waited for.

    Raises OSError, for a pipe too: nobody may be there to write into it.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
            raise OSError(errno.EINVAL, "it is a pipe, and not a file", str(path))
        return file.read(most) or b""


def open_to_append(path: Path) -> int:
    """Open a file of ours for reading and writing, made where there is none.

    Raises DataDamaged where something else is in its place: nothing is written through a link.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o644)
    except OSError as problem:
        if problem.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise not_read(path, problem) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise not_read(path, OSError(errno.EINVAL, "is no ordinary file"))
    touched_files()
    return handle


def not_read(path: Path, problem: OSError) -> DataDamaged:
    """The error for a file of ours that is there and cannot be read."""
    if problem.errno in (errno.EACCES, errno.EPERM):
        return DataClosed(
            f"{path}: cannot be read: {problem.strerror}",
            hint=f"Nothing says that it is damaged. {how_to_open(path)}",
        )
    what = "is a link, and not a file" if problem.errno == errno.ELOOP else ""
    return DataDamaged(
        f"{path}: cannot be read: {what or problem.strerror or problem}",
        hint="Put the file itself in its place: from a copy, or from git where it is committed.",
    )


def demand_open(folder: Path) -> None:
    """DataClosed where a folder of ours may not be read; one that is not there is fine."""
    try:
        folder.lstat()
        with os.scandir(folder):
            pass
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError as problem:
        raise not_read(folder, problem) from None


def how_to_open(path: Path) -> str:
    """What to type where a path is closed to us: it is about the first part that is closed."""
    closed = next((p for p in (*reversed(path.parents), path) if _is_closed(p)), path)
    with contextlib.suppress(OSError):
        if closed.stat().st_uid != os.geteuid():
            return f"It is another user's: see `ls -ld {shlex.quote(str(closed))}`."
    return f"Make it readable: chmod u+rwX {shlex.quote(str(closed))}"


def _is_closed(path: Path) -> bool:
    try:
        is_folder = path.is_dir()
    except OSError:
        return False
    wanted = os.R_OK | (os.X_OK if is_folder else 0)
    return path.exists() and not os.access(path, wanted, effective_ids=True)


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
            # mkstemp makes files that nobody else may read; records are for everyone.
            os.fchmod(file.fileno(), 0o644)
            # Before the rename: a file system may write the new name before the content, and a
            # crash in between would leave an empty file in the old one's place.
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        # BaseException, since Ctrl-C must not leave the part that was written either.
        temporary.unlink(missing_ok=True)
        raise
    finally:
        touched_files()
    # After the rename, whose entry is in the folder: the content alone does not bring it back.
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
                touched_files()


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
    with _as_finished(path), open_kept(path) as file:
        found = facts_of(file)
    _check_facts(path, found, facts)


def checked_content(path: Path, facts: FileFacts) -> bytes:
    """The content of a file; DataDamaged where it is not what was written."""
    with _as_finished(path):
        content = read_kept(path)
    _check_facts(path, FileFacts(len(content), hashlib.sha256(content).hexdigest()), facts)
    return content


@contextlib.contextmanager
def _as_finished(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise damaged(path, "it is missing, and the run was finished") from None
    except OSError as problem:
        raise not_read(path, problem) from None


def _check_facts(path: Path, found: FileFacts, facts: FileFacts) -> None:
    if found != facts:
        raise damaged(
            path,
            f"it was changed: {found.bytes} bytes with the digest {found.sha256[:12]}, written were"
            f" {facts.bytes} with {facts.sha256[:12]}",
        )


def from_newer(path: Path | str, version: int, known: int) -> MadeByNewer:
    """The error for a file that is whole and that this harness is too old to understand."""
    return MadeByNewer(
        f"{path}: made by a newer harness (schema {version}; this one knows {known})"
    )


DAMAGED_HINT = "Move the damaged run's folder away, or restore it from a copy."
"""What to do about several of them, or about one of which no more is known."""


def damaged(path: Path, what: str) -> DataDamaged:
    """The error that names a damaged file of a run, and what is wrong with it."""
    first = what.splitlines()[0] if what else "unreadable"
    return DataDamaged(
        f"{path}: damaged: {first}",
        hint="Move the run's folder away, or restore the file from a copy; other runs are intact.",
    )
