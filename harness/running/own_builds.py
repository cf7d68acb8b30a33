"""Builds of the user's own: `build = ["make", "app"]` in a copy of the tree that is kept.

The user's tree stays as it is. Its files, those that git ignores left out, are copied into a folder
that is named by a digest over them, the commands, what the environment says to compilers, and the
compilers and the kind of CPU that are here; the commands run there once.
Two states of the code have two folders, so that what `make` or `cargo` leaves for its next call
never mixes. The adapter is then handed the target as it lies there, with what the build made.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from harness.adapterkit.this_cpu import kind_of_cpu
from harness.errors import BuildFailed, ConfigError, StorageFailed
from harness.frozen import dataclass
from harness.model import NamedPath, PathKind, Target, digest_of, moved_into
from harness.on_demand import pattern
from harness.project.state_folder import STATE_FOLDER
from harness.project.workload import OPTIM_FOLDER
from harness.running.build_tools import tools_here
from harness.system.git.reading import GitReading
from harness.system.process.trees import file_digest, files_below
from harness.system.store.flock import try_lock, wait_for_lock

KEPT = 12
"""How many builds of the user's own are kept; the one that was used last goes last."""
MOST_BYTES = 2 * 2**30
"""A larger tree is data that nobody meant to copy."""
RECORD = "built.json"
LOCK = "lock"
FOR_BUILDS = pattern(
    r"PATH|CPATH|CC|CXX|CPP|FC|F77|AR|LD|NVCC|LIBS|LDLIBS|MAKE\w*|LIBRARY_PATH|LD_LIBRARY_PATH"
    r"|\w*FLAGS|\w*_INCLUDE_PATH|(CARGO|CMAKE|CGO|GO|MESON|NPM_CONFIG|PKG_CONFIG|RUST)\w*"
    r"|(JAVA|CUDA|CONDA|MKL|JULIA|VIRTUAL)\w*|SOURCE_DATE_EPOCH"
)
"""Variables of ours that say to build tools what to make, or with which compiler."""
OURS = (STATE_FOLDER, OPTIM_FOLDER, ".git")
"""Folders that are no part of what is built."""


@dataclass(frozen=True, slots=True)
class SourceTree:
    """The tree that a target's build takes: its top, and the files that belong to it."""

    top: Path
    files: tuple[str, ...]
    """By their paths below the top, sorted."""

    @classmethod
    def of(cls, target: Target) -> SourceTree:
        """The repository that the target lies in, else its root; with the data that it names.

        Raises ConfigError for a tree too large to copy.
        """
        git = GitReading(target.root)
        named = [*target.build_inputs, *target.inputs, *([target.stdin] if target.stdin else [])]
        if git.is_repository():
            top = git.top.resolve()
            names = set(_with_submodules(top, git.files_of_the_tree()))
        else:
            top = target.root.resolve()
            own = files_below(top)
            names = set(own)
        names = {n for n in names if not set(OURS).intersection(n.split("/")[:-1])}
        names |= set(_below(top, named))
        present = tuple(sorted(n for n in names if _can_be_copied(top / n)))
        size = sum((top / name).lstat().st_size for name in present)
        if size > MOST_BYTES:
            raise ConfigError(
                f"targets.{target.name}.build: {top} has {size / 2**30:.1f} GiB of files that git"
                f" does not ignore, and at most {MOST_BYTES / 2**30:.0f} are copied for a build",
                hint="Let .gitignore name the data.",
            )
        return cls(top, present)

    def states(self, at: Path | None = None) -> dict[str, str]:
        """Each file with its kind and content, here or as copied to another place."""
        return {name: _state((at or self.top) / name) for name in self.files}

    def copy_to(self, folder: Path) -> None:
        """Copy the files with their modes and times; links stay links.

        StorageFailed for one that cannot be read, or is gone since.
        """
        for name in self.files:
            there = folder / name
            there.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copy2(self.top / name, there, follow_symlinks=False)
            except OSError as problem:
                raise StorageFailed(
                    f"cannot copy {self.top / name} for a build: {problem.strerror or problem}",
                    hint="Make it readable, or let .gitignore name it.",
                ) from None


