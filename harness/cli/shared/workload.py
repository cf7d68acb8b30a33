"""What the commands on a baseline share: which workload is meant, and its lock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from harness.cli.shared.session import config_option, progress, results_option
from harness.project.finding import read_config
from harness.project.state_folder import lock_of
from harness.project.workload import Wanted, Workload, find_workload
from harness.running.session import Session, open_session
from harness.system.store.lock import hold


def workload_options(function: Any) -> Any:
    """The options that say which campaign, or which target and case."""
    for option in reversed(
        (
            click.option("--campaign", help="A campaign of harness.toml; else the only one."),
            click.option("--target", help="Where no campaign is declared: the target."),
            click.option("--case", help="Where no campaign is declared: the case."),
            click.option("--full-case", help="Where no campaign is declared: the larger case."),
            config_option,
            results_option,
        )
    ):
        function = option(function)
    return function


def wanted_workload(options: dict[str, Any]) -> Workload:
    """The workload that `workload_options` name."""
    wanted = Wanted(*(options[key] for key in ("campaign", "target", "case", "full_case")))
    return find_workload(read_config(options["config_path"]), wanted)


@contextlib.contextmanager
def workload_session(workload: Workload, results: Path | None) -> Iterator[Session]:
    """A session apart from the project, with progress on a terminal, one at a time."""
    with (
        hold(lock_of(workload.root)),
        progress() as listener,
        open_session(workload.config, results, listener, apart=True) as session,
    ):
        yield session
