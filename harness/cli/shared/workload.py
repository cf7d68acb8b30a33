"""What the commands on a baseline share: which workload is meant, and its lock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from harness.api import Project
from harness.cli.shared import offered_words
from harness.cli.shared.measuring import config_option, results_option, said
from harness.project.finding import read_config
from harness.project.state_folder import results_of
from harness.running import Listener
from harness.running.listening import Told


def workload_options(function: Any) -> Any:
    """The options that say which campaign, or which target and case."""
    for option in reversed(
        (
            click.option(
                "--campaign",
                help="A campaign of harness.toml; else the only one.",
                shell_complete=offered_words.campaigns,
            ),
            click.option(
                "--target",
                help="Where no campaign is declared: the target.",
                shell_complete=offered_words.targets,
            ),
            click.option(
                "--case",
                help="Where no campaign is declared: the case.",
                shell_complete=offered_words.cases,
            ),
            click.option(
                "--full-case",
                help="Where no campaign is declared: the larger case.",
                shell_complete=offered_words.cases,
            ),
            config_option,
            results_option,
        )
    ):
        function = option(function)
    return function


def project_of(options: Mapping[str, Any]) -> Project:
    """The project that the options name; ConfigError where there is none."""
    config = read_config(options["config_path"])
    return Project(config, options["results"] or results_of(config.root))


def workload_said(options: Mapping[str, Any], listener: Listener) -> dict[str, Any]:
    """What the options say of the workload, and whom progress is told."""
    names = ("campaign", "target", "case", "full_case")
    return said(**{name: options[name] for name in names}, progress=Told(listener))
