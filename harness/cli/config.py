"""`harness config`: check the configuration, or print its schema."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.shared.base import Answer, command
from harness.cli.shared.measuring import config_option
from harness.project.finding import read_config
from harness.render.tables import layout
from harness.running.declared_options import check_options


@click.group()
def config_command() -> None:
    """Check harness.toml or print its JSON schema.

    \b
    harness config check
    harness config schema > harness.schema.json
    """


@command(epilog="Example: harness config check --config other/harness.toml")
@config_option
def check_command(config_path: Path | None) -> Answer:
    """Read the configuration and say what it declares; exit code 2 where it is wrong.

    Options of a target that are its adapter's own are read by that adapter; nothing is built.
    """
    config = read_config(config_path)
    check_options(config)
    rows = [
        [target.task, target.name, target.adapter, " ".join(s.name for s in target.sources)]
        for target in map(config.target, config.targets)
    ]
    result = {
        "path": str(config.path),
        "tasks": {name: [case.name for case in task.cases] for name, task in config.tasks.items()},
        "targets": {name: target.adapter for name, target in config.targets.items()},
        "campaigns": list(config.campaigns),
    }
    table = layout(["task", "target", "adapter", "sources"], rows)
    return Answer(result=result, text=f"{config.path}: fine\n\n{table}")


@command(epilog="Example: harness config schema > harness.schema.json")
def schema_command() -> Answer:
    """Print the JSON schema of harness.toml, which editors use to complete and check it."""
    import json

    from harness.project.config import schema_json

    text = schema_json()
    return Answer(result={"schema": json.loads(text)}, text=text)


config_command.add_command(check_command, "check")
config_command.add_command(schema_command, "schema")
