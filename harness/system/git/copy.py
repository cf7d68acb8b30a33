"""A private repository with the files of a revision, in which git may be used freely.

It shares objects with the user's repository, and nothing else: stashes, branches, tags, commits and
settings that are made there stay there, where a worktree would share them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.system.git.writing import Git
from harness.system.process.touching import touched_files
from harness.system.store.lock import hold, is_held

_PREFIX = "harness-copy-"


@contextlib.contextmanager
def copy_at(git: Git, revision: str, parent: Path) -> Iterator[Path]:
    """Such a repository below `parent`, at a revision without a branch, for as long as it lasts.

    What a killed process left behind is cleared away first. Submodules are left empty.
    """
    commit = git.resolve(revision)
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{_PREFIX}*/"):
        if not is_held(_lock(left)):
            _remove(left)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{commit[:12]}-", dir=parent))
    with hold(_lock(folder)):
        try:
            git.run("init", "--quiet", "--template=", str(folder))
            _share(git, folder / ".git")
            Git(folder).run("checkout", "--quiet", "--detach", commit)
            yield folder
        finally:
            _remove(folder)


def take_over(worktree: Path, top: Path, paths: Sequence[str]) -> None:
    """Make the checkout's files what the worktree's are.

    What is gone is removed first, with folders that are left empty: a file may take their place.
    """
    here = [p for p in paths if (worktree / p).is_symlink() or (worktree / p).is_file()]
    for path in sorted(set(paths) - set(here)):
        goal = top / path
        goal.unlink(missing_ok=True)
        for folder in goal.relative_to(top).parents[:-1]:
            if not (top / folder).is_dir() or any((top / folder).iterdir()):
                break
            (top / folder).rmdir()
    for path in here:
        goal = top / path
        goal.parent.mkdir(parents=True, exist_ok=True)
        # A copy onto a link would write to what it points at, which may lie anywhere.
        goal.unlink(missing_ok=True)
        shutil.copy2(worktree / path, goal, follow_symlinks=False)
    touched_files()


def _share(git: Git, own: Path) -> None:
    """Let a new repository read the user's objects, settings and rules, and write none of them."""
    common = git.common_dir
    (own / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (own / "objects" / "info" / "alternates").write_text(f"{common / 'objects'}\n")
    (own / "info").mkdir(exist_ok=True)
    for name in ("exclude", "attributes"):
        if (common / "info" / name).is_file():
            shutil.copyfile(common / "info" / name, own / "info" / name)
    # The user's settings come first, so that those of this folder win over them.
    settings = (own / "config").read_text()
    ours = f"\tworktree = {own.parent}\n\tbare = false\n\thooksPath = {os.devnull}\n"
    users = f'[include]\n\tpath = "{common / "config"}"\n'
    (own / "config").write_text(f"{users}{settings}[core]\n{ours}")


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _lock(folder).unlink(missing_ok=True)
