"""`harness adapters`: what is installed, a package for a new language, and the suite on one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from harness.api import adapters
from harness.api.authoring import check_adapter, new_adapter
from harness.cli.shared.base import Answer, command
from harness.cli.shared.common_options import format_option


class ListedByDefault(click.Group):
    """A group that is its command `list` where it is called without a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        bare = not args or (args[0].startswith("-") and args[0] not in ("-h", "--help"))
        return super().parse_args(ctx, ["list", *args] if bare else args)


@click.group(cls=ListedByDefault, context_settings={"help_option_names": ["-h", "--help"]})
def adapters_command() -> None:
    """List installed adapters, and help to write one.

    \b
    harness adapters list        what is installed, and what it finds here
    harness adapters new zig     write the package of a new one
    harness adapters check zig   does it keep the contract?
    """


@command(name="list", epilog="Example: harness adapters --json")
@format_option
def list_adapters_command(style: str) -> Answer:
    """List installed adapters with the toolchain that each finds, or how to get it.

    The plugins of all other kinds follow, and what had to be left out.

    The exit code is 0 whatever is missing: a machine need not have every language.
    """
    found = adapters()
    return Answer(
        result=found.to_dict(),
        text=str(found) if style == "plain" else found.table(style),
        next_actions=found.hints,
    )


@command(name="new", epilog="Example: harness adapters new zig --kind compiled")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["compiled", "interpreted"]),
    default="compiled",
    show_default=True,
    help="Is the language compiled to a program, or run from its source?",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder that is new or empty; else harness-NAME in the current one.",
)
def new_adapter_command(name: str, kind: Literal["compiled", "interpreted"], into: Path) -> Answer:
    """Write the package of a new adapter: the class, its tests, an example task.

    It installs at once, and its tests fail where FILL IN says what is still to be written.
    """
    made = new_adapter(name, kind, into)
    return Answer(
        result=made.to_dict(),
        text=str(made),
        next_actions=(
            f"pip install -e '{made.folder}[test]'",
            f"harness adapters check {name}",
        ),
    )


@command(name="check", epilog="Example: harness adapters check lua")
@click.argument("name")
@click.option(
    "--language-sample",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A TOML file with the programs of the suite; else the one that the adapter ships.",
)
@format_option
def check_adapter_command(name: str, language_sample: Path | None, style: str) -> Answer:
    """Hold an installed adapter to everything that the core takes for granted of one.

    The conformance suite builds, runs, stops and spoils small programs in the adapter's language,
    in folders of its own. The exit code is 1 where a check fails.
    """
    found = check_adapter(name, language_sample, lambda check: _tell(check.title))
    return Answer(
        result=found.to_dict(),
        text=str(found) if style == "plain" else found.table(style),
        exit_code=found.exit_code,
    )


def _tell(title: str) -> None:
    """One dot per check for people who wait; nothing for programs."""
    if sys.stderr.isatty():
        click.echo(f"  {title}", err=True)


for each in (list_adapters_command, new_adapter_command, check_adapter_command):
    adapters_command.add_command(each)
