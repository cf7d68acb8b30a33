"""The command `harness` itself: the group of all commands, as click has it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from importlib import import_module

import click

from harness import __version__
from harness.cli.command_names import COMMANDS
from harness.cli.help_text import ABOUT, EPILOG, MOST_COLUMNS


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"harness.cli.{COMMANDS[cmd_name][0]}")
        attribute = f"{cmd_name.replace('-', '_')}_command"
        command: click.Command = getattr(module, attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as problem:
            from harness.model.suggesting import did_you_mean

            message = f"{problem.message} {did_you_mean(args[0], COMMANDS)}".rstrip()
            raise click.UsageError(message, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": MOST_COLUMNS},
    help=ABOUT,
    epilog=EPILOG,
)
@click.version_option(__version__, prog_name="harness")
def cli() -> None:
    """See `ABOUT`."""


def commands_below(
    group: click.Group, words: tuple[str, ...] = (), without: Collection[str] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it, in the order of `--help`.

    A group comes before the commands that it has. `without`: what of this group itself is left
    out, and not imported.
    """
    context = click.Context(group)
    for name in group.list_commands(context):
        if name in without:
            continue
        command = group.get_command(context, name)
        assert command is not None, name
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from commands_below(command, (*words, name))
