"""Turns machine addresses into frames, functions that the compiler inlined included."""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from harness.frozen import dataclass
from harness.hookspecs import Runner
from harness.model import Frame, Stack

ADDR2LINE = ("addr2line", "llvm-addr2line")
PLACE = re.compile(r"^(?P<file>.*):(?P<line>\d+|\?)(?: \(discriminator \d+\))?$")
LOAD = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """A loadable part of an ELF file: where it lies in the file and in memory."""

    offset: int
    address: int
    size: int


def resolve(
    program: Path, addresses: Collection[int], folder: Path, runner: Runner
) -> dict[int, Stack]:
    """The frames at each address of `program`, outermost first; several where code was inlined.

    An address without debugging information is left out. Empty where there is no addr2line.
    """
    tool = next((path for path in map(runner.find, ADDR2LINE) if path is not None), None)
    if tool is None or not addresses:
        return {}
    listed = folder / "addresses.txt"
    listed.write_text("\n".join(f"{address:#x}" for address in sorted(addresses)))
    said = runner.tool([str(tool), "-a", "-f", "-i", "-C", "-e", str(program), f"@{listed}"])
    listed.unlink()
    return dict(read_addr2line(said.stdout)) if said.ok else {}


def read_addr2line(text: str) -> Iterator[tuple[int, Stack]]:
    """The answers of `addr2line -a -f -i`: an address, then pairs of function and place."""
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if re.fullmatch(r"0x[0-9a-f]+", line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        answer = lines[start + 1 : end]
        frames = [_frame(*pair) for pair in zip(answer[::2], answer[1::2], strict=False)]
        if frames and frames[0].function != "??":
            yield int(lines[start], 16), tuple(reversed(frames))


def _frame(function: str, place: str) -> Frame:
    match = PLACE.match(place)
    if match is None or match["file"] == "??":
        return Frame(function)
    line = int(match["line"]) if match["line"].isdigit() else 0
    return Frame(function, match["file"], line or None)


def read_segments(program: Path) -> tuple[Segment, ...]:
    """The loadable segments of a 64-bit little-endian ELF file; empty for anything else."""
    try:
        with program.open("rb") as file:
            head = file.read(64)
            if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":
                return ()
            offset, size, count = (
                *struct.unpack_from("<Q", head, 32),
                *struct.unpack_from("<HH", head, 54),
            )
            file.seek(offset)
            table = file.read(size * count)
    except OSError:
        return ()
    entries = [struct.unpack_from("<IIQQQQ", table, n * size) for n in range(len(table) // size)]
    return tuple(
        Segment(offset=at, address=address, size=length)
        for kind, _, at, address, _, length in entries
        if kind == LOAD
    )


def address_of(offset: int, segments: Sequence[Segment]) -> int:
    """The address that a place in the file is linked to: what debugging information speaks of.

    GNU ld gives both the same value, lld does not.
    """
    for segment in segments:
        if segment.offset <= offset < segment.offset + segment.size:
            return offset - segment.offset + segment.address
    return offset


def above_main(stack: Stack) -> Stack:
    """The stack without what the C library does before `main`."""
    at = next((n for n, frame in enumerate(stack) if frame.function == "main"), 0)
    return stack[at:]
