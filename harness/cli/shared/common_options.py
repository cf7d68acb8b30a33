"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from harness.model.declaring import RunOption, options_of
from harness.render.tables import FORMATS
from harness.running.settings import Settings, read_settings

format_option = click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="plain",
    show_default=True,
    help="How tables are laid out.",
)

DECLARED = {option.keyword: option for option in options_of(Settings)}
QUESTION = ("metric", "confidence", "threshold", "guard")


def settings_options(*keywords: str, **helps: str) -> Callable[[Any], Any]:
    """The options of `Settings` as options of a command: those named, or all of them.

    Each is None where it is not given. `helps` has other words for a command that means less.
    """

    def decorate(function: Any) -> Any:
        for keyword in reversed(keywords or tuple(DECLARED)):
            function = _click_option(DECLARED[keyword], helps.get(keyword))(function)
        return function

    return decorate


class ShareType(click.ParamType[str]):
    """A share in words, such as `2%` or `0.02`: the option itself says what makes sense."""

    name = "share"

    def convert(self, value: Any, _parameter: Any, _context: Any) -> str:
        """The words as they are."""
        return str(value)


SHARE = ShareType()

MOST = 1_000_000_000
"""The largest number that any option takes: past it lie slips of the keyboard."""


def _click_option(option: RunOption, words: str | None) -> Callable[[Any], Any]:
    words = (words or option.help) + (f" [default: {option.default}]" if option.default else "")
    if option.kind is bool:
        both = f"{option.flag}/--no-{option.flag.removeprefix('--')}"
        return click.option(both, option.keyword, is_flag=True, default=None, help=words)
    if option.bare is not None:
        shown = f"[{option.keyword.upper()}]"
        return click.option(
            option.flag, is_flag=False, flag_value=option.bare, metavar=shown, help=words
        )
    if option.several:
        return click.option(
            option.flag, option.keyword, multiple=True, metavar="NAME=LIMIT", help=words
        )
    kind: Any = SHARE if option.kind is float else option.kind
    if option.choices:
        kind = click.Choice(option.choices)
    elif option.minimum is not None:
        kind = click.IntRange(option.minimum, MOST)
    return click.option(option.flag, option.keyword, type=kind, help=words)


def make_settings(options: Mapping[str, Any]) -> Settings:
    """The Settings that `settings_options` asked for; UsageError where they make no sense."""
    given = {
        keyword: value
        for keyword, value in options.items()
        if keyword in DECLARED and value != ()  # of an option that may be given again
    }
    return read_settings(given)


input_option = click.option(
    "--input",
    "stdin",
    type=click.Path(path_type=Path),
    help="For a FILE or program: what it reads on standard input, from the beginning in every"
    " trial.",
)


PROGRAM_OPTIONS = ("input", "prepare", "conclude", "shell", "ignore_output")
"""The keyword arguments that say how files and programs are run."""


def program_options(function: Any) -> Any:
    """The options that say how files and programs are run, as options of a command."""
    for decorate in reversed(
        (
            input_option,
            click.option(
                "--prepare",
                metavar="CMD",
                help="Of programs: run CMD before each trial; it is not timed.",
            ),
            click.option(
                "--conclude",
                metavar="CMD",
                help="Of programs: run CMD after each trial; it is not timed.",
            ),
            click.option(
                "--shell",
                is_flag=True,
                default=None,
                help="Have each program's line run by /bin/sh, whose start is timed too.",
            ),
            click.option(
                "--ignore-output",
                is_flag=True,
                default=None,
                help="Of programs: time them whatever they print; otherwise it must be equal.",
            ),
        )
    ):
        function = decorate(function)
    return function


def said_of_programs(options: Mapping[str, Any]) -> dict[str, Any]:
    """What `program_options` was given, as keyword arguments of the API."""
    found = {**options, "input": options["stdin"]}
    return {name: found[name] for name in PROGRAM_OPTIONS if found[name] is not None}
