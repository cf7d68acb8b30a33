"""What a shell offers after `harness run <TAB>`: targets, tags, tasks and adapters that are here.

A completion must never fail and never print: where the configuration cannot be read, the shell
is offered files alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import HarnessError
from harness.plugins.offered import entry_points
from harness.project.config import Config
from harness.project.finding import read_config

_REFS = ("refs/heads", "refs/tags", "refs/remotes")

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def targets(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The targets of the configuration whose names begin like that."""
    return _beginning(begun, _config(context).targets)


def targets_or_files(
    context: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Whatever files the shell finds, and the targets that begin like that; of TARGET@ revisions.

    The files come first: bash's part of click empties what it has so far where it is told of files,
    and offers these only where nothing else is.
    """
    from click.shell_completion import CompletionItem

    name, at, revision = begun.rpartition("@")
    if at and (name in _config(context).targets or Path(name).is_file()):
        there = revisions(context, parameter, revision)
        return [CompletionItem(f"{name}@{item.value}") for item in there]
    return [CompletionItem(begun, type="file"), *targets(context, parameter, begun)]


def tasks(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The tasks of the configuration."""
    return _beginning(begun, _config(context).tasks)


def cases(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The cases of the configuration's tasks."""
    tasks = _config(context).tasks.values()
    return _beginning(begun, {case.name for task in tasks for case in task.cases})


def revisions(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The branches and tags of the project's repository."""
    from harness.system.git.writing import Git

    with contextlib.suppress(HarnessError, OSError):
        git = Git(_config(context).root)
        told = git.attempt("for-each-ref", "--format=%(refname:short)", *_REFS)
        return _beginning(begun, told.stdout.decode("utf-8", "replace").split())
    return []


def campaigns(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The campaigns that the configuration declares."""
    return _beginning(begun, _config(context).campaigns)


def adapter_names(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """The adapters that are installed; none of them is imported."""
    return _beginning(begun, {entry.name for entry in entry_points("harness.adapters")})


def _config(context: click.Context) -> Config:
    with contextlib.suppress(HarnessError, OSError):
        return read_config(context.params.get("config_path"), required=False)
    return Config(root=Path.cwd())


def _beginning(begun: str, names: Iterable[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in sorted(names) if name.startswith(begun)]
