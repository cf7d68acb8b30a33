"""The seal of a baseline: a manifest of SHA-256 digests, and the one digest that stands for all.

`seal.sha256` is a plain text that `sha256sum --check` understands, so that the seal can be checked
without this program. Its canonical form, byte for byte::

    # harness seal 1
    # complete: baseline_results          a folder in which no other file may be; sorted
    # 1234 bytes                          before each file: its size
    3a7b...c1  baseline.json              digest, two spaces, path with `/`; sorted by UTF-8 bytes

Each line ends with a line feed. The digest of the seal is the SHA-256 of these bytes: what
`sha256sum seal.sha256` prints. It goes into an annotated tag, so that a manifest which was edited
together with a file is found out as well.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from harness.errors import DataClosed, DataDamaged, StorageFailed, UsageError
from harness.frozen import dataclass
from harness.system.store.files import not_read, open_kept, read_kept

SEAL_NAME = "seal.sha256"

_HEADER = "# harness seal 1"
_COMPLETE = "# complete: "
_BYTES = re.compile(r"# (\d+) bytes")
_ENTRY = re.compile(r"([0-9a-f]{64})  (.+)")
_BLOCK_BYTES = 1 << 20
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SealEntry:
    """One sealed file; `path` is relative to the sealed folder, with `/`."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Seal:
    """What a folder contained when it was sealed."""

    entries: tuple[SealEntry, ...]
    """Sorted by path."""
    complete: tuple[str, ...] = ()
    """Folders that were sealed whole: another file in them is damage."""

    @property
    def text(self) -> str:
        """The canonical form; the content of `seal.sha256`."""
        lines = [_HEADER, *(f"{_COMPLETE}{folder}" for folder in self.complete)]
        for entry in self.entries:
            lines += [f"# {entry.size_bytes} bytes", f"{entry.sha256}  {entry.path}"]
        return "".join(f"{line}\n" for line in lines)

    @property
    def root(self) -> str:
        """SHA-256 over the canonical form, in hexadecimal."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


def make_seal(folder: Path, names: Iterable[str]) -> Seal:
    """Take the digests of files below `folder`; a folder among the names is sealed whole.

    Reads the files, writes nothing. Raises UsageError for a name that is missing, leads out of
    the folder, is a link, or could not be written into the manifest.
    """
    files: set[str] = set()
    complete: set[str] = set()
    for name in names:
        relative = PurePosixPath(name).as_posix()
        path = folder / relative
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            raise UsageError(f"cannot seal {name!r}: it leads out of {folder}", hint=_PATH_HINT)
        if path.is_dir() and not path.is_symlink():
            complete.add(relative)
            files.update(_files_below(folder, relative))
        else:
            files.add(relative)
    entries = tuple(_entry(folder, name) for name in sorted(files, key=_by_bytes))
    return Seal(entries, tuple(sorted(complete, key=_by_bytes)))


_PATH_HINT = "Seal ordinary files below the folder, named without line breaks or backslashes."


def _by_bytes(name: str) -> bytes:
    return name.encode("utf-8", errors="surrogateescape")


def _files_below(folder: Path, name: str) -> set[str]:
    """Everything in a folder that is not a folder itself; links too, so that none goes unseen."""
    found = (folder / name).rglob("*")
    return {
        path.relative_to(folder).as_posix()
        for path in found
        if path.is_symlink() or not path.is_dir()
    }


def _entry(folder: Path, name: str) -> SealEntry:
    path = folder / name
    if not name.isprintable() or "\\" in name:
        raise UsageError(f"cannot seal {name!r}: such a name breaks the manifest", hint=_PATH_HINT)
    if path.is_symlink() or not path.is_file():
        what = "a link" if path.is_symlink() else "no file" if not path.exists() else "not a file"
        raise UsageError(f"cannot seal {path}: {what}", hint=_PATH_HINT)
    size, digest = _digest(path)
    return SealEntry(name, size, digest)


def _digest(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of what was read, so that both are of the same bytes."""
    sha256, size = hashlib.sha256(), 0
    with open_kept(path) as file:
        while block := file.read(_BLOCK_BYTES):
            sha256.update(block)
            size += len(block)
    return size, sha256.hexdigest()


