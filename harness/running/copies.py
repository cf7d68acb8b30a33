"""Private copies of the user's tree, and targets that are made of nothing but their own copy.

A target at a revision, a baseline, and the working tree as it is measured are each built in a
worktree of the repository outside of the project. Whatever a target names is taken from there,
after its `setup` ran there. What git ignores is in no worktree; one rule says what becomes of it:

- code (sources, programs, libraries, folders of imports) is refused unless `setup` makes it: the
  user's would run in place of every side's own;
- tools (compilers, interpreters; programs in a virtual environment) serve all sides from where they
  are;
- data (`inputs`, `stdin`, `build_inputs`) is copied into the worktree before `setup` runs.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from harness.errors import ConfigError
from harness.frozen import dataclass
from harness.model import NamedPath, PathKind, Target, moved_into
from harness.project.config import Config
from harness.running.session import Session
from harness.system.git.writing import Git

CODE_VARIABLES = ("LD_LIBRARY_PATH", "LD_PRELOAD", "PATH", "PYTHONPATH", "JULIA_LOAD_PATH")
"""Variables of a target that list where code is found."""

ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")
"""What tells the top folder of a virtual environment."""

_REST = r"(?P<rest>(?:/[^\s:;,'\"()|&<>`]*)?)(?![\w.-])"


@dataclass(frozen=True, slots=True)
class PrivateCopy:
    """A worktree that stands for the user's repository."""

    git: Git
    """The user's."""
    top: Path
    """The worktree."""
    root: Path
    """Stands for the folder of harness.toml."""

    @property
    def original(self) -> Path:
        """The top of the user's repository."""
        return self.git.top.resolve()

    def own(self, path: Path) -> Path:
        """The copy's file for one of the user's; what lies outside of the repository stays."""
        real = _real(path)
        users = real.is_relative_to(self.original) and not real.is_relative_to(_real(self.top))
        return moved_into(real, self.original, self.top) if users else path

    def users(self, path: Path) -> Path:
        """The user's file for one of the copy's."""
        return moved_into(_real(path), _real(self.top), self.original)

    def redirected(self, text: str) -> str:
        """Words in which each of the user's files is the copy's, where that has it."""
        for spelled in dict.fromkeys((self.git.folder, self.original)):
            below = self.top / _real(spelled).relative_to(self.original)

            def own(match: re.Match[str], below: Path = below) -> str:
                there = below / match["rest"].lstrip("/")
                return str(there) if there.exists() else match[0]

            text = re.sub(re.escape(str(spelled)) + _REST, own, text)
        return text


def _real(path: Path) -> Path:
    """The path with links in its folders followed; a link at its end is itself what is meant."""
    return path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()


@contextlib.contextmanager
def private_copy(
    session: Session, config: Config, commit: str, *, as_it_is: bool = False
) -> Iterator[PrivateCopy]:
    """A worktree of a commit with its submodules; `as_it_is`: those as they are in the user's tree.

    The folder of harness.toml is there, also at a revision that did not have it yet.
    """
    git = Git(config.root)
    with git.worktree_at(commit, session.worktrees) as worktree:
        git.fill_submodules(worktree, commit, as_they_are=as_it_is)
        root = worktree / config.root.resolve().relative_to(git.top.resolve())
        root.mkdir(parents=True, exist_ok=True)
        yield PrivateCopy(git, worktree, root)


def settle(session: Session, copy: PrivateCopy, target: Target, label: str) -> Target:
    """A target made ready in its copy: data brought, set up, and made of its own files alone.

    Raises ConfigError for a file that is not there, or that does not belong to one side alone.
    """
    target = _moved(target, copy)
    adapter = session.orchestrator.adapter(target.adapter)
    _bring(copy, [*target.inputs, *_some(target.stdin), *target.build_inputs])
    _bring(copy, [_place(target, n) for n in adapter.paths(target) if n.kind is PathKind.DATA])
    own_build = bool(target.build)
    target = replace(session.orchestrator.set_up(target), setup=())
    if own_build:  # all that it names lies in the tree of its own build, or was refused
        return target
    target = _redirected(target, copy)
    target = _of_its_own(target, copy, adapter.paths(target))
    _check_files(target, copy, label)
    _check_variables(target, copy)
    return target


def _some(path: Path | None) -> list[Path]:
    return [] if path is None else [path]


def _moved(target: Target, copy: PrivateCopy) -> Target:
    """The same recipe over the copy's files."""
    root = target.root

    def own(paths: Iterable[Path]) -> tuple[Path, ...]:
        # A path below the root moves with it, also where the root itself is new at this revision.
        moved = (moved_into(path, root, copy.root) if root != copy.root else path for path in paths)
        return tuple(copy.own(path) for path in moved)

    stdin = own(_some(target.stdin))
    target = replace(
        target,
        root=copy.root,
        sources=own(target.sources),
        inputs=own(target.inputs),
        stdin=stdin[0] if stdin else None,
        build_inputs=own(target.build_inputs),
        private_copy=(copy.original, copy.top),
    )
    return _redirected(target, copy)


def _redirected(target: Target, copy: PrivateCopy) -> Target:
    """The target with the copy's files wherever its words name the user's."""

    def words(value: Any) -> Any:
        if isinstance(value, str):
            return copy.redirected(value)
        if isinstance(value, list | tuple):
            return tuple(words(item) for item in value)
        return value

    return replace(
        target,
        args=words(target.args),
        env={name: words(value) for name, value in target.env.items()},
        options={name: words(value) for name, value in target.options.items()},
        setup=words(target.setup),
        build=words(target.build),
        cleanup=words(target.cleanup),
        prepare=words(target.prepare),
        conclude=words(target.conclude),
    )


