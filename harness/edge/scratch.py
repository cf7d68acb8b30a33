"""Scratch folders: one a trial, emptied when it has been looked at, never left for ever.

`<scratch>/<pid>-<random>/` belongs to one process, which holds a lock on it as long as it lives;
what processes that died left there is removed by the next one. Below it every trial has a folder
of its own, whose name is always equally long: a path's length moves a program's stack. An emptied
folder serves again: emptying one takes 50 us, removing it 4 ms on a busy machine (ext4).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from harness.edge.places import is_ours
from harness.edge.store import storage_errors

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 * 2**30
"""Free memory file system that scratch wants; containers often have 64 MiB, which is not enough."""

FileState = tuple[int, int, int]
"""Size, time of modification and time of change (both ns): equal means untouched."""


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """The places of one trial."""

    root: Path
    inputs: Mapping[str, FileState]
    """Every file that was put into `work`, by its path there."""

    @property
    def work(self) -> Path:
        """Where the program runs, with the target's inputs."""
        return self.root / "work"

    @property
    def tmp(self) -> Path:
        """The program's TMPDIR."""
        return self.root / "tmp"

    @property
    def stdout(self) -> Path:
        return self.root / "stdout"

    @property
    def stderr(self) -> Path:
        return self.root / "stderr"

    @property
    def stdin(self) -> Path:
        """An empty file."""
        return self.root / "stdin"

    @property
    def phases(self) -> Path:
        """Where marked programs write their phases."""
        return self.root / "phases"

    def digest(self) -> str:
        """SHA-256 over standard output and all files in `work` but the inputs left untouched.

        Files count by path and content, links by where they lead, pipes and sockets by being
        there, and so does an input that is gone. Empty folders, modes and times do not.
        """
        total = hashlib.sha256(file_digest(self.stdout))
        untouched = {name for name, state in self.inputs.items() if state == self._state(name)}
        left = sorted(files_below(self.work))
        for name in left:
            if name not in untouched:
                total.update(b"\0" + os.fsencode(name) + b"\0" + _content(self.work / name))
        for name in sorted(self.inputs.keys() - set(left)):
            total.update(b"\0" + os.fsencode(name) + b"\0gone")
        return total.hexdigest()

    def _state(self, name: str) -> FileState | None:
        try:
            return file_state(self.work / name)
        except OSError:
            return None


def scratch_in_memory(otherwise: Path, memory: Path = MEMORY) -> Path:
    """A folder in memory for scratch, where this machine has room for it; else `otherwise`.

    The disk is no part of a program's speed: ext4 takes milliseconds to close a file that was
    emptied and written anew, as steady work does with its output in every execution.
    """
    folder = memory / f"harness-{os.getuid()}"
    try:
        room = os.statvfs(memory)
        if room.f_flag & os.ST_NOEXEC or room.f_bavail * room.f_frsize < ENOUGH_BYTES:
            return otherwise
        folder.mkdir(mode=stat.S_IRWXU, exist_ok=True)
        return folder if is_ours(folder) else otherwise
    except OSError:
        return otherwise


class Scratch:
    """The scratch folders of this process; use as a context or `close` it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._own: Path | None = None
        self._lock = -1
        self._count = 0
        self._free: list[Path] = []

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def make(self, inputs: Sequence[Path]) -> TrialFolder:
        """A fresh trial folder, with copies of the inputs.

        Raises StorageFailed where the disk is full or read-only, OSError for an input that cannot
        be read.
        """
        with storage_errors(self._folder):
            if self._own is None:
                self._own, self._lock = _claim(self._folder)
            root = self._free.pop() if self._free else self._new(self._own)
            for name in ("stdin", "stdout", "stderr"):
                (root / name).touch()
        try:
            for path in inputs:
                _copy(path, root / "work" / path.name)
        except OSError:
            self.discard(root)
            raise
        work = root / "work"
        copied = files_below(work) if inputs else ()
        return TrialFolder(root, {name: file_state(work / name) for name in copied})

    def _new(self, own: Path) -> Path:
        self._count += 1
        root = own / f"{self._count:08d}"
        for folder in (root, root / "work", root / "tmp"):
            folder.mkdir(stat.S_IRWXU)
        return root

    def discard(self, root: Path) -> None:
        """Delete all that is in a trial's folder; it may be given out again from now on."""
        if root in self._free:
            return
        try:
            _empty(root)
        except OSError:
            remove_tree(root)
        else:
            self._free.append(root)

    def close(self) -> None:
        """Remove this process's folder."""
        self._free.clear()
        if self._own is not None:
            remove_tree(self._own)
            os.close(self._lock)
            self._own = None


def _claim(scratch: Path) -> tuple[Path, int]:
    """Make and lock a folder for this process, and remove those of dead ones."""
    scratch.mkdir(parents=True, exist_ok=True)
    for folder in scratch.iterdir():
        _remove_if_dead(folder)
    while True:
        own = Path(tempfile.mkdtemp(dir=scratch, prefix=f"{os.getpid():07d}-"))
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(own, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process may have taken it for a dead one's before it was locked.
            if own.exists():
                return own, lock
            os.close(lock)


def _remove_if_dead(folder: Path) -> None:
    with contextlib.suppress(OSError):
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_tree(folder)
        finally:
            os.close(lock)


def _empty(root: Path) -> None:
    """Bring a trial's folder back to its first state; OSError where that cannot be."""
    for folder in (root / "work", root / "tmp"):
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise NotADirectoryError(folder)
        folder.chmod(stat.S_IRWXU)
        _delete_in(folder)
    _delete_in(root, keep=("work", "tmp"))


def _delete_in(folder: Path, keep: Sequence[str] = ()) -> None:
    for entry in list(os.scandir(folder)):
        if entry.name in keep:
            continue
        if entry.is_dir(follow_symlinks=False):
            remove_tree(Path(entry.path))
        else:
            # Not cut short: a large output that somebody has mapped stays readable.
            Path(entry.path).unlink()
    if {entry.name for entry in os.scandir(folder)} != set(keep):
        raise OSError(f"{folder} cannot be emptied")


def remove_tree(folder: Path) -> None:
    """Delete a folder with all that is in it, also what a program has made read-only."""
    try:
        shutil.rmtree(folder)
    except OSError:
        for below, _, _ in os.walk(folder):
            Path(below).chmod(stat.S_IRWXU)
        shutil.rmtree(folder, ignore_errors=True)


def file_state(path: Path) -> FileState:
    """What changes when a file is written."""
    facts = path.lstat()
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _copy(source: Path, to: Path) -> None:
    """Copy a file or folder, times included; never a link to the user's own."""
    if to.exists():
        raise FileExistsError(errno.EEXIST, "two inputs have this name", source.name)
    if source.is_dir():
        shutil.copytree(source, to, symlinks=False)
    else:
        shutil.copy2(source, to)


def files_below(folder: Path) -> Iterator[str]:
    """Paths, relative to the folder, of everything in it that is no folder; links not followed."""
    waiting = [("", str(folder))]
    while waiting:
        prefix, path = waiting.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{prefix}{entry.name}/", entry.path))
                else:
                    yield prefix + entry.name


def _content(path: Path) -> bytes:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return b"link " + os.fsencode(path.readlink())
    return file_digest(path) if stat.S_ISREG(mode) else b"special"


def file_digest(path: Path) -> bytes:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
