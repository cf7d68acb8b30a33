"""Commits that no branch knows, merged into one by git's three-way merge."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from harness.system.git.reading import names
from harness.system.git.writing import Git

ADDS_NOTHING = "it adds nothing"
"""Why a commit is not merged that the other one has all of."""

_QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "rerere.enabled=false")
_SHOWN = 3


class Merging:
    """Merges in a private folder; the user's tree, index and branches are left alone."""

    def __init__(self, git: Git) -> None:
        """`git` is the repository of a private folder that nothing else uses."""
        self._git = git

    def merged(self, upon: str, commit: str, message: str) -> tuple[str, str]:
        """The commit that has both, and an empty text; or the empty text, and why there is none.

        There is none where the two change the same lines, or the second one adds nothing.
        """
        git = self._git
        git.run(*_QUIET, "checkout", "--quiet", "--force", "--detach", upon)
        asked = ("merge", "--quiet", "--no-edit", "--no-ff", "--no-gpg-sign", "--no-verify")
        done = git.attempt(*_QUIET, *asked, "-m", message, commit, env=git.identity)
        if done.returncode:
            problem = self._problem(done.stderr.decode("utf-8", "replace"))
            git.attempt(*_QUIET, "merge", "--abort")
            return "", problem
        made = git.head()
        if git.line("rev-parse", f"{made}^{{tree}}") == git.line("rev-parse", f"{upon}^{{tree}}"):
            return "", ADDS_NOTHING
        return made, ""

    def _problem(self, said: str) -> str:
        """Why a merge was refused: the files that both sides change, else git's own words."""
        asked = ("diff", "--name-only", "-z", "--diff-filter=U")
        files = names(self._git.run(*asked, cwd=self._git.top))
        if files:
            return f"the same lines of {', '.join(files[:_SHOWN])}"
        return " ".join(said.split()) or "git refuses to merge it"


@contextlib.contextmanager
def merging(git: Git, base: str, parent: Path) -> Iterator[Merging]:
    """What merges commits of a repository, in a private folder below `parent` while it lasts."""
    with git.worktree_at(base, parent) as folder:
        yield Merging(Git(folder))