def _bring(copy: PrivateCopy, paths: Iterable[Path]) -> None:
    """Copy what lies at these paths in the user's tree and git ignores, or finds too large."""
    for path in paths:
        users = copy.users(path)
        if not users.is_relative_to(copy.original) or not (users.exists() or users.is_symlink()):
            continue
        git = Git(users.parent)  # of a submodule, where it lies in one
        name = git.below_top(users)
        large = [n for n in git.too_large() if PurePosixPath(n).is_relative_to(name)]
        for found in (*git.ignored_below([name]), *large):
            there = copy.own(git.top / found)
            if not there.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(git.top / found, there)


def _place(target: Target, named: NamedPath) -> Path:
    return target.root / named.value


def _of_its_own(target: Target, copy: PrivateCopy, paths: Iterable[NamedPath]) -> Target:
    """The target with tools that only the user's tree has named by their absolute path.

    Raises ConfigError for code that only the user's tree has.
    """
    for named in paths:
        own = copy.own(_place(target, named))
        users = copy.users(own)
        if own.exists() or not users.is_relative_to(copy.original) or not users.exists():
            continue
        tool = named.kind is PathKind.TOOL or _in_environment(users, copy.original)
        if named.kind is PathKind.CODE:
            if not tool:
                raise _nobodys(target, named.option, users, copy)
            _check_environment(target, users, copy)
        if tool:
            target = _renamed(target, named, str(users))
    return target


def _renamed(target: Target, named: NamedPath, new: str) -> Target:
    if named.option == "args":
        return replace(target, args=_replaced(target.args, named.value, new))
    said = _replaced(target.options[named.option], named.value, new)
    return replace(target, options={**target.options, named.option: said})


def _replaced(said: Any, old: str, new: str) -> Any:
    if isinstance(said, str):
        return new if said == old else said
    return tuple(new if word == old else word for word in said)


def _in_environment(path: Path, top: Path) -> bool:
    """Does the path lie in a virtual environment below `top`?"""
    return _environment_of(path, top) is not None


def _environment_of(path: Path, top: Path) -> Path | None:
    above = (folder for folder in path.parents if folder.is_relative_to(top))
    return next((f for f in above if any((f / mark).exists() for mark in ENVIRONMENT_MARKS)), None)


def _check_environment(target: Target, program: Path, copy: PrivateCopy) -> None:
    """Raise ConfigError where a program's environment imports packages from the user's tree.

    Only the adapter of the language can lead those to each side's own.
    """
    environment = _environment_of(program, copy.original)
    notes = environment.glob("lib/python*/site-packages/*/direct_url.json") if environment else ()
    for note in notes:
        text = note.read_text(encoding="utf-8", errors="replace")
        if '"editable": true' in text and copy.original.as_uri() in text:
            raise ConfigError(
                f"targets.{target.name}: {program.name} runs in an environment with an editable"
                f" install of your tree ({note.parent.name}), which every state of the code would"
                " import",
                hint='Use adapter = "python" with module = "...", which leads imports to each'
                " side's own checkout, or install the package without -e.",
            )


def _check_files(target: Target, copy: PrivateCopy, label: str) -> None:
    """Raise ConfigError for a source or input that the copy does not have."""
    groups = {
        "sources": target.sources,
        "inputs": target.inputs,
        "stdin": tuple(_some(target.stdin)),
        "build_inputs": target.build_inputs,
    }
    for option, paths in groups.items():
        for path in paths:
            if path.exists():
                continue
            users = copy.users(path)
            if users.exists() and copy.git.is_ignored(users):
                raise _nobodys(target, option, users, copy)
            raise _missing(target, copy, path, label)


def _missing(target: Target, copy: PrivateCopy, path: Path, label: str) -> ConfigError:
    name = os.path.relpath(path, copy.root)
    empty = [p for p in copy.git.submodules_at("HEAD") if path.is_relative_to(copy.top / p)]
    hint = (
        f"It lies in the submodule {empty[0]}: `git submodule update --init`."
        if empty
        else "Is the revision older than the target, or the file not in git?"
    )
    return ConfigError(f"target {target.name!r} at {label}: {name} is not there", hint=hint)


def _nobodys(target: Target, option: str, users: Path, copy: PrivateCopy) -> ConfigError:
    name = os.path.relpath(users, copy.users(copy.root))
    return ConfigError(
        f"targets.{target.name}.{option}: {name} is not in git, and no setup makes it in a fresh"
        " checkout: the one in your tree would run in place of every state of the code",
        hint='Let setup make it, such as setup = [["make"]], or commit it.',
    )


def _check_variables(target: Target, copy: PrivateCopy) -> None:
    """Raise ConfigError where a variable leads to code that only the user's tree has."""
    for variable in CODE_VARIABLES:
        for word in target.env.get(variable, "").split(os.pathsep):
            path = Path(word)
            users = path.is_absolute() and _real(path).is_relative_to(copy.original)
            if users and path.exists() and not _in_environment(path / "x", copy.original):
                raise _nobodys(target, f"env.{variable}", _real(path), copy)
