"""Standard output and error as they may be: closed, full, without a reader, not in UTF-8."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Output(io.FileIO):
    """A descriptor whose writing never raises: what went wrong first is kept, the rest dropped.

    Else each place that prints, click's own among them, would answer in its own way.
    """

    problem: OSError | None = None
    closed_by_caller: OSError | None = None
    """What is printed is lost: the descriptor was closed when we were started."""

    def write(self, data: ReadableBuffer, /) -> int:
        size = memoryview(data).nbytes
        self.problem = self.problem or self.closed_by_caller
        if self.problem is not None:
            return size
        try:
            while (written := super().write(data)) is None:  # somebody made it non-blocking
                select.select([], [self.fileno()], [])
        except OSError as problem:
            self.problem = problem
            return size
        return written


def take_streams() -> None:
    """Put streams that never raise in the place of standard output and error.

    Those of the three descriptors that the caller has closed are opened to /dev/null: else the next
    file that is opened becomes one of them, and what is printed lands in it.
    """
    closed: dict[int, OSError] = {}
    for number in range(3):
        try:
            os.fstat(number)
        except OSError as problem:
            closed[number] = problem
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdout = _stream(1, sys.stdout, closed.get(1))
    sys.stderr = _stream(2, sys.stderr, closed.get(2))


def _stream(number: int, old: TextIO | None, closed: OSError | None) -> TextIO:
    """A stream on a descriptor; what its encoding does not know is written as its escape."""
    raw = _Output(number, "w", closefd=False)
    raw.closed_by_caller = closed
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=old.encoding if old is not None else "utf-8",
        errors="backslashreplace",
        line_buffering=number == 2 or raw.isatty(),
    )


def output_problem() -> str:
    """What kept standard output from being written, in words; nothing where all went well.

    A reader that has left (`| head`) is no problem: it has what it wanted.
    """
    sys.stdout.flush()
    problem = getattr(getattr(sys.stdout.buffer, "raw", None), "problem", None)
    if problem is None or problem.errno == errno.EPIPE:
        return ""
    return f"standard output cannot be written: {problem.strerror or problem}"
