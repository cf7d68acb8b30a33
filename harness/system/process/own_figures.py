"""The figures that a target reports of itself: `METRIC name=value unit` lines.

They stand on standard output, or in the file that HARNESS_METRICS names (there the word METRIC may
be left away). A line counts where its name is declared for the target; it is then taken out of
standard output, so that a figure which varies is no wrong output. Every other line is output. Of
several lines of one name the last one holds.
"""

from __future__ import annotations

import errno
import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from harness.model import Command, MetricInfo, Target
from harness.on_demand import pattern
from harness.system.process.os_words import os_words
from harness.system.process.trees import open_ordinary
from harness.system.process.trial_folder import Places, TrialFolder

MOST_FILE_BYTES = 1 << 20
"""This much is read of the file that HARNESS_METRICS names; the rest of it is ignored."""

MOST_LINE_BYTES = 1024
"""A longer line is output, not a figure."""

_FIGURE = rb"([A-Za-z_][A-Za-z0-9_.:/-]*)[ \t]*=[ \t]*(\S+)(?:[ \t]+(\S+))?\s*"
_LINE = pattern(rb"METRIC[ \t]+" + _FIGURE)
_BARE = pattern(rb"(?:METRIC[ \t]+)?" + _FIGURE)


class BadFigureError(Exception):
    """A declared figure that cannot be read, in words."""


def figures_file(places: Places) -> Path:
    """Where a program may write its own figures; there only if it did."""
    return places.root / "metrics"


def take_figures(target: Target, folder: TrialFolder) -> Mapping[str, float]:
    """The declared figures of one trial; standard output is left without their lines.

    Raises BadFigureError for one that is no finite number or has another unit than declared, and
    OSError where standard output is not the file that it was.
    """
    declared = {info.name: info for info in target.metrics}
    figures = dict(_printed(folder, declared))
    figures.update(_in_file(figures_file(folder.places), declared))
    return figures


def own_figures_of(command: Command, folder: TrialFolder) -> tuple[Mapping[str, float], str]:
    """What the target reports of itself, where figures are declared; and what is wrong with it."""
    if command.target is None or not command.target.metrics:
        return {}, ""
    try:
        return take_figures(command.target, folder), ""
    except BadFigureError as problem:
        return {}, str(problem)
    except OSError as problem:
        return {}, f"what it left cannot be read: {os_words(problem)}"


def _in_file(path: Path, declared: Mapping[str, MetricInfo]) -> Iterator[tuple[str, float]]:
    """The figures in the file; none where the program wrote no ordinary file there."""
    try:
        handle = open_ordinary(path)
    except OSError:
        return
    with os.fdopen(handle, "rb") as file:
        for line in file.read(MOST_FILE_BYTES).splitlines():
            match = _BARE.fullmatch(line) if len(line) <= MOST_LINE_BYTES else None
            if match and (info := declared.get(match[1].decode())):
                yield info.name, _value(info, match)


def _printed(
    folder: TrialFolder, declared: Mapping[str, MetricInfo]
) -> Iterator[tuple[str, float]]:
    """The figures on standard output, whose lines are taken out of the file."""
    handle = os.open(folder.stdout, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "r+b", buffering=1 << 16) as file:
        # Another file in its place, such as a link to one of the user's, is not ours to change.
        if not os.path.samestat(os.fstat(handle), os.fstat(folder.opened.stdout)):
            raise OSError(errno.ESTALE, "the program has put something else in its place", "stdout")
        kept = 0  # where the next line of output belongs, once a line was taken out
        begun = True
        while piece := file.readline(MOST_LINE_BYTES + 1):
            match = _LINE.fullmatch(piece) if begun and len(piece) <= MOST_LINE_BYTES else None
            begun = piece.endswith(b"\n")
            info = declared.get(match[1].decode()) if match else None
            if match and info:
                yield info.name, _value(info, match)
                continue
            kept = _move(file, piece, kept)
        file.truncate(kept)


def _move(file: BinaryIO, piece: bytes, to: int) -> int:
    """Put a piece that was just read at `to`, and go on reading; where the next one belongs."""
    here = file.tell()
    if here - len(piece) != to:
        os.pwrite(file.fileno(), piece, to)
    return to + len(piece)


def _value(info: MetricInfo, match: re.Match[bytes]) -> float:
    said, unit = match[2].decode("ascii", "replace"), (match[3] or b"").decode("utf-8", "replace")
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadFigureError(f"METRIC {info.name}: want a finite number, got {said[:100]!r}")
    if unit and unit != info.unit:
        raise BadFigureError(
            f"METRIC {info.name} is given in {unit[:100]!r}, and declared in {info.unit!r}"
        )
    return value
