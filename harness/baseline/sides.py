"""A target at one state of its sources, in a private folder: what is tested and compared.

The folder is a worktree of the repository outside of the project, so that the user may go on
editing, no stale file of the user's can pass for an output, and no stored output of a baseline lies
where a program would look. What git ignores but the target names (its data, a virtual environment)
is no part of a revision: the current one serves every side.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from harness.edge.git import Git
from harness.edge.scratch import FileState, file_state
from harness.errors import HarnessError, TrialFailed
from harness.model import OutputSource, OutputSpec, Target, WorkingFolder
from harness.revisions import moved, root_in, target_at
from harness.session import Session
from harness.workload import BASELINE_NAME, OPTIM_FOLDER, RESULTS_NAME, Workload

BYTECODE_FOLDER = "__pycache__"
BYTECODE_FILE = re.compile(r".+\.pyc(\.\d+)?")
"""`main.cpython-311.pyc`, with a number behind it while it is being written."""

CURRENT = "current"
"""The label of the working tree."""


@dataclass(frozen=True, slots=True)
class Side:
    """A target ready to be built, apart from the user's tree."""

    label: str
    commit: str
    """What was checked out; of the working tree, a commit that no branch knows."""
    target: Target
    root: Path
    """Stands for the folder of harness.toml."""
    files: Mapping[str, FileState]
    """All files below `root` before anything ran."""

    def check_untouched(self) -> None:
        """Raise TrialFailed where a program wrote among its sources.

        A later trial could read what an earlier one left there, and then times nothing.
        """
        now = states_below(self.root)
        touched = sorted(name for name, state in now.items() if self.files.get(name) != state)
        if touched:
            shown = ", ".join(touched[:5]) + (" ..." if len(touched) > 5 else "")
            raise TrialFailed(
                f"{self.label}: the program wrote outside of its working folder, where its next"
                f" trial finds it again: {shown}",
                hint="Have it write to its current folder or to TMPDIR: both are new every time.",
            )


@contextlib.contextmanager
def current_side(session: Session, workload: Workload) -> Iterator[Side]:
    """The working tree as it is now, with the recipe of the current harness.toml."""
    git = Git(workload.root)
    commit = git.snapshot(f"harness: {workload.target.name} as it was measured")
    with _checked_out(session, workload, commit) as worktree:
        root = root_in(workload.config, worktree)
        target = moved(workload.target, workload.root, root, "the working tree")
        with _in_the_users_words(root, workload.root):
            yield _side(session, workload, Side(CURRENT, commit, target, root, {}))


@contextlib.contextmanager
def _in_the_users_words(private: Path, own: Path) -> Iterator[None]:
    """Name the user's files in errors, not their private copies, which are gone by then."""
    try:
        yield
    except HarnessError as problem:
        said = f"{problem.message}\n{problem.hint}"
        if str(private) not in said:
            raise
        message, hint = (
            text.replace(str(private), str(own)) for text in (problem.message, problem.hint or "")
        )
        raise type(problem)(message, hint=hint) from problem


@contextlib.contextmanager
def side_at(session: Session, workload: Workload, revision: str, label: str) -> Iterator[Side]:
    """The target as it was at a revision, with the recipe of that revision's harness.toml."""
    commit = Git(workload.root).resolve(revision)
    with _checked_out(session, workload, commit) as worktree:
        root = root_in(workload.config, worktree)
        target = target_at(workload.config, workload.target.name, revision, worktree)
        yield _side(session, workload, Side(label, commit, target, root, {}))


@contextlib.contextmanager
def side_of(
    session: Session, workload: Workload, recipe: Target, commit: str, label: str
) -> Iterator[Side]:
    """A commit with a recipe that was stored: a target whose paths are relative to its root."""
    with _checked_out(session, workload, commit) as worktree:
        root = root_in(workload.config, worktree)
        target = moved(recipe, recipe.root, root, label)
        yield _side(session, workload, Side(label, commit, target, root, {}))


@contextlib.contextmanager
def _checked_out(session: Session, workload: Workload, commit: str) -> Iterator[Path]:
    """A private worktree, without stored outputs and with what the target needs beside git."""
    with Git(workload.root).worktree_at(commit, session.worktrees) as worktree:
        root = root_in(workload.config, worktree)
        for folder in (root / OPTIM_FOLDER, *(root / OPTIM_FOLDER).glob("*/")):
            shutil.rmtree(folder / RESULTS_NAME, ignore_errors=True)
            (folder / BASELINE_NAME).unlink(missing_ok=True)
        _bring(workload, worktree)
        yield worktree


def _bring(workload: Workload, worktree: Path) -> None:
    """Copy what the target names and git ignores, or would not take for its size."""
    git, target = Git(workload.root), workload.target
    stdin = [target.stdin] if target.stdin else []
    paths = [p for p in (*target.sources, *target.inputs, *stdin) if git.contains(p)]
    named = [PurePosixPath(git.below_top(path)) for path in paths]
    large = [n for n in git.too_large() if any(PurePosixPath(n).is_relative_to(p) for p in named)]
    for name in (*git.ignored_below([str(path) for path in named]), *large):
        there = worktree / name
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(git.top / name, there)


def _side(session: Session, workload: Workload, side: Side) -> Side:
    """Set the target up once, and give every trial a working folder of its own."""
    target = side.target
    options = {k: _kept(v, workload.root, side.root) for k, v in target.options.items()}
    target = replace(target, task=workload.target.task, options=options)
    session.orchestrator.set_up(target)
    target = replace(target, setup=())
    if target.working_folder is WorkingFolder.ROOT:
        target = _in_copies(target, side.root, workload.task.outputs)
    return replace(side, target=target, files=states_below(side.root))


def _kept(value: Any, old: Path, new: Path) -> Any:
    """An option; where it names a file that is here and not in git, by its absolute path."""
    if isinstance(value, (list, tuple)):
        return tuple(_kept(item, old, new) for item in value)
    if not isinstance(value, str) or not value or value.startswith(("-", "/")):
        return value
    with contextlib.suppress(OSError):
        if (old / value).exists() and not (new / value).exists():
            return str(old / value)
    return value


def _in_copies(target: Target, root: Path, outputs: Iterable[OutputSpec]) -> Target:
    """A target that runs in its root, changed so that each trial runs in a copy of the root.

    A declared output file that git tracks is taken out first: it would pass for a new one.
    """
    for spec in outputs:
        if spec.source is OutputSource.FILE and spec.path:
            (root / spec.path).unlink(missing_ok=True)
    inputs = tuple(sorted(path for path in root.iterdir() if path.name != ".git"))
    return replace(target, inputs=inputs, working_folder=WorkingFolder.SCRATCH)


def states_below(root: Path) -> dict[str, FileState]:
    """Every file below a folder, by its path there, with what changes when it is written.

    Without the bytecode that Python keeps beside imported sources: it holds no results. Anything
    else in those folders may hold them.
    """
    found = (
        Path(folder) / name
        for folder, _, names in os.walk(root)
        for name in names
        if not (Path(folder).name == BYTECODE_FOLDER and BYTECODE_FILE.fullmatch(name))
    )
    below = ((path.relative_to(root).as_posix(), path) for path in found)
    return {name: file_state(path) for name, path in below if name != ".git"}
