"""Which framework the benchmarks of C++ sources are written for, told by what they include."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.project.config_text import read_text

SUITE = "suite"
"""The adapter of suites, whose tasks have the cases that the framework lists."""

CPP = {".cc", ".cpp", ".cxx", ".C"}
_GOOGLE = re.compile(r"#\s*include\s*[<\"]benchmark/benchmark\.h[>\"]")
_CATCH = re.compile(r"#\s*include\s*[<\"](?:[\w./]*/)?catch(?:2/|\.hpp)")
_TIMED = re.compile(r"\bBENCHMARK(?:_ADVANCED)?\s*\(")
_NOTHING_KNOWN = re.compile(r"[$*]")


def text_of(path: Path) -> str:
    """A file's text; empty where there is none, or none in UTF-8."""
    try:
        return read_text(path)
    except (OSError, ValueError):
        return ""


def framework_in(text: str) -> str:
    """The kind of suite whose benchmarks a C++ source defines; empty: none."""
    if _GOOGLE.search(text) and re.search(r"\bBENCHMARK\w*\s*\(", text):
        return "google-benchmark"
    return "catch2" if _CATCH.search(text) and _TIMED.search(text) else ""


def framework_of(folder: Path, words: Sequence[str]) -> str:
    """That of a program made of the named sources or objects; of all beside the build file where
    they are named by a variable or a pattern."""
    return next(filter(None, (framework_in(text_of(f)) for f in _sources(folder, words))), "")


def _sources(folder: Path, words: Sequence[str]) -> Iterable[Path]:
    if any(_NOTHING_KNOWN.search(word) for word in words):
        return sorted(path for path in folder.glob("*") if path.suffix in CPP)
    objects = [Path(word).with_suffix(end) for word in words if word.endswith(".o") for end in CPP]
    named = [Path(word) for word in words if Path(word).suffix in CPP]
    return [folder / path for path in (*named, *objects)]
