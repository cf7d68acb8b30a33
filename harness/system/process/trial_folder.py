"""The folder of one trial: what lies where, and the digest of what the program left in it."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from harness.frozen import dataclass
from harness.system.launcher.protocol import TOUCHED_MORE, TOUCHED_STDOUT
from harness.system.process.trees import (
    MOST_FILES,
    Budget,
    file_digest,
    files_below,
    tree_digest,
)

FileState = tuple[int, int, int]
"""Size, time of modification and time of change (both ns): equal means untouched."""


FOLDERS = ("work", "tmp")
FILES = ("stdin", "stdout", "stderr", "phases")
EVERYTHING = {*FOLDERS, *FILES}
AS_MADE = stat.S_IFREG | stat.S_IRUSR | stat.S_IWUSR
"""The mode of the files."""
_FOLDER_AS_MADE = stat.S_IFDIR | stat.S_IRWXU
EMPTY_BYTES, ENTRY_BYTES = 40, 20
"""The size of an empty folder in tmpfs, and how much each entry adds to it: there a folder whose
size is larger is not empty."""
_SMALL_BYTES = 1 << 16
_MAKE_ANEW = os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

MOST_BYTES = 4 * 2**30
"""What is read of what one trial leaves, holes of sparse files included: this, or four times the
target's `max_output_bytes` where that is more."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The files that a trial writes for us, opened before it began: it cannot exchange these."""

    stdout: int
    stderr: int
    phases: int
    inodes: tuple[int, ...]
    """Those of the files, in this order: which of them lie where they did is told by that."""
    device: int
    """That of the files."""

    @classmethod
    def at(cls, paths: Sequence[str]) -> Opened:
        """Open three files, made where they are not; OSError where something else is there."""
        flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        opened: list[int] = []
        try:
            for path in paths:
                opened.append(os.open(path, flags, 0o600))
            stdout, stderr, phases = opened
            facts = [os.fstat(file) for file in opened]
            inodes = tuple(each.st_ino for each in facts)
            return cls(stdout, stderr, phases, inodes, facts[0].st_dev)
        except BaseException:
            for file in opened:
                os.close(file)
            raise

    def renewed(self, paths: Sequence[str], touched: Sequence[int]) -> Opened:
        """The same with those of the three files removed and made anew; OSError where that fails.

        Then none of these is closed.
        """
        if not touched:
            return self
        files, inodes = [self.stdout, self.stderr, self.phases], [*self.inodes]
        made: list[int] = []
        try:
            for at in touched:
                os.unlink(paths[at])  # noqa: PTH108  (between two trials)
                made.append(os.open(paths[at], _MAKE_ANEW, 0o600))
                inodes[at] = os.fstat(made[-1]).st_ino
        except BaseException:
            for file in made:
                os.close(file)
            raise
        for at, file in zip(touched, made, strict=True):
            os.close(files[at])
            files[at] = file
        stdout, stderr, phases = files
        return Opened(stdout, stderr, phases, tuple(inodes), self.device)

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
    names: Mapping[str, str]
    """The same as texts, by what they are: a path takes a moment to become one."""
    sized: bool = False
    """Is this a file system on which a folder's size says how many entries it has?"""

    @classmethod
    def below(cls, root: Path, sized: bool = False) -> Places:
        """Those of the folder `root`."""
        work, tmp, stdin, stdout, stderr, phases = (root / n for n in (*FOLDERS, *FILES))
        names = {"root": str(root), **{n: str(root / n) for n in (*FOLDERS, *FILES)}}
        return cls(root, work, tmp, stdin, stdout, stderr, phases, names, sized)

    def is_empty(self, folder: str) -> bool:
        """Is there nothing in one of FOLDERS, which has the mode that it was made with?"""
        name = self.names[folder]
        facts = os.lstat(name)
        if facts.st_mode != _FOLDER_AS_MADE:
            return False
        if self.sized:
            return facts.st_size == EMPTY_BYTES
        return next(Path(name).iterdir(), None) is None

    def holds_only_ours(self) -> bool:
        """Is there nothing beside the folders and files of ours, if those are all there?"""
        name = self.names["root"]
        if self.sized:
            return os.lstat(name).st_size == EMPTY_BYTES + len(EVERYTHING) * ENTRY_BYTES
        return {path.name for path in self.root.iterdir()} == EVERYTHING

    @property
    def folders(self) -> tuple[Path, Path, Path]:
        return self.root, self.work, self.tmp

    @property
    def written(self) -> tuple[str, str, str]:
        """The files that `Opened` has."""
        names = self.names
        return names["stdout"], names["stderr"], names["phases"]


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """The folder of one trial."""

    places: Places
    inputs: Mapping[str, FileState]
    """Every file that was put into `work`, by its path there."""
    opened: Opened
    """Closed by whoever made the folder, once that is discarded."""

    @property
    def root(self) -> Path:
        return self.places.root

    @property
    def name(self) -> str:
        """The path of the folder."""
        return self.places.names["root"]

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

    def digest_of_little(self, touched: int | None = None) -> str:
        """The digest where the program printed little and left no file; else the empty string.

        `touched` as the launcher reports it; None: it does not. Raises OSError as `digest` does.
        """
        if self.inputs:
            return ""
        if touched is None or touched & TOUCHED_MORE:
            if not self.places.is_empty("work"):
                return ""
        elif not touched & TOUCHED_STDOUT:
            return _digest_of_printed(b"")
        size = self._size_of_stdout()
        if size > _SMALL_BYTES:
            return ""
        printed = os.pread(self.opened.stdout, size + 1, 0) if size else b""
        return _digest_of_printed(printed) if len(printed) == size else ""

    def _size_of_stdout(self) -> int:
        opened, there = self.opened, os.lstat(self.places.names["stdout"])
        if there.st_ino != opened.inodes[0] or there.st_dev != opened.device:
            raise OSError(errno.ESTALE, "the program has put something else in its place", "stdout")
        return there.st_size

    def _state(self, name: str) -> FileState | None:
        try:
            return file_state(self.work / name)
        except OSError:
            return None


@lru_cache(maxsize=16)  # most trials of a program print what the one before did
def _digest_of_printed(printed: bytes) -> str:
    """The digest of a trial that left its standard output and nothing else."""
    return hashlib.sha256(hashlib.sha256(printed).digest()).hexdigest()


def file_state(path: Path) -> FileState:
    """What changes when a file is written."""
    facts = path.lstat()
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _content(path: Path, budget: Budget) -> bytes:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return b"link " + os.fsencode(path.readlink())
    return file_digest(path, budget) if stat.S_ISREG(mode) else b"special"
