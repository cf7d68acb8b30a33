"""A target at one state of its sources, in a private folder: what is tested and compared.

The folder is a worktree of the repository outside of the project, so that the user may go on
editing, no stale file of the user's can pass for an output, and no stored output of a baseline lies
where a program would look. `harness.running.copies` says what becomes of files that git ignores.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from harness.campaign.scope import in_scope
from harness.errors import HarnessError, TrialFailed
from harness.frozen import dataclass
from harness.model import OutputSource, OutputSpec, Target, WorkingFolder
from harness.project.revisions import target_at
from harness.project.workload import BASELINE_NAME, OPTIM_FOLDER, RESULTS_NAME, Workload
from harness.running.copies import PrivateCopy, private_copy, settle
from harness.running.session import Session
from harness.system.git.writing import Git, Source
from harness.system.process.trial_folder import FileState, file_state

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
    files: Mapping[str, FileState] = field(default_factory=dict)
    """All files below `root` before anything ran."""
    setup_ns: int = 0
    """What its `setup` took; 0 where there is none."""

    def check_untouched(self) -> None:
        """Raise TrialFailed where a program wrote among its sources.

        A later trial could read what an earlier one left there, and then times nothing.
        """
        now = _states_below(self.root)
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
    commit = _here(git, workload)
    with (
        _checked_out(session, workload, commit, as_it_is=True) as copy,
        _in_the_users_words(copy.root, workload.root),
    ):
        yield _side(session, workload, copy, Side(CURRENT, commit, workload.target, copy.root))


def _here(git: Git, workload: Workload) -> str:
    """A commit of the working tree that no branch knows; outside of the scope it is HEAD's, and
    what belongs to no commit is left out.

    What an iteration's commit will not hold is not measured as a part of it.
    """
    message = f"harness: {workload.target.name} as it was measured"
    scope, left_out = workload.scope, frozenset(workload.left_out)
    if not scope and not left_out:
        return git.snapshot(message)
    changes = git.changes()
    own = [
        path
        for path in (*changes.tracked, *changes.untracked)
        if path not in left_out and (not scope or in_scope(path, scope))
    ]
    return git.keep_paths(message, Source(git.head(), own))


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
    with _checked_out(session, workload, commit) as copy:
        target = target_at(workload.config, workload.target.name, copy.root)
        yield _side(session, workload, copy, Side(label, commit, target, copy.root))


@contextlib.contextmanager
def side_of(
    session: Session, workload: Workload, recipe: Target, commit: str, label: str
) -> Iterator[Side]:
    """A commit with a recipe that was stored: a target whose paths are relative to its root."""
    with _checked_out(session, workload, commit) as copy:
        yield _side(session, workload, copy, Side(label, commit, recipe, copy.root))


@contextlib.contextmanager
def _checked_out(
    session: Session, workload: Workload, commit: str, *, as_it_is: bool = False
) -> Iterator[PrivateCopy]:
    """A private copy without stored outputs."""
    with private_copy(session, workload.config, commit, as_it_is=as_it_is) as copy:
        records = copy.root / OPTIM_FOLDER
        for folder in (records, *records.glob("*/")):
            shutil.rmtree(folder / RESULTS_NAME, ignore_errors=True)
            (folder / BASELINE_NAME).unlink(missing_ok=True)
        yield copy


def _side(session: Session, workload: Workload, copy: PrivateCopy, side: Side) -> Side:
    """Set the target up once, and give every trial a working folder of its own."""
    began = time.monotonic_ns()
    target = settle(session, copy, side.target, side.label)
    # What a build of its own took is the build's, and may be long ago.
    timed = bool(side.target.setup) and not side.target.build
    setup_ns = time.monotonic_ns() - began if timed else 0
    target = replace(target, task=workload.target.task, layouts=workload.target.layouts)
    if target.working_folder is WorkingFolder.ROOT:
        root = target.root if side.target.build else side.root
        target = _in_copies(target, root, workload.task.outputs)
    files = _states_below(side.root)
    return replace(side, target=target, files=files, setup_ns=setup_ns)


def _in_copies(target: Target, root: Path, outputs: Iterable[OutputSpec]) -> Target:
    """A target that runs in its root, changed so that each trial runs in a copy of the root.

    A declared output file that git tracks is taken out first: it would pass for a new one.
    """
    for spec in outputs:
        if spec.source is OutputSource.FILE and spec.path:
            (root / spec.path).unlink(missing_ok=True)
    inputs = tuple(sorted(path for path in root.iterdir() if path.name != ".git"))
    return replace(target, inputs=inputs, working_folder=WorkingFolder.SCRATCH)


def _states_below(root: Path) -> dict[str, FileState]:
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
