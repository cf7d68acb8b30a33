"""Do two texts differ by nothing but times that the programs print of themselves?"""

from __future__ import annotations

import re

_UNIT = r"(?:ns|us|µs|ms|s|sec|secs|seconds?|milliseconds?|minutes?|m)"
_TIMED = re.compile(
    rf"\d\s*{_UNIT}\b|\b(?:time|times|timing|took|elapsed|duration|seconds?|real|user|sys|wall|cpu"
    r"|runtime|speed|rate)\b",
    re.IGNORECASE,
)
"""What a line has that tells a time: a number with a unit, or one of the words for it."""

_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*(?:[eE][-+]?\d+)?")
"""A number as times are written, within a word too: `0m1.2s`, `1:02.5`."""


def same_but_for_times(expected: str, actual: str) -> bool:
    """Are they alike once the numbers of lines that tell a time are left out, and not before?"""
    if expected == actual or expected.count("\n") != actual.count("\n"):
        return False
    lines = zip(expected.split("\n"), actual.split("\n"), strict=True)
    return all(one == other or _untimed(one) == _untimed(other) for one, other in lines)


def _untimed(line: str) -> str:
    """The line without its numbers where it tells a time; otherwise as it is."""
    return _DIGITS.sub("0", line) if _TIMED.search(line) else line
