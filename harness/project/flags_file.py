"""A target's flags: those of harness.toml, and those of the file that a campaign may change."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

from harness.errors import ConfigError
from harness.project.config_text import read_text

_COMMENT = re.compile(r"(?:^|\s)#")
"""As in a shell: within a word it begins none (`-DX=#1`)."""


def joined_flags(told: object, path: Path, where: str) -> list[str]:
    """The words of `flags`, then those of a flags file, each line split as a shell would.

    `where` is the target's place in harness.toml, for ConfigError's words.
    """
    if isinstance(told, str):
        flags = _words(told, f"{where}.flags")
    elif isinstance(told, list) and all(isinstance(flag, str) for flag in told):
        flags = list(told)
    else:
        raise ConfigError(f"{where}.flags: want a list of strings, got {repr(told)[:100]}")
    try:
        lines = read_text(path).splitlines()
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{where}.flags_file: {path}: cannot be read: {problem}") from None
    for number, line in enumerate(lines, 1):
        flags += _words(line, f"{where}.flags_file: {path}:{number}")
    return flags


def _words(line: str, where: str) -> list[str]:
    for comment in _COMMENT.finditer(line):
        with contextlib.suppress(ValueError):  # within quotes it begins no comment
            return shlex.split(line[: comment.start()])
    try:
        return shlex.split(line)
    except ValueError as problem:
        raise ConfigError(f"{where}: {str(problem).lower()}: {line.strip()!r}") from None
