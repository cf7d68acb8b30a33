"""Of which commit a run was: what is checked out where its targets' sources lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.model import Commit
from harness.running.cells import Cell
from harness.running.reports import of_plain


def commit_of(root: Path) -> Commit | None:
    """The commit of the repository that a folder lies in; None where there is none, or no git.

    A run is not worth less without it: what git refuses raises nothing.
    """
    from harness.system.git.reading import GitReading

    git = GitReading(root)
    try:
        found = git.attempt("log", "-1", "--format=%H %ct")
        if found.returncode:
            return None
        digest, made_at_s = found.stdout.decode().split()
        same = git.attempt("diff", "--quiet", "--ignore-submodules=untracked", "HEAD")
        return Commit(digest, int(made_at_s) * 1_000_000_000, changed=same.returncode != 0)
    except (HarnessError, ValueError):
        return None


def code_of_cells(cells: Iterable[Cell]) -> list[list[Any]]:
    """Task, case and name of each cell at a revision, its commit and when that was made.

    Cells that are not here are of the run's own commit.
    """
    return [
        [*cell.key, found.digest, found.made_at_ns]
        for cell in cells
        if cell.target.private_copy is not None
        and (found := commit_of(cell.target.root)) is not None
    ]


def stored_commit(plan: Mapping[str, Any]) -> Commit | None:
    """The commit that a run's plan names; those of older harnesses name none."""
    found = plan.get("commit")
    return None if found is None else of_plain(found, Commit)
