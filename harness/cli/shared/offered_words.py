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

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def targets(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The targets of the configuration whose names begin like that."""
    return _beginning(begun, _config(context).targets)


def targets_or_files(
    context: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """The targets that begin like that, and then whatever files the shell finds."""
    from click.shell_completion import CompletionItem

    return [*targets(context, parameter, begun), CompletionItem(begun, type="file")]


def tasks(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The tasks of the configuration."""
    return _beginning(begun, _config(context).tasks)


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
