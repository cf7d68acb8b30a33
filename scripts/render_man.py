"""Write docs/harness.1, the manual page, from the command line itself.

python scripts/render_man.py
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from render_cli_docs import CODES, EVERYWHERE, NOT_WRAPPED, commands

from harness import __version__
from harness.cli.help_text import ABOUT

PAGE = Path(__file__).parents[1] / "docs/harness.1"
SUMMARY = "measure, compare and optimise programs in many languages"
CLOSING = """\
.SH FILES
.TP
.I harness.toml
The targets, tasks and campaigns of a project; looked for upward from the current folder.
.TP
.I .harness/
What the tool keeps beside it: stored runs, builds, profiles. Git does not see it.
.TP
.I optim/
What a campaign records, for git to keep.
.SH ENVIRONMENT
.TP
.B NO_COLOR
Of any value: no colours.
.TP
.B COLUMNS
How wide tables are, where standard output is no terminal.
.SH SEE ALSO
.BR perf (1),
.BR hyperfine (1)
"""


def render() -> str:
    """The whole page, in roff's man macros (see man(7))."""
    lines = [
        '.\\" Written by scripts/render_man.py.',
        f'.TH HARNESS 1 "" "optim-harness {__version__}" "User Commands"',
        ".SH NAME",
        f"harness \\- {SUMMARY}",
        ".SH SYNOPSIS",
        ".B harness",
        "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGS\\fR]...",
        ".SH DESCRIPTION",
        *paragraphs(ABOUT),
        ".SH COMMANDS",
        *(line for path, command in commands() for line in of_command(path, command)),
        ".SH EXIT STATUS",
        *(line for code, words in CODES.items() for line in (".TP", f".B {code.value}", words)),
    ]
    return "\n".join(lines) + "\n" + CLOSING


def of_command(path: str, command: click.Command) -> Iterator[str]:
    """One command's lines."""
    context = click.Context(command, info_name=path)
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f".SS {escaped(' '.join(usage.split()))}"
    yield from paragraphs(command.help or "")
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    for record in records:
        if record and record[1] and record[0] not in EVERYWHERE:
            yield from (".TP", f".B {escaped(record[0])}", escaped(record[1]))
    if command.epilog:
        yield from (".PP", escaped(command.epilog))


def paragraphs(text: str) -> Iterator[str]:
    """A docstring's paragraphs; those that click must not wrap are left as they are."""
    for number, paragraph in enumerate(inspect.cleandoc(text).split("\n\n")):
        if number:
            yield ".PP"
        if paragraph.strip().startswith(NOT_WRAPPED):
            block = inspect.cleandoc(paragraph.strip().removeprefix(NOT_WRAPPED))
            yield from (".nf", *unwrapped(block.splitlines()), ".fi")
        else:
            yield escaped(" ".join(paragraph.split()))


def unwrapped(lines: Iterable[str]) -> Iterator[str]:
    return (escaped(line, squeeze=False) for line in lines)


def escaped(text: str, *, squeeze: bool = True) -> str:
    """Text that roff prints as it stands: no request, no escape, hyphens that can be copied."""
    line = (" ".join(text.split()) if squeeze else text).replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", line)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
