"""A target at another revision: the same name, built from its commit in a private worktree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.errors import UsageError
from harness.model import Target
from harness.project.config import Config, load_config, lookup


def split_revision(spec: str) -> tuple[str, str | None]:
    """`nbody-c@main` as (`nbody-c`, `main`); without `@`, the working tree: None."""
    name, at, revision = spec.partition("@")
    if at and not (name and revision):
        raise UsageError(
            f"want TARGET or TARGET@REVISION, got {spec!r}", hint="For example nbody-c@main."
        )
    return name, revision or None


def target_at(config: Config, name: str, root: Path) -> Target:
    """The target as it was at a revision whose folder of harness.toml is checked out in `root`.

    Its recipe (sources, flags, options) is that of the revision's own configuration; what it is
    run on (cases, outputs) stays that of the current one. A revision without configuration, or
    whose configuration does not know the target, gets the current recipe, over the user's files.
    Nobody has looked yet whether its files are there: `harness.running.copies.settle` does.
    """
    if config.path is None:
        raise UsageError("revisions need a harness.toml", hint="See README.md.")
    current = lookup(config.targets, name, "target", config.path)
    path = root / config.path.name
    if path.is_file():
        old = load_config(path).targets.get(name)
        if old is not None:
            return replace(old, task=current.task)
    return current