class OwnBuilds:
    """Makes and keeps the builds of the user's own below one folder."""

    def __init__(
        self,
        folder: Path,
        run: Callable[[Target], None],
        say: Callable[[str], None],
        note: Callable[[str], None],
    ):
        """`run` executes a target's build commands in its root; `say` tells what goes on.

        `note` hears what a reader of the results should know, whenever the build was made.
        """
        self._folder = folder
        self._run = run
        self._say = say
        self._note = note

    def made(self, target: Target, paths: Callable[[Target], Sequence[NamedPath]]) -> Target:
        """The target as it lies in its build's own tree; the same one where it has no build.

        `paths` says which of its options name files. Raises BuildFailed with the build's words, or
        where it did not make what the target names.
        """
        if not target.build:
            return target
        tree = SourceTree.of(target)
        states = tree.states()
        folder = self._folder / _digest(target, tree, states)
        moved = _moved(target, tree.top, folder / "tree")
        with self._held(folder):
            if not (folder / RECORD).is_file():
                self._make(moved, tree, folder, states)
            os.utime(folder / RECORD)
            self._note_changed(target, folder / RECORD)
        _demand_products(moved, paths(moved), tree)
        self._prune(folder)
        return replace(moved, build=())

    def _make(self, target: Target, tree: SourceTree, folder: Path, states: dict[str, str]) -> None:
        place = folder / "tree"
        shutil.rmtree(place, ignore_errors=True)  # of a build that was interrupted
        tree.copy_to(place)
        if tree.states(place) != states:  # this folder would hold another state than its name says
            shutil.rmtree(place, ignore_errors=True)
            raise BuildFailed(
                f"files below {tree.top} changed while they were copied to build {target.name}",
                hint="Run it again when nothing writes there.",
            )
        target.root.mkdir(parents=True, exist_ok=True)
        self._say(f"building {target.name} by {' '.join(target.build[0])}")
        began = time.monotonic_ns()
        try:
            self._run(target)
        except BuildFailed as failure:  # files are named as they lie in the user's tree
            words = failure.message.replace(f"{place}/", "")
            raise BuildFailed(words, hint=failure.hint) from None
        took_ns = time.monotonic_ns() - began
        after = tree.states(place)
        changed = sorted(name for name, state in states.items() if after[name] != state)
        (folder / RECORD).write_text(json.dumps({"build_ns": took_ns, "changed": changed}))

    def _note_changed(self, target: Target, record: Path) -> None:
        changed = json.loads(record.read_text())["changed"]
        if changed:
            self._note(
                f"the build of {target.name} changed its own sources ({', '.join(changed[:3])}) in"
                " its copy of the tree: what is measured is made of the changed ones"
            )

    @contextmanager
    def _held(self, folder: Path) -> Iterator[None]:
        """Nobody else makes or removes this build meanwhile."""
        file = _locked(folder)
        try:
            yield
        finally:
            os.close(file)

    def _prune(self, used: Path) -> None:
        """Remove the builds that were used least recently, failed ones too; those in the making
        excepted."""
        builds = sorted(self._folder.iterdir(), key=_used_at, reverse=True)
        for folder in builds[KEPT:]:
            if folder == used or time.time() - _used_at(folder) < 86_400:
                continue
            with suppress(FileNotFoundError):
                file = os.open(folder / LOCK, _LOCK_FLAGS)
                try:
                    if try_lock(file):
                        shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(file)


_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


def _locked(folder: Path) -> int:
    """The open lock of a build, held; anew where the folder was removed while we waited."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(folder / LOCK, _LOCK_FLAGS, 0o644)
        except FileNotFoundError:
            continue
        wait_for_lock(file)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), (folder / LOCK).stat()):
                return file
        os.close(file)


def own_build_digest(target: Target) -> str:
    """That of the build of the user's own, in whose tree this target lies; empty: in none."""
    if target.private_copy is None:
        return ""
    folder = target.private_copy[1].parent
    return folder.name if (folder / RECORD).is_file() else ""