def write_seal(folder: Path, seal: Seal) -> Path:
    """Write `seal.sha256`, which must not exist: a seal is never replaced.

    Raises StorageFailed where it exists or cannot be written.
    """
    path = folder / SEAL_NAME
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(seal.text)
    except OSError as problem:
        raise StorageFailed(
            f"cannot write {path}: {problem.strerror or problem}",
            hint="A sealed baseline is never modified; a new campaign makes its own.",
        ) from None
    return path


def parse_seal(text: str, source: str = SEAL_NAME) -> Seal:
    """The inverse of `Seal.text`; DataDamaged for anything but a canonical manifest."""
    seal = Seal((), ())
    size: int | None = None
    for line in text.split("\n"):
        if line.startswith(_COMPLETE):
            seal = Seal(seal.entries, (*seal.complete, line.removeprefix(_COMPLETE)))
        elif match := _BYTES.fullmatch(line):
            size = int(match[1])
        elif (match := _ENTRY.fullmatch(line)) and size is not None:
            seal = Seal((*seal.entries, SealEntry(match[2], size, match[1])), seal.complete)
    # Written again and compared: what a lenient reader passes over (order, spaces) was changed too.
    if seal.text != text:
        raise DataDamaged(f"{source}: is not a seal as it was written", hint=_RESTORE)
    return seal


_RESTORE = (
    "Restore the files from the tag's commit: a baseline is never edited; a new campaign makes"
    " a new one."
)


def read_seal(folder: Path) -> Seal:
    """The manifest of a sealed folder; DataDamaged where it is missing or no manifest."""
    path = folder / SEAL_NAME
    try:
        text = read_kept(path).decode("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        what = problem.strerror if isinstance(problem, OSError) else "not a text"
        raise DataDamaged(f"{path}: the seal cannot be read: {what}", hint=_RESTORE) from None
    return parse_seal(text, str(path))


def verify_seal(folder: Path, expected: str | Seal | None = None) -> Seal:
    """Check every sealed file, and the manifest itself against what a tag says.

    `expected` is the root, or the whole seal, from the tag; without it only the files are checked
    against the manifest. Raises DataDamaged naming each file and what changed: missing, another
    size, another content, or not there when it was sealed.
    """
    wanted = expected.root if isinstance(expected, Seal) else expected
    problems: list[str] = []
    try:
        seal = read_seal(folder)
    except DataDamaged as damage:
        if not isinstance(expected, Seal):
            raise
        problems.append(damage.message)
        seal = expected
    if wanted is not None and seal.root != wanted:
        problems.append(f"{SEAL_NAME}: edited: its root is {seal.root}, the tag says {wanted}")
    trusted = expected if isinstance(expected, Seal) else seal
    problems += [p for entry in trusted.entries if (p := _changed(folder, entry))]
    problems += _extra(folder, trusted)
    if problems:
        shown = "\n  ".join(problems[:_SHOWN])
        more = f"\n  and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise DataDamaged(f"{folder}: the seal is broken:\n  {shown}{more}", hint=_RESTORE)
    return seal


def _changed(folder: Path, entry: SealEntry) -> str:
    """What happened to a sealed file, in words; empty where nothing did. DataClosed where nobody
    can say.
    """
    path = folder / entry.path
    try:
        if path.is_symlink():
            return f"{entry.path}: replaced by a link"
        if not path.is_file():
            return f"{entry.path}: missing"
        size, digest = _digest(path)
    except PermissionError as problem:
        raise not_read(path, problem) from None
    except DataClosed:
        raise  # what may not be read has not been changed, as far as anybody knows
    except OSError as problem:
        return f"{entry.path}: cannot be read: {problem.strerror}"
    except DataDamaged as problem:
        return problem.message
    if size != entry.size_bytes:
        return f"{entry.path}: changed: {size} bytes, sealed with {entry.size_bytes}"
    if digest != entry.sha256:
        return f"{entry.path}: changed: SHA-256 {digest}, sealed with {entry.sha256}"
    return ""


def _extra(folder: Path, seal: Seal) -> list[str]:
    sealed = {entry.path for entry in seal.entries}
    there = {name for part in seal.complete for name in _files_below(folder, part)}
    return [
        f"{name}: was not there when it was sealed"
        for name in sorted(there - sealed, key=_by_bytes)
    ]
