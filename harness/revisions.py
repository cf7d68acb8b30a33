"""A target at another revision: the same name, built from its commit in a private worktree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.edge.config import Config, load_config
from harness.edge.git import Git
from harness.errors import ConfigError, UsageError
from harness.model import Target


def split_revision(spec: str) -> tuple[str, str | None]:
    """`nbody-c@main` as (`nbody-c`, `main`); without `@`, the working tree: None."""
    name, at, revision = spec.partition("@")
    if at and not (name and revision):
        raise UsageError(
            f"want TARGET or TARGET@REVISION, got {spec!r}", hint="For example nbody-c@main."
        )
    return name, revision or None


def target_at(config: Config, name: str, revision: str, worktree: Path) -> Target:
    """The target as it was at a revision that is checked out in `worktree`.

    Its recipe (sources, flags, options) is that of the revision's own configuration; what it is
    run on (cases, outputs) stays that of the current one. A revision without configuration, or
    whose configuration does not know the target, gets the current recipe over its own sources.
    """
    if config.path is None:
        raise UsageError("revisions need a harness.toml", hint="See README.md.")
    root = root_in(config, worktree)
    path = root / config.path.name
    if path.is_file():
        old = load_config(path)
        if name in old.targets:
            return old.target(name)
    return moved(config.target(name), config.root, root, revision)


def root_in(config: Config, worktree: Path) -> Path:
    """Where in a worktree of the same repository the configuration's folder is."""
    top = Git(config.root).top
    return worktree / config.root.resolve().relative_to(top.resolve())


def moved(target: Target, root: Path, new_root: Path, revision: str) -> Target:
    """The same recipe over the files of another folder; what lies outside of `root` stays.

    Raises ConfigError for a file that is not there.
    """

    def move(path: Path) -> Path:
        there = new_root / path.relative_to(root) if path.is_relative_to(root) else path
        if not there.exists():
            raise ConfigError(
                f"target {target.name!r} at {revision}: {path.relative_to(root)} is not there",
                hint="Is the revision older than the target, or the file not in git?",
            )
        return there

    return replace(
        target,
        root=new_root,
        sources=tuple(move(source) for source in target.sources),
        inputs=tuple(move(path) for path in target.inputs),
        stdin=move(target.stdin) if target.stdin else None,
    )
