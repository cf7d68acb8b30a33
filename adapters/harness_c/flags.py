"""Flags as the compiler is to understand them: response files read in, paths made whole.

Every call of the compiler happens in an empty folder. A path within a flag is meant from the
target's root, as it is in `sources`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from harness.errors import ConfigError
from harness.model import NamedPath, PathKind, Target

FOLDER_FLAGS = ("-I", "-L", "-isystem", "-iquote", "-idirafter")
"""What follows is always a folder, in the same word or in the next."""
FILE_FLAGS = ("-include", "-imacros", "-B", "-T", "-isysroot")
"""What follows is a path where the root has it, else a name that the compiler looks up."""
VALUE_FLAG = re.compile(
    r"--?(?:sysroot|specs|fprofile(?:-[a-z]+)*-use|fauto-profile|fplugin|fprofile-list)="
)
"""`-fprofile-use=default.gcda` and the like: a path where the root has it."""
NAME_FLAGS = ("-l", "-D", "-U", "-x", "-z", "-u", "-e", "-arch", "-target")
"""What follows in the next word is a name."""
FOREIGN = ("/", "=", "$")
"""A value that begins so is whole already, or means the compiler's own folders."""
MOST_NESTED = 20
"""Response files may name response files; the compiler's own limit is larger."""


@dataclass(frozen=True, slots=True)
class Part:
    """A path within a list of flags: where it stands, and what stands before it in its word."""

    index: int
    before: str
    value: str
    folder: bool
    """A folder in any case; else a path only where there is one."""


def expanded(words: Sequence[str], target: Target, depth: int = 0) -> tuple[str, ...]:
    """The flags with `@file` replaced by what the file says, as the compiler would do.

    Raises ConfigError for a file that is not there.
    """
    found: list[str] = []
    for word in words:
        if not word.startswith("@") or len(word) == 1:
            found.append(word)
            continue
        path = target.root / word[1:]
        try:
            inner = shlex.split(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as problem:
            raise ConfigError(
                f"targets.{target.name}: {word}: {path} cannot be read: {problem}",
                hint="A response file is relative to the folder of harness.toml.",
            ) from None
        if depth >= MOST_NESTED:
            raise ConfigError(f"targets.{target.name}: {word}: response files name one another")
        found += expanded(inner, target, depth + 1)
    return tuple(found)


def parts(words: Sequence[str]) -> Iterator[Part]:
    """The paths within flags, but for those that are whole already."""
    before = ""
    for index, word in enumerate(words):
        part = _part(index, before, word)
        if part is not None and part.value and not part.value.startswith(FOREIGN):
            yield part
        before = word


def _part(index: int, before: str, word: str) -> Part | None:
    for flags in (FOLDER_FLAGS, FILE_FLAGS):
        if before in flags:
            return Part(index, "", word, flags is FOLDER_FLAGS)
    for flag in FOLDER_FLAGS:
        if word.startswith(flag) and word != flag:
            return Part(index, flag, word.removeprefix(flag), folder=True)
    if word.startswith(("-Wl,-rpath,", "-Wl,-rpath=")):
        return Part(index, word[:11], word[11:], folder=True)
    valued = VALUE_FLAG.match(word)
    if valued:
        return Part(index, valued[0], word[valued.end() :], folder=False)
    if word.startswith("-Wl,") and "=" in word:
        name, value = word.rsplit("=", 1)
        return Part(index, f"{name}=", value, folder=False)
    if word.startswith(("-T", "-B")) and len(word) > 2 and "=" not in word:
        return Part(index, word[:2], word[2:], folder=False)
    is_name = word.startswith("-") or before in NAME_FLAGS
    return None if is_name else Part(index, "", word, folder=False)


def rooted(words: Sequence[str], target: Target) -> tuple[str, ...]:
    """The flags with their paths made absolute."""
    whole = list(words)
    for part in parts(words):
        path = target.root / part.value
        if part.folder or path.exists():
            whole[part.index] = f"{part.before}{os.path.normpath(path)}"
    return tuple(whole)


def named(option: str, words: Sequence[str]) -> Iterator[NamedPath]:
    """The files and folders that an option's flags name; each side has its own."""
    for part in parts(words):
        yield NamedPath(option, part.value, PathKind.CODE)


def named_files(words: Sequence[str], target: Target) -> list[Path]:
    """The files of the target's tree that flags name beside folders of headers and libraries.

    A profile of `-fprofile-use`, a linker script, an object: parts of the build.
    """
    found: list[Path] = []
    for part in parts(words):
        path = target.root / part.value
        if path.is_file():
            found.append(path)
        elif "profile" in part.before and path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.is_file())
    return found


def library_folders(words: Sequence[str], target: Target) -> list[Path]:
    """The folders of `-L`."""
    own = {p.index: p.value for p in parts(words) if p.before == "-L" or words[p.index - 1] == "-L"}
    return [target.root / value for value in own.values()]


def library_names(words: Sequence[str]) -> list[str]:
    """The names of `-l`, in one word or in two."""
    joined = [w[2:] for w in words if w.startswith("-l") and len(w) > 2]
    apart = [w for before, w in pairwise(words) if before == "-l"]
    return [*joined, *apart]
