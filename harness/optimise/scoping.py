"""The scope of a campaign as harness.toml says it, or as it follows from the target's paths."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.campaign.scope import in_scope
from harness.errors import ConfigError
from harness.model import Target
from harness.project.config import CampaignSection, Config
from harness.system.git.writing import Git


def scope_of(config: Config, section: CampaignSection, git: Git) -> tuple[str, ...]:
    """The parts of the repository that are the campaign's; empty: all of it.

    Where harness.toml does not say, it is the folder of harness.toml where all that the target
    names lies below that, else the whole repository. Paths are relative to the repository's top.
    Raises ConfigError for a path outside of the repository.
    """
    own = git.below_top(config.root)
    if section.scope:
        found = tuple(_below_top(own, path, config.path) for path in section.scope)
        return () if "." in found else found
    target = config.targets.get(section.target)
    if own == "." or target is None or _leads_outside(target, config.root, git.top):
        return ()
    return (own,)


def check_scope(scope: tuple[str, ...], target: Target, git: Git) -> None:
    """ConfigError where a source of the target lies outside of the scope."""
    for source in target.sources:
        path = git.below_top(source) if git.contains(source) else ""
        if path and not in_scope(path, scope):
            raise ConfigError(
                f"{path}, a source of the target {target.name!r}, lies outside of the campaign's"
                f" scope ({', '.join(scope)})",
                hint="A change of it would be no part of any iteration: add it to `scope`.",
            )


def _below_top(own: str, path: str, where: Path | None) -> str:
    found = posixpath.normpath(posixpath.join(own, path))
    if posixpath.isabs(path) or found == ".." or found.startswith("../"):
        raise ConfigError(
            f"{where}: scope: {path!r} leads out of the repository",
            hint="Paths in `scope` are relative to the folder of harness.toml.",
        )
    return found


def _leads_outside(target: Target, root: Path, top: Path) -> bool:
    """Does the target name anything in the repository that is not below the root?

    Whatever may be a path counts as one: a scope that is too wide only waits for a clean tree.
    """
    below, whole = Path(os.path.realpath(root)), Path(os.path.realpath(top))
    for word in _words(target):
        path = Path(os.path.realpath(root / word))
        if path.is_relative_to(whole) and not path.is_relative_to(below) and path.exists():
            return True
    return False


def _words(target: Target) -> Iterator[str]:
    """Everything in a target that may name a file."""
    for path in (*target.sources, *target.inputs, *target.build_inputs, target.stdin):
        if path is not None:
            yield str(path)
    said = (
        target.args,
        target.setup,
        target.build,
        target.cleanup,
        target.prepare,
        target.conclude,
        dict(target.env),
        dict(target.options),
    )
    for text in _texts(said):
        for word in text.replace("=", " ").replace(":", " ").split():
            yield word.removeprefix("-I").removeprefix("-L").removeprefix("@")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
