"""Scratch folders: one per trial, emptied when it has been looked at, never left for ever.

`<scratch>/<pid>-<random>/` belongs to one process, which holds a lock on it as long as it lives;
what processes that died left there is removed by the next one. Below it every trial has a folder
of its own, whose name is always equally long: a path's length moves a program's stack. An emptied
folder serves again: emptying one takes 50 us, removing it 4 ms on a busy machine (ext4).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from harness.system.launcher.protocol import (
    TOUCHED_MORE,
    TOUCHED_PHASES,
    TOUCHED_STDERR,
    TOUCHED_STDOUT,
)
from harness.system.process.places import is_ours
from harness.system.process.touching import programs_run
from harness.system.process.trees import (
    empty,
    files_below,
    open_folder,
    open_unmounted,
    remove_tree,
)
from harness.system.process.trial_folder import (
    AS_MADE,
    EMPTY_BYTES,
    ENTRY_BYTES,
    FOLDERS,
    Opened,
    Places,
    TrialFolder,
    file_state,
)
from harness.system.store.files import not_written
from harness.system.store.flock import try_lock, wait_for_lock

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 * 2**30
"""Free memory file system that scratch wants; containers often have 64 MiB, which is not enough."""


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


_BITS = (TOUCHED_STDOUT, TOUCHED_STDERR, TOUCHED_PHASES)
"""What the launcher says of the files of `Places.written`, in their order."""


class Scratch:
    """The scratch folders of this process; use as a context or `close` it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self.reuses = True
        """May a folder that was emptied serve another trial? Its attributes and times, and those of
        its files, are what the trial before has made them: a memory where there is to be none."""
        self._own: Path | None = None
        self._lock = -1
        self._sized = False
        self._count = 0
        self._free: list[tuple[Places, Opened | None]] = []
        """Emptied folders; those of which only our own files were left have them open."""
        self._given: dict[str, _Kept] = {}
        """Folders that serve a trial now, by their root."""
        self._left: dict[str, tuple[int, int]] = {}
        """What the launcher says was left in some of them, and how many programs had run then."""

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
        try:
            kept = (self._folder_that_served() if self.reuses else None) or self._new_folder()
        except OSError as problem:  # as storage_errors, which takes a moment in each trial
            raise not_written(self._folder, problem) from None
        places, opened = kept
        self._given[places.names["root"]] = kept
        try:
            for place, path in inputs:
                _copy(path, places.work / place)
            copied = files_below(places.work) if inputs else ()
            states = {name: file_state(places.work / name) for name in copied}
        except BaseException as problem:
            self.discard(places.root)
            if isinstance(problem, RecursionError):  # of shutil.copytree
                raise OSError(errno.ENAMETOOLONG, "folders are nested too deep") from None
            raise
        return TrialFolder(places, states, opened)

    def _folder_that_served(self) -> _Kept | None:
        """A folder that was emptied, where it is still there; its files are open already."""
        while self._free:
            places, opened = self._free.pop()
            if _is_there_and_empty(places):
                return _Kept(places, opened or _made_files(places))
            if opened is not None:
                opened.close()
            remove_tree(places.root)
        return None

    def _new_folder(self) -> _Kept:
        if self._own is None or not _is_folder(str(self._own)):
            self.close()  # a program may have removed it
            self._own, self._lock = _claim(self._folder)
            self._sized = _is_sized(self._own)
        self._count += 1
        places = Places.below(self._own / f"{self._count:08d}", self._sized)
        for folder in places.folders:
            folder.mkdir(stat.S_IRWXU)
        return _Kept(places, _made_files(places))

    def was_left(self, folder: TrialFolder, touched: int | None) -> None:
        """Note what the launcher says that a trial left in its folder; None: it does not say.

        It holds until another program is run.
        """
        if touched is not None and not touched & TOUCHED_MORE:
            self._left[folder.name] = touched, programs_run()

    def discard(self, folder: Path | str) -> None:
        """Delete all that is in a trial's folder; it may be given out again from now on."""
        name = str(folder)
        kept, left = self._given.pop(name, None), self._left.pop(name, None)
        if kept is None:
            return
        root = kept.places.root
        if not self.reuses:
            kept.opened.close()
            remove_tree(root)
            return
        told = left[0] if left is not None and left[1] == programs_run() else None
        with contextlib.suppress(OSError):
            renewed = _as_made_again(kept) if told is None else _renewed(kept, told)
            if renewed is not None:
                self._free.append(_Kept(kept.places, renewed))
                return
        kept.opened.close()
        try:
            _empty(root)
        except OSError:
            remove_tree(root)
        else:
            self._free.append((kept.places, None))

    def close(self) -> None:
        """Remove this process's folder."""
        for _, opened in (*self._free, *self._given.values()):
            if opened is not None:
                opened.close()
        self._free.clear()
        self._given.clear()
        self._left.clear()
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
            wait_for_lock(lock)
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
    return sizes == [EMPTY_BYTES, EMPTY_BYTES + ENTRY_BYTES, EMPTY_BYTES]


