"""A view as the launcher is told it: see the beginning of `harness/system/launcher/jail.c`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from harness.system.jail.means import Means
from harness.system.jail.view import View

_LINKS = (("/var/tmp", "/tmp"), ("/dev/shm", "/tmp"), ("/dev/fd", "/proc/self/fd"))
_STREAMS = (("/dev/stdin", "0"), ("/dev/stdout", "1"), ("/dev/stderr", "2"))


class UnwritableError(ValueError):
    """A path that no policy can name: it holds a line break or a tab."""


def policy(view: View, means: Means, scratch: Path | None) -> str:
    """The text of a policy; `scratch` holds the folders of all trials.

    Raises UnwritableError.
    """
    lines = sorted(_needed(_lines(view, means)))
    if means is Means.NAMESPACES and scratch is not None:
        lines.append((0, 0, f"scratch\t{scratch}"))
    said = [means.value, *(line for _, _, line in lines), *_flags(view)]
    text = "".join(f"{line}\n" for line in said)
    if text.count("\n") != len(said) or text.count("\t") != _tabs(said):
        raise UnwritableError("a path with a line break or a tab in it")
    return text


def _flags(view: View) -> Iterator[str]:
    """The lines of one word."""
    if view.network:
        yield "network"
    if view.counters:
        yield "counters"


def _tabs(said: list[str]) -> int:
    return sum(
        {"network": 0, "counters": 0, "link": 2}.get(line.partition("\t")[0], 1)
        for line in said[1:]
    )


_Line = tuple[int, int, str]
"""Depth and rank, by which lines are sorted: what lies within another folder comes after it."""


def _lines(view: View, means: Means) -> Iterator[tuple[Path, int, str]]:
    """Every line with its path and its rank among those of one path."""
    hidden = [path for path in view.hidden if os.path.lexists(path)]
    if means is Means.NAMESPACES:
        links = dict(view.links)
        links |= {Path(name): to for name, to in _LINKS}
        links |= {Path(name): f"/proc/self/fd/{number}" for name, number in _STREAMS}
        for path, to in links.items():
            yield path, 0, f"link\t{path}\t{to}"
        for path in hidden:
            yield path, 4, f"hide\t{path}"
        reads: Iterator[Path] = iter(view.read)
    else:
        reads = (part for path in view.read for part in _without(path, hidden))
    for path in reads:
        yield path, 1, f"read\t{path}"
    for path in view.write:
        yield path, 2, f"write\t{path}"
    for path in view.devices:
        yield path, 3, f"device\t{path}"
    for path in view.copies:
        yield path, 3, f"copy\t{path}"


def _needed(lines: Iterator[tuple[Path, int, str]]) -> Iterator[_Line]:
    """The lines that change something: a folder within one that is read is read already, and what
    is not shown need not be hidden."""
    every = sorted(lines, key=lambda line: (len(line[0].parts), line[1]))
    words: dict[Path, str] = {}
    for path, rank, line in every:
        word = line.partition("\t")[0]
        above = next((words[p] for p in path.parents if p in words), "")
        if word == "read" and (above in ("read", "write") or words.get(path) == "read"):
            continue
        if word == "hide" and not above:
            continue
        if word in ("read", "write", "hide"):
            words[path] = word
        yield len(path.parts), rank, line


def _without(path: Path, hidden: list[Path]) -> Iterator[Path]:
    """A folder in parts, so that what is hidden below it is not among them."""
    if path in hidden:
        return
    if not any(path in place.parents for place in hidden):
        yield path
        return
    try:
        below = sorted(path.iterdir())
    except OSError:
        return
    for entry in below:
        yield from _without(entry, hidden)
