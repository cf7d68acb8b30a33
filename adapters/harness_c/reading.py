"""What the compiler reads: the headers that it names, and what the assembler reads besides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness.errors import ConfigError
from harness.model import Target

INCBIN = re.compile(rb'\.inc(?:bin|lude)\b\s*(?:\\?"([^"\\\n]+)\\?")?')
"""An assembler's directive, in assembly or in the string of an `asm`, with its literal path."""
SYSTEM = (Path("/usr"), Path("/opt"), Path("/lib"))
SUFFIXES = {".c", ".h", ".s", ".S", ".inc", ".asm", ".cc", ".cpp", ".hpp"}


_IN_A_RULE = re.compile(r"(?:(?:\\\\)*\\[ \t]|\\[^\s]|[^\s\\])+")
_ESCAPED = re.compile(r"((?:\\\\)*)\\([ \t])|\\([#:$])|\$(\$)")


def make_words(rule: str) -> list[str]:
    """The prerequisites of a make rule, with make's escapes undone.

    A backslash escapes white space, `#` and `:`, and itself where it stands before white space;
    anywhere else it is one of the name (libcpp/mkdeps.cc of GCC, `munge`).
    """

    def undone(match: re.Match[str]) -> str:
        doubled, *letters = match.groups()
        return (doubled or "")[::2] + "".join(letter or "" for letter in letters)

    return [_ESCAPED.sub(undone, word) for word in _IN_A_RULE.findall(rule)]


def assembled_files(
    read: Iterable[Path], folders: Sequence[Path], target: Target
) -> Iterator[Path]:
    """The files that `.incbin` and `.include` take into a build, found as the assembler does.

    The compiler lists headers alone. Raises ConfigError where the path is not written out, and the
    target does not say what is read either.
    """
    for path in read:
        if path.suffix not in SUFFIXES or any(path.is_relative_to(place) for place in SYSTEM):
            continue
        text = path.read_bytes()
        for match in INCBIN.finditer(text):
            if match[1] is None:
                if not target.build_inputs:
                    raise _unknown(path, text[: match.start()].count(b"\n") + 1, target)
                continue
            name = match[1].decode("utf-8", "surrogateescape")
            found = [folder / name for folder in folders if (folder / name).is_file()]
            yield from found[:1]


def _unknown(path: Path, line: int, target: Target) -> ConfigError:
    return ConfigError(
        f"targets.{target.name}: {path}:{line}: the assembler reads a file here that is not"
        " written out, so that a change of it would go unseen",
        hint='Name what it reads: build_inputs = ["table.bin"].',
    )
