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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from harness.system.process.places import is_ours
from harness.system.process.trees import (
    MOST_FILES,
    Budget,
    empty,
    file_digest,
    files_below,
    open_folder,
    remove_tree,
    tree_digest,
)
from harness.system.store.files import storage_errors

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 * 2**30
"""Free memory file system that scratch wants; containers often have 64 MiB, which is not enough."""

FileState = tuple[int, int, int]
"""Size, time of modification and time of change (both ns): equal means untouched."""


_FOLDERS = ("work", "tmp")
_FILES = ("stdin", "stdout", "stderr", "phases")
_EVERYTHING = {*_FOLDERS, *_FILES}
_AS_MADE = stat.S_IFREG | stat.S_IRUSR | stat.S_IWUSR
_FOLDER_AS_MADE = stat.S_IFDIR | stat.S_IRWXU
_EMPTY_BYTES, _ENTRY_BYTES = 40, 20
"""Of folders in tmpfs, where their size counts what is in them."""
_SMALL_BYTES = 1 << 16

MOST_BYTES = 4 * 2**30
"""What is read of what one trial leaves, holes of sparse files included: this, or four times the
target's `max_output_bytes` where that is more."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The files that a trial writes for us, opened before it began: it cannot exchange these."""

    stdout: int
    stderr: int
    phases: int

    def close(self) -> None:
        for file in (self.stdout, self.stderr, self.phases):
            os.close(file)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the things of a trial lie; made once for a folder, which serves many trials."""

    root: Path
    work: Path
    """Where the program runs, with the target's inputs."""
    tmp: Path
    """The program's TMPDIR."""
    stdin: Path
    """An empty file."""
    stdout: Path
    stderr: Path
    phases: Path
    """Where marked programs write their phases."""
    sized: bool = False
    """Is this a file system on which a folder's size says how many entries it has?"""

    @classmethod
    def below(cls, root: Path, sized: bool = False) -> Places:
        """Those of the folder `root`."""
        work, tmp, stdin, stdout, stderr, phases = (root / n for n in (*_FOLDERS, *_FILES))
        return cls(root, work, tmp, stdin, stdout, stderr, phases, sized)

    def is_empty(self, folder: Path) -> bool:
        """Is there nothing in a folder, which has the mode that it was made with?"""
        facts = folder.lstat()
        if facts.st_mode != _FOLDER_AS_MADE:
            return False
        if self.sized:
            return facts.st_size == _EMPTY_BYTES
        return next(folder.iterdir(), None) is None

    def holds_only_ours(self) -> bool:
        """Is there nothing beside the folders and files of ours, if those are all there?"""
        if self.sized:
            return self.root.lstat().st_size == _EMPTY_BYTES + len(_EVERYTHING) * _ENTRY_BYTES
        return {path.name for path in self.root.iterdir()} == _EVERYTHING

    @property
    def folders(self) -> tuple[Path, Path, Path]:
        return self.root, self.work, self.tmp

    @property
    def files(self) -> tuple[Path, Path, Path, Path]:
        return self.stdin, self.stdout, self.stderr, self.phases


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """The folder of one trial."""

    places: Places
    inputs: Mapping[str, FileState]
    """Every file that was put into `work`, by its path there."""
    opened: Opened
    """To be closed by whoever made the folder."""

    @property
    def root(self) -> Path:
        return self.places.root

    @property
    def work(self) -> Path:
        """See `Places`, as for those that follow."""
        return self.places.work

    @property
    def tmp(self) -> Path:
        return self.places.tmp

    @property
    def stdin(self) -> Path:
        return self.places.stdin

    @property
    def stdout(self) -> Path:
        return self.places.stdout

    @property
    def stderr(self) -> Path:
        return self.places.stderr

    @property
    def phases(self) -> Path:
        return self.places.phases

    def digest(self, budget: Budget | None = None) -> str:
        """SHA-256 over standard output and all files in `work` but the inputs left untouched.

        Files count by path and content, links by where they lead, pipes and sockets by being
        there, and so does an input that is gone. Empty folders, modes and times do not.

        Raises LeftTooMuchError past the budget, and OSError where the program has made something
        of it unreadable, or has put something else in the place of its standard output.
        """
        if not self.inputs and self.places.is_empty(self.work):
            size = self._size_of_stdout()
            if size <= _SMALL_BYTES and (budget is None or size <= budget.left_bytes):
                printed = os.pread(self.opened.stdout, size + 1, 0)
                if len(printed) == size:
                    return _digest_of_printed(printed)
        budget = budget or Budget(MOST_BYTES, 60.0)
        untouched = {name for name, state in self.inputs.items() if state == self._state(name)}
        left = sorted(files_below(self.work, MOST_FILES + len(self.inputs)))
        written = [name for name in left if name not in untouched]
        # All sizes before the first byte: a hole of a terabyte is made in no time.
        budget.take(self._size_of_stdout())
        for name in written:
            budget.take((self.work / name).lstat().st_size)
        os.lseek(self.opened.stdout, 0, os.SEEK_SET)
        total = hashlib.sha256(tree_digest(self.opened.stdout, budget))
        for name in written:
            total.update(b"\0" + os.fsencode(name) + b"\0" + _content(self.work / name, budget))
        for name in sorted(self.inputs.keys() - set(left)):
            total.update(b"\0" + os.fsencode(name) + b"\0gone")
        return total.hexdigest()

    def _size_of_stdout(self) -> int:
        ours, there = os.fstat(self.opened.stdout), self.stdout.lstat()
        if (ours.st_dev, ours.st_ino) != (there.st_dev, there.st_ino):
            raise OSError(errno.ESTALE, "the program has put something else in its place", "stdout")
        return ours.st_size

    def _state(self, name: str) -> FileState | None:
        try:
            return file_state(self.work / name)
        except OSError:
            return None


