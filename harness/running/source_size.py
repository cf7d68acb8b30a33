"""How much source there is, as the Benchmarks Game counts it, and how large a built program is.

Comments are removed, runs of white space become one, and what is left is compressed: neither long
names nor a licence at the top count for much (benchmarksgame-team.pages.debian.net, "How source
code size is measured").
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

from harness.model import Build, Target
from harness.on_demand import pattern

_STRINGS = r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'"
_TRIPLE = r'"""[\s\S]*?"""' + r"|'''[\s\S]*?'''"

_SLASHES = pattern(rf"({_STRINGS})|//[^\n]*|/\*[\s\S]*?\*/")
_HASH = pattern(rf"({_TRIPLE}|{_STRINGS})|#[^\n]*")
_JULIA = pattern(rf"({_TRIPLE}|{_STRINGS})|#=[\s\S]*?=#|#[^\n]*")
_DASHES = pattern(rf"({_STRINGS})|--\[\[[\s\S]*?\]\]|\{{-[\s\S]*?-\}}|--[^\n]*")
_BANG = pattern(rf"({_STRINGS})|![^\n]*")
_STARS = pattern(r'("(?:\\.|[^"\\])*")|\(\*[\s\S]*?\*\)')
_SEMICOLON = pattern(rf"({_STRINGS})|;[^\n]*")

_FAMILIES = (
    ("c h cc cpp cxx hpp cs d go java js kt mjs rs scala swift ts zig", _SLASHES),
    ("py sh bash pl rb r R nim", _HASH),
    ("jl", _JULIA),
    ("lua hs adb ads sql", _DASHES),
    ("f f90 f95 f03 f08", _BANG),
    ("lisp scm rkt clj", _SEMICOLON),
    ("ml mli", _STARS),
)

COMMENTS = {suffix: found for suffixes, found in _FAMILIES for suffix in suffixes.split()}
"""What is a comment, by the suffix of a file; group 1 is a string, which stays."""

_BY_ADAPTER = {"c": _SLASHES, "python": _HASH, "julia": _JULIA}
_OF_A_SCRIPT = _HASH


def source_bytes(target: Target) -> int | None:
    """The compressed size of all sources of a target; None where there is no text to count."""
    parts = []
    for path in _files(target.sources):
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if b"\0" in content:
            return None
        parts.append(without_comments(content.decode(errors="replace"), path, target.adapter))
    return len(gzip.compress("".join(parts).encode(), mtime=0)) if parts else None


def without_comments(text: str, path: Path, adapter: str) -> str:
    """A source without its comments, and with single spaces and line ends."""
    suffix = path.suffix.removeprefix(".")
    found = COMMENTS.get(suffix) or _BY_ADAPTER.get(adapter)
    if found is None and text.startswith("#!"):
        found = _OF_A_SCRIPT
    if found is not None:
        text = found.sub(lambda match: match[1] or " ", text)
    text = re.sub(r"[^\S\n]+", " ", text)
    return re.sub(r"\s*\n\s*", "\n", text).strip() + "\n"


def binary_bytes(build: Build) -> int | None:
    """The size of the program that a build has made; None where an interpreter runs it."""
    if not build.program.is_relative_to(build.workdir):
        return None
    try:
        return build.program.stat().st_size
    except OSError:
        return None


def _files(places: tuple[Path, ...]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(
                path for path in place.rglob("*") if path.suffix.removeprefix(".") in COMMENTS
            )
        else:
            yield place
