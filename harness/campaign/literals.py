"""Is a change of source text one of numbers and texts alone? Pure.

Each file is read as tokens of its language: comments and layout are left out, and each number and
each quoted text becomes the same mark. Lists of marks become one mark, so that a table that has
grown by values is still the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from harness.campaign.sightings import ChangeSeen
from harness.frozen import dataclass

_C = r"//[^\n]*|/\*.*?\*/"
_HASH = r"\#[^\n]*"
_QUOTED = r'"(?:\\.|[^"\\\n])*"'
_SINGLE = r"'(?:\\.|[^'\\\n])*'"
_TRIPLE = r'"""(?:\\.|[^\\])*?"""' + r"|'''(?:\\.|[^\\])*?'''"
_NUMBER = r"(?<![\w.])[-+]?\.?\d(?:[\w.]|(?<=[eEpP])[-+])*"


@dataclass(frozen=True, slots=True)
class _Grammar:
    comments: str
    texts: str

    def tokens(self, text: str) -> str:
        """The text without comments and layout, its literals as marks."""
        pattern = rf"(?P<c>{self.comments})|(?P<t>{self.texts})|(?P<n>{_NUMBER})"
        found = re.compile(pattern, re.DOTALL)
        marked = found.sub(lambda m: " " if m["c"] else f" {_MARK} ", text)
        flat = " ".join(re.findall(rf"\w+|{_MARK}|[^\w\s]", marked))
        return re.sub(rf"{_MARK}(?: (?:[,;] )?{_MARK})+", _MARK, flat)


_MARK = "\N{SECTION SIGN}"
_LIKE_C = _Grammar(_C, rf"{_QUOTED}|{_SINGLE}")
_LIKE_PYTHON = _Grammar(_HASH, rf"{_TRIPLE}|{_QUOTED}|{_SINGLE}")
_LIKE_JULIA = _Grammar(rf"\#=.*?=\#|{_HASH}", rf'"""(?:\\.|[^\\])*?"""|{_QUOTED}')
_GRAMMARS = {
    **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".hpp", ".cxx", ".cu"), _LIKE_C),
    **dict.fromkeys((".rs", ".go", ".java", ".js", ".ts", ".zig"), _LIKE_C),
    **dict.fromkeys((".py", ".pyx", ".r", ".sh", ".rb", ".pl"), _LIKE_PYTHON),
    ".jl": _LIKE_JULIA,
}


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that changed; None where it was not there."""

    path: str
    old: str | None
    new: str | None


def change_of(files: Iterable[FileChange]) -> ChangeSeen:
    """What the change of some files is; of no file it says nothing."""
    changed = sorted(files, key=lambda each: each.path)
    only = all(_literals_alone(each) for each in changed)
    return ChangeSeen(tuple(c.path for c in changed) if only else ())


def _literals_alone(each: FileChange) -> bool:
    """Did a file of a known language change in its literals, and in nothing else but layout?"""
    grammar = _GRAMMARS.get(PurePosixPath(each.path).suffix.lower())
    if each.old is None or each.new is None or grammar is None:
        return False
    if grammar.tokens(each.old) != grammar.tokens(each.new):
        return False
    return _values(grammar, each.old) != _values(grammar, each.new)


def _values(grammar: _Grammar, text: str) -> list[str]:
    """The literals themselves, in order."""
    pattern = rf"(?P<c>{grammar.comments})|(?P<v>{grammar.texts}|{_NUMBER})"
    return [m["v"] for m in re.finditer(pattern, text, re.DOTALL) if m["v"]]
