"""Names of what has none in Python: comprehensions and the like are told by the function that they
stand in, so that two of them are two rows, and each says where to look."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.model import Frame, HotSpot, Profile, Stack
from harness_python.figures import NAMELESS

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def with_enclosing(profile: Profile) -> Profile:
    """The profile with `<listcomp>` as `parse.<listcomp>` where it stands in the function `parse`.

    What lies in no function, or in a file that cannot be read, keeps its name.
    """
    files = _Files()
    return replace(
        profile,
        spots=tuple(files.spot(spot) for spot in profile.spots),
        stacks=_together(files, profile.stacks),
    )


def _together(files: _Files, stacks: Mapping[Stack, float]) -> dict[Stack, float]:
    found: defaultdict[Stack, float] = defaultdict(float)
    for stack, weight in stacks.items():
        found[tuple(map(files.frame, stack))] += weight
    return dict(found)


class _Files:
    """The functions of source files, each file read once."""

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[int, int, str]]] = {}

    def spot(self, spot: HotSpot) -> HotSpot:
        """A row by the name that says where it is."""
        name = self._named(spot.function, spot.file, spot.line)
        return replace(spot, function=name) if name != spot.function else spot

    def frame(self, frame: Frame) -> Frame:
        """A frame of a stack by the same name."""
        name = self._named(frame.function, frame.file, frame.line)
        return replace(frame, function=name) if name != frame.function else frame

    def _named(self, name: str, file: str, line: int | None) -> str:
        if name not in NAMELESS or line is None:
            return name
        around = [found for found in self._functions(file) if found[0] <= line <= found[1]]
        return f"{max(around)[2]}.{name}" if around else name

    def _functions(self, file: str) -> list[tuple[int, int, str]]:
        """First line, last line and name of each function of a file."""
        if file not in self._known:
            try:
                tree = ast.parse(Path(file).read_bytes())
            except (OSError, SyntaxError, ValueError):  # of another Python, or not there any more
                self._known[file] = []
            else:
                self._known[file] = [
                    (node.lineno, node.end_lineno or node.lineno, node.name)
                    for node in ast.walk(tree)
                    if isinstance(node, _FUNCTIONS)
                ]
        return self._known[file]
