"""Write docs/cli.md from the command line itself: every command, argument and option.

python scripts/render_cli_docs.py    (the manual page too, which render_man.py makes)
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from harness.cli import cli
from harness.cli.root import commands_below
from harness.errors import ExitCode

NOT_WRAPPED = "\b"
EXAMPLE = re.compile(r"^(Example: )(.*)|(harness .*)")
EVERYWHERE = ("--json", "-h, --help", "--help")
PAGE = Path(__file__).parents[1] / "docs/cli.md"

INTRODUCTION = """\
# The command line

<!-- Written by scripts/render_cli_docs.py. -->

Every command takes `--json` and then prints one envelope on standard output:
`ok`, `schema_version`, `command`, `state`, `result`, `error`, `hint`, `next_actions`. What is for
people goes to standard error. No command ever prompts.
"""

CODES = {
    ExitCode.FINE: "fine",
    ExitCode.ANSWER_IS_NO: "the answer is no: a regression, a wrong output, a failed gate",
    ExitCode.USAGE: "the command line or the configuration is wrong",
    ExitCode.ADAPTER: "an adapter or its toolchain is missing",
    ExitCode.BUILD: "a build failed",
    ExitCode.TRIAL: "a program failed, crashed or hung",
    ExitCode.DAMAGED: "stored data is damaged or was tampered with",
    ExitCode.NOT_ALLOWED: "the campaign's state does not allow it now",
    ExitCode.UNDECIDED: "the budget ended before the answer was sure",
    ExitCode.BUG: "a bug: the traceback is kept",
    ExitCode.INTERRUPTED: "interrupted",
}


def render() -> str:
    """The whole page."""
    codes = [f"| {code.value} | {meaning} |" for code, meaning in CODES.items()]
    table = ["| exit code | meaning |", "| --- | --- |", *codes]
    sections = [section for path, command in commands() for section in of_command(path, command)]
    return "\n".join([INTRODUCTION, *table, "", *sections]).rstrip() + "\n"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its path, in the order of `harness --help`."""
    return ((" ".join(("harness", *words)), command) for words, command in commands_below(cli))


def of_command(path: str, command: click.Command) -> Iterator[str]:
    """One command's lines."""
    context = click.Context(command, info_name=path)
    yield f"## {path}\n"
    yield from paragraphs(command.help or "")
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"```console\n$ {' '.join(usage.split())}\n```\n"
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    rows = [record for record in records if record and record[1] and record[0] not in EVERYWHERE]
    if rows:
        yield "| option | meaning |\n| --- | --- |"
        yield from (f"| `{escaped(option)}` | {escaped(meaning)} |" for option, meaning in rows)
        yield ""
    if command.epilog:
        yield EXAMPLE.sub(r"\1`\2\3`", command.epilog) + "\n"


def paragraphs(text: str) -> Iterator[str]:
    """A docstring's paragraphs; those that click must not wrap as blocks."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith(NOT_WRAPPED):
            block = paragraph.removeprefix(NOT_WRAPPED).strip()
            yield f"```console\n{block}\n```\n"
        else:
            yield f"{paragraph.strip()}\n"


def escaped(text: str) -> str:
    """For a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    import render_man

    PAGE.write_text(render(), encoding="utf-8")
    render_man.PAGE.write_text(render_man.render(), encoding="utf-8")