def _remove_if_dead(folder: Path) -> None:
    with contextlib.suppress(OSError):
        lock = open_folder(folder)
        try:
            if try_lock(lock):
                remove_tree(folder)
        finally:
            os.close(lock)


def _is_folder(name: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(name).st_mode)
    except OSError:
        return False


def _is_there_and_empty(places: Places) -> bool:
    """Is a folder that was emptied still so? Whoever has its path may have put something there."""
    try:
        return places.is_empty("work")
    except OSError:
        return False


class _Kept(NamedTuple):
    """A folder that serves a trial, with its files open."""

    places: Places
    opened: Opened


def _made_files(places: Places) -> Opened:
    """Make the files of a trial where they are not, and open those that it writes to."""
    places.stdin.touch(0o600)
    return Opened.at(places.written)


def _as_made_again(kept: _Kept) -> Opened | None:
    """The files of a trial that left nothing but these, as they were made; None where it left more.

    Files that nobody has touched stay. An output is not cut short but removed: who has mapped it
    reads on. Raises OSError where it cannot be told, or done; the files are open then.
    """
    places, opened = kept
    if not _holds_its_files_alone(places) or _is_touched(os.lstat(places.names["stdin"])):
        return None
    touched = []
    for at, path in enumerate(places.written):
        facts = os.lstat(path)
        if stat.S_ISDIR(facts.st_mode):
            return None
        if facts.st_ino != opened.inodes[at] or _is_touched(facts):
            touched.append(at)
    return opened.renewed(places.written, touched)


def _renewed(kept: _Kept, touched: int) -> Opened:
    """The files of a trial of which the launcher says that it left nothing but these."""
    at = [place for place, bit in enumerate(_BITS) if touched & bit] if touched else ()
    return kept.opened.renewed(kept.places.written, at)


def _is_touched(facts: os.stat_result) -> bool:
    return bool(facts.st_size) or facts.st_nlink != 1 or facts.st_mode != AS_MADE


def _holds_its_files_alone(places: Places) -> bool:
    return places.holds_only_ours() and places.is_empty("work") and places.is_empty("tmp")


def _empty(root: Path) -> None:
    """Bring a trial's folder back to its first state; OSError where that cannot be."""
    outer = open_folder(root)
    try:
        for name in FOLDERS:
            inner = open_unmounted(name, outer)
            try:
                os.fchmod(inner, stat.S_IRWXU)
                _empty_but(inner)
            finally:
                os.close(inner)
        _empty_but(outer, FOLDERS)
    finally:
        os.close(outer)


def _empty_but(folder: int, keep: tuple[str, ...] = ()) -> None:
    empty(folder, keep)
    if set(os.listdir(folder)) != set(keep):
        raise OSError(errno.ENOTEMPTY, "cannot be emptied")


def _copy(source: Path, to: Path) -> None:
    """Copy a file or folder, times included; never a link to the user's own."""
    if to.exists():
        raise FileExistsError(errno.EEXIST, "two inputs have this name", source.name)
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, symlinks=False)
    else:
        shutil.copy2(source, to)