@lru_cache(maxsize=16)  # most trials of a program print what the one before did
def _digest_of_printed(printed: bytes) -> str:
    """The digest of a trial that left its standard output and nothing else."""
    return hashlib.sha256(hashlib.sha256(printed).digest()).hexdigest()


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
        self._sized = False
        self._count = 0
        self._free: list[Places] = []
        self._given: dict[Path, Places] = {}
        """Folders that serve a trial now, by their root."""

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def make(self, inputs: Sequence[tuple[str, Path]]) -> TrialFolder:
        """A fresh trial folder, with copies of the inputs, each at its place in `work`.

        Raises StorageFailed where the disk is full or read-only, OSError for an input that cannot
        be read.
        """
        with storage_errors(self._folder):
            places = self._free_places()
            opened = _open_all(places)
        try:
            for place, path in inputs:
                _copy(path, places.work / place)
            copied = files_below(places.work) if inputs else ()
            states = {name: file_state(places.work / name) for name in copied}
        except BaseException as problem:
            opened.close()
            self.discard(places.root)
            if isinstance(problem, RecursionError):  # of shutil.copytree
                raise OSError(errno.ENAMETOOLONG, "folders are nested too deep") from None
            raise
        return TrialFolder(places, states, opened)

    def _free_places(self) -> Places:
        """A folder that is empty: one that has served, where it is still there, or a new one."""
        places = self._places_that_served() or self._new_places()
        self._given[places.root] = places
        return places

    def _places_that_served(self) -> Places | None:
        while self._free:
            places = self._free.pop()
            if all(map(_is_folder, places.folders)):
                return places
            remove_tree(places.root)
        return None

    def _new_places(self) -> Places:
        if self._own is None or not _is_folder(self._own):
            self.close()  # a program may have removed it
            self._own, self._lock = _claim(self._folder)
            self._sized = _is_sized(self._own)
        self._count += 1
        places = Places.below(self._own / f"{self._count:08d}", self._sized)
        for folder in places.folders:
            folder.mkdir(stat.S_IRWXU)
        return places

    def discard(self, root: Path) -> None:
        """Delete all that is in a trial's folder; it may be given out again from now on."""
        places = self._given.pop(root, None)
        if places is None:
            return
        try:
            if not _emptied_at_once(places):
                _empty(root)
        except OSError:
            remove_tree(root)
        else:
            self._free.append(places)

    def close(self) -> None:
        """Remove this process's folder."""
        self._free.clear()
        self._given.clear()
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


def _is_sized(folder: Path) -> bool:
    """Does the size of this empty folder say how many entries it has?"""
    sizes = [folder.lstat().st_size]
    probe = folder / "probe"
    probe.mkdir()
    sizes.append(folder.lstat().st_size)
    probe.rmdir()
    sizes.append(folder.lstat().st_size)
    return sizes == [_EMPTY_BYTES, _EMPTY_BYTES + _ENTRY_BYTES, _EMPTY_BYTES]


def _remove_if_dead(folder: Path) -> None:
    with contextlib.suppress(OSError):
        lock = open_folder(folder)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_tree(folder)
        finally:
            os.close(lock)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _open_all(places: Places) -> Opened:
    """Make the files of a trial where they are not, and open those that it writes to."""
    places.stdin.touch(0o600)
    flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    opened: list[int] = []
    try:
        for path in (places.stdout, places.stderr, places.phases):
            opened.append(os.open(path, flags, 0o600))
    except OSError:
        for file in opened:
            os.close(file)
        raise
    return Opened(*opened)


def _emptied_at_once(places: Places) -> bool:
    """Empty the folder of a trial that left nothing but its files; False where it did more.

    Files that nobody has touched stay. A large output is not cut short but removed: who has mapped
    it reads on.
    """
    if not (
        places.holds_only_ours() and places.is_empty(places.work) and places.is_empty(places.tmp)
    ):
        return False
    for path in places.files:
        facts = path.lstat()
        if facts.st_size or facts.st_nlink != 1 or facts.st_mode != _AS_MADE:
            if stat.S_ISDIR(facts.st_mode):
                return False
            path.unlink()
    return True


def _empty(root: Path) -> None:
    """Bring a trial's folder back to its first state; OSError where that cannot be."""
    outer = open_folder(root)
    try:
        for name in _FOLDERS:
            inner = open_folder(name, outer)
            try:
                os.fchmod(inner, stat.S_IRWXU)
                _empty_but(inner)
            finally:
                os.close(inner)
        _empty_but(outer, _FOLDERS)
    finally:
        os.close(outer)


def _empty_but(folder: int, keep: tuple[str, ...] = ()) -> None:
    empty(folder, keep)
    if set(os.listdir(folder)) != set(keep):
        raise OSError(errno.ENOTEMPTY, "cannot be emptied")


def file_state(path: Path) -> FileState:
    """What changes when a file is written."""
    facts = path.lstat()
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _copy(source: Path, to: Path) -> None:
    """Copy a file or folder, times included; never a link to the user's own."""
    if to.exists():
        raise FileExistsError(errno.EEXIST, "two inputs have this name", source.name)
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, symlinks=False)
    else:
        shutil.copy2(source, to)


def _content(path: Path, budget: Budget) -> bytes:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return b"link " + os.fsencode(path.readlink())
    return file_digest(path, budget) if stat.S_ISREG(mode) else b"special"
