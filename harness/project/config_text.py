"""The files of a configuration as text, and `harness.toml` decoded."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.errors import ConfigError

MOST_CONFIG_BYTES = 16 * 2**20


def check_place(path: Path) -> None:
    """ConfigError where a project's folder has a name that records or tools cannot say."""
    try:
        os.fspath(path).encode("utf-8")
    except UnicodeEncodeError:
        raise ConfigError(
            f"the path of {path.name} is not UTF-8: {os.fsencode(path.parent)!r}",
            hint="Rename the folder: what is recorded of a project names its files in UTF-8.",
        ) from None
    if "\n" in str(path.parent):
        raise ConfigError(
            f"the path of {path.name} has a line feed in it: {str(path.parent)!r}",
            hint="Rename the folder: compilers and git list the files that they read line by line.",
        )


def read_toml(path: Path) -> dict[str, Any]:
    """The decoded file; ConfigError for what cannot be read, decoded, or handed to the system."""
    try:
        text = read_text(path)
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{path}: cannot be read: {problem}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(
            f"{path}: not valid TOML: {problem}", hint="The position is that of the first error."
        ) from None
    except ValueError as problem:  # an integer of thousands of digits
        raise ConfigError(f"{path}: {str(problem).partition(';')[0]}") from None
    except RecursionError:
        raise ConfigError(f"{path}: tables or lists are nested too deep") from None
    for key, word in _strings(data):
        if "\0" in word:
            raise ConfigError(f"{path}: {key}: no text here can hold a NUL: {word[:100]!r}")
    return data


def read_text(path: Path) -> str:
    """A text file in UTF-8, with or without the mark that some editors put before it.

    Raises OSError, and ValueError where it is no such text or too long for one.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            raise ValueError("it is a pipe, and not a file")  # nobody may ever write into it
        content = file.read(MOST_CONFIG_BYTES + 1) or b""
    if len(content) > MOST_CONFIG_BYTES:
        raise ValueError(f"has more than {MOST_CONFIG_BYTES:,} bytes")
    return content.decode("utf-8-sig")


def _strings(data: object) -> Iterator[tuple[str, str]]:
    """Every text of the decoded file, names of keys too, with the key that it stands at."""
    waiting: list[tuple[str, object]] = [("", data)]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, str):
            yield at, value
        elif isinstance(value, dict):
            for key, item in value.items():
                yield at or "a key", key
                waiting.append((f"{at}.{key}" if at else key, item))
        elif isinstance(value, list):
            waiting += [(at, item) for item in value]


def is_there(path: Path, kind: Callable[[Path], bool] = Path.exists) -> bool:
    """Is there such a file or folder? Not where the system does not take its name."""
    try:
        return kind(path)
    except OSError:  # its name is too long, or a link leads to itself
        return False
