"""A target's flags: those of harness.toml, and those of the file that a campaign may change."""

from __future__ import annotations

import shlex
from pathlib import Path

from harness.errors import ConfigError


def joined_flags(told: object, path: Path, where: str) -> list[str]:
    """The words of `flags`, then those of a flags file, each line split as a shell would.

    `where` is the target's place in harness.toml, for ConfigError's words.
    """
    if not isinstance(told, str | list):
        raise ConfigError(f"{where}.flags: want a list of strings, got {told!r}")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{where}.flags_file: {path}: cannot be read: {problem}") from None
    flags = _words(told, f"{where}.flags") if isinstance(told, str) else list(told)
    for number, line in enumerate(lines, 1):
        flags += _words(line, f"{where}.flags_file: {path}:{number}")
    return flags


def _words(line: str, where: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as problem:
        raise ConfigError(f"{where}: {str(problem).lower()}: {line.strip()!r}") from None
