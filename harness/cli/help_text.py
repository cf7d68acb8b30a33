"""What `harness --help` says, in the layout of click, which is not imported for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from textwrap import TextWrapper

from harness.cli.command_names import COMMANDS

ABOUT = """Measure, compare and optimise programs in C, Julia, Python and your language.

    \b
    harness run --adapter c                 the targets of harness.toml that are in C
    harness run --adapter c nbody.c -- 1000 a single file, without any configuration
    """
"""`\\b` is before a paragraph that is left as it is."""
EPILOG = (
    "Every command takes --json and then prints one JSON envelope on standard output."
    " Exit codes: 0 fine, 1 the answer is no, 2 usage, 3 adapter or toolchain missing,"
    " 4 build failed, 5 trial failed, 6 data damaged, 7 not allowed now, 8 undecided, 70 a bug,"
    " 130 interrupted."
)
OPTIONS = {
    "--version": "Show the version and exit.",
    "-h, --help": "Show this message and exit.",
}
MOST_COLUMNS = 100
_LEAST_WIDTH = 50


def help_text(columns: int) -> str:
    """The help of all commands for a terminal of that width."""
    width = max(min(columns, MOST_COLUMNS) - 2, _LEAST_WIDTH)
    first, _, rest = ABOUT.partition("\n\n")
    kept = (line.strip() for line in rest.splitlines())
    return "\n".join(
        [
            "Usage: harness [OPTIONS] COMMAND [ARGS]...\n",
            *_wrapped(first, width, "  "),
            "",
            *(f"  {line}" for line in kept if line.strip("\b")),
            "\nOptions:",
            *_rows(OPTIONS.items(), width),
            "\nCommands:",
            *_rows(((name, line) for name, (_, line) in COMMANDS.items()), width),
            "",
            *_wrapped(EPILOG, width, "  "),
            "",
        ]
    )


def terminal_columns() -> int:
    """How wide the terminal is; 80 where standard output is none."""
    try:
        asked = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        asked = 0
    if asked > 0:
        return asked
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 80


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return TextWrapper(width, initial_indent=indent, subsequent_indent=indent).wrap(text)


def _rows(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Names, and beside them what is said of each."""
    listed = list(rows)
    column = max(len(name) for name, _ in listed) + 2
    for name, text in listed:
        lines = _wrapped(text, max(width - column - 2, 10))
        yield f"  {name:{column}}{lines[0]}"
        yield from (f"  {'':{column}}{line}" for line in lines[1:])
