"""Commits that no branch knows, merged into one by git's three-way merge.

A git of 2.38 or later merges trees without any folder. An older one merges in a private folder.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import field
from pathlib import Path

from harness.frozen import dataclass
from harness.system.git.reading import names
from harness.system.git.writing import Git

ADDS_NOTHING = "it adds nothing"
"""Why a commit is not merged that the other one has all of."""

_QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "rerere.enabled=false")
_SHOWN = 3
_CONFLICT = 1
"""How `git merge-tree` ends where two commits change the same lines; an old git ends otherwise."""


@dataclass(slots=True)
class Merging:
    """Merges commits; the user's tree, index and branches are left alone."""

    _git: Git
    _folder: Callable[[], Path]
    """Makes the private folder that an old git merges in, the first time that it is asked."""
    _trees: dict[str, str] = field(default_factory=dict)
    """The trees of the commits that were asked for."""

    def merged(self, upon: str, commit: str, message: str) -> tuple[str, str]:
        """The commit that has both, and an empty text; or the empty text, and why there is none.

        There is none where the two change the same lines, or the second one adds nothing.
        """
        done = self._git.merge_tree(upon, commit)
        if done.returncode not in (0, _CONFLICT):
            return self._merged_in_folder(upon, commit, message)
        tree, *files = names(done.stdout)
        if done.returncode:
            return "", _same_lines(files)
        if tree == self._tree(upon):
            return "", ADDS_NOTHING
        parents = ("-p", upon, "-p", commit)
        made = self._git.line("commit-tree", tree, *parents, "-m", message, env=self._git.identity)
        self._trees[made] = tree
        return made, ""

    def _tree(self, commit: str) -> str:
        if commit not in self._trees:
            self._trees[commit] = self._git.line("rev-parse", f"{commit}^{{tree}}")
        return self._trees[commit]

    def _merged_in_folder(self, upon: str, commit: str, message: str) -> tuple[str, str]:
        """The same by an old git, or where `merge-tree` says what cannot be merged at all."""
        git = Git(self._folder())
        git.run(*_QUIET, "checkout", "--quiet", "--force", "--detach", upon)
        asked = ("merge", "--quiet", "--no-edit", "--no-ff", "--no-gpg-sign", "--no-verify")
        done = git.attempt(*_QUIET, *asked, "-m", message, commit, env=git.identity)
        if done.returncode:
            files = names(git.run("diff", "--name-only", "-z", "--diff-filter=U", cwd=git.top))
            said = _without_hints(done.stderr.decode("utf-8", "replace"))
            git.attempt(*_QUIET, "merge", "--abort")
            return "", _same_lines(files) if files else said or "git refuses to merge it"
        made = git.head()
        return ("", ADDS_NOTHING) if self._tree(made) == self._tree(upon) else (made, "")


def _without_hints(said: str) -> str:
    """What git says, in one line, without its advice on other things."""
    lines = (line for line in said.splitlines() if not line.startswith("hint:"))
    return " ".join(" ".join(lines).split())


def _same_lines(files: tuple[str, ...] | list[str]) -> str:
    """Why two commits are not merged: the files that both change."""
    return f"the same lines of {', '.join(files[:_SHOWN])}"


@contextlib.contextmanager
def merging(git: Git, base: str, parent: Path) -> Iterator[Merging]:
    """What merges commits of a repository; a folder for it lies below `parent` while it lasts."""
    with contextlib.ExitStack() as stack:
        made: list[Path] = []

        def folder() -> Path:
            if not made:
                made.append(stack.enter_context(git.worktree_at(base, parent)))
            return made[0]

        yield Merging(git, folder)