def is_of_own_tree(program: Path, target: Target) -> bool:
    """Does a program lie in the tree that the target lies in?"""
    return target.private_copy is not None and program.is_relative_to(target.private_copy[1])


def own_build_ns(target: Target) -> int:
    """What the build of the user's own took, in whose tree this target lies; 0: unknown."""
    if target.private_copy is None:
        return 0
    try:
        return int(json.loads((target.private_copy[1].parent / RECORD).read_text())["build_ns"])
    except (OSError, ValueError, LookupError, TypeError):
        return 0


def _used_at(folder: Path) -> float:
    """When a build was used last; of one that failed, when it was begun."""
    for path in (folder / RECORD, folder):
        with suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def _can_be_copied(path: Path) -> bool:
    """Is it there, and a file or a link? Pipes and sockets are no part of a build."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def _below(top: Path, paths: Sequence[Path]) -> Iterator[str]:
    """Files below these paths, as the tree names them; what lies outside stays where it is."""
    for path in paths:
        real = path.resolve()
        if not real.is_relative_to(top):
            continue
        name = real.relative_to(top).as_posix()
        if real.is_dir():
            yield from (f"{name}/{below}" for below in files_below(real))
        else:
            yield name


def _with_submodules(top: Path, names: Sequence[str]) -> Iterator[str]:
    """The files; of a submodule, which git lists as one entry, those that lie in it."""
    for name in names:
        place = top / name
        if place.is_dir() and not place.is_symlink():
            yield from (f"{name.rstrip('/')}/{below}" for below in files_below(place))
        else:
            yield name


def _state(path: Path) -> str:
    """What a file is and holds: a link's target, else its mode and digest."""
    try:
        if path.is_symlink():
            return f"link {path.readlink()}"
        executable = "x" if path.stat().st_mode & 0o100 else "-"
        return f"{executable} {file_digest(path).hex()}"
    except OSError as problem:
        return f"unreadable {problem.errno}"


def _digest(target: Target, tree: SourceTree, states: dict[str, str]) -> str:
    ours = {name: value for name, value in os.environ.items() if FOR_BUILDS.fullmatch(name)}
    words = [
        "own-build-4",
        kind_of_cpu(),  # a Makefile may say -march=native, and nothing tells
        os.path.relpath(target.root.resolve(), tree.top),
        repr(target.build),
        repr(sorted({**ours, **target.env}.items())),
        *tools_here(target.build, {**os.environ, **target.env}),
    ]
    return digest_of([*words, *(word for pair in states.items() for word in pair)])


def _moved(target: Target, top: Path, tree: Path) -> Target:
    """The same target over the files of the copied tree."""

    def moved(path: Path) -> Path:
        real = path.parent.resolve() / path.name
        return moved_into(real, top, tree) if real.is_relative_to(top) else path

    return replace(
        target,
        root=moved_into(target.root.resolve(), top, tree),
        sources=tuple(map(moved, target.sources)),
        inputs=tuple(map(moved, target.inputs)),
        build_inputs=tuple(map(moved, target.build_inputs)),
        stdin=moved(target.stdin) if target.stdin is not None else None,
        private_copy=(target.private_copy[0] if target.private_copy else top, tree),
    )


def _demand_products(target: Target, paths: Sequence[NamedPath], tree: SourceTree) -> None:
    """Raise BuildFailed where a program or a source that the target names was not made."""
    named = [(n.option, target.root / n.value) for n in paths if n.kind is PathKind.CODE]
    named += [("sources", path) for path in target.sources]
    for option, path in named:
        if path.exists():
            continue
        place = target.private_copy[1] if target.private_copy else target.root
        made = [n for n in files_below(place) if n not in tree.files and _is_program(place / n)]
        said = f"it made {', '.join(sorted(made)[:5])}" if made else "it made no program at all"
        raise BuildFailed(
            f"targets.{target.name}.{option}: the build ended well without making"
            f" {os.path.relpath(path, target.root)}: {said}",
            hint="Name what the build makes, as a path from the folder of harness.toml.",
        )


def _is_program(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and os.access(path, os.X_OK)
