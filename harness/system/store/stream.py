"""`trials.stream`: the trials of a run that goes on, in frames that are whole or found not to be.

The file is eight bytes of magic and then frames, each twelve bytes and a payload (msgpack)::

    length of the payload    uint32, little-endian
    CRC-32 of the payload    uint32
    CRC-32 of these two      uint32, begun with the frame's number and the heading's CRC

The first frame is the heading: version of the schema, columns. Every further one is a trial, its
cells in the order of the columns. So a flipped bit is found wherever it is, and a frame that was
left out, doubled, moved, or taken from another file as well. A last frame of which the end is
missing was torn when its writer was killed: it never counted.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import msgspec

from harness.frozen import dataclass
from harness.system.store.files import open_kept, open_to_append
from harness.system.store.rows import (
    COLUMNS,
    NAMES,
    SCHEMA_VERSION,
    Row,
    cells_type,
    check_version,
    checked_row,
    column_type,
    empty_cell,
    unknown_names,
)

MAGIC = b"HTRIALS\x01"
_NOTHING_MORE: Mapping[str, Any] = {}
UNKNOWN = "any"
"""The kind of a column that is kept for whoever knows it."""
_HEADER = struct.Struct("<III")
_TWO = struct.Struct("<II")


class BrokenStream(Exception):
    """What does not fit about a stream, in words."""


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """The first frame."""

    schema_version: int
    run: str
    columns: list[tuple[str, str]]
    """Name and kind of each, in the order of a row's cells."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the columns that this version does not know."""
        return tuple(name for name in self.names if name not in NAMES)

    @classmethod
    def of(cls, run: str, unknown: Sequence[str] = ()) -> Heading:
        """That of a stream which is begun now, with columns that this version does not know."""
        columns = [(column.name, column.kind) for column in COLUMNS]
        columns += [(name, UNKNOWN) for name in unknown]
        return cls(schema_version=SCHEMA_VERSION, run=run, columns=columns)


def _frame(payload: bytes, number: int, seed: int) -> bytes:
    two = _TWO.pack(len(payload), crc32(payload))
    return two + crc32(two, _begun(number, seed)).to_bytes(4, "little") + payload


def _begun(number: int, seed: int) -> int:
    return crc32(number.to_bytes(8, "little"), seed)


@dataclass(frozen=True, slots=True)
class StreamFrame:
    """A whole frame that was read."""

    payload: bytes
    end: int
    """Where the next one begins in the file."""
    seed: int
    """The CRC of the heading's payload, with which the CRCs of all further frames begin."""


def read_frames(file: BinaryIO) -> Iterator[StreamFrame]:
    """The whole frames of a stream, the heading first; BrokenStream where a byte was changed."""
    if file.read(len(MAGIC)) != MAGIC:
        raise BrokenStream("it does not begin as a stream of trials does")
    number, seed, end = 0, 0, len(MAGIC)
    while len(header := file.read(_HEADER.size)) == _HEADER.size:
        length, of_payload, of_two = _HEADER.unpack(header)
        if crc32(header[:8], _begun(number, seed)) != of_two:
            if number and _is_zeros(header, file):
                return  # the file had grown, and its bytes had not come, when the machine went down
            raise BrokenStream(f"frame {number} does not give its checksum: it was changed")
        payload = file.read(length)
        if len(payload) < length:
            break
        if crc32(payload) != of_payload:
            raise BrokenStream(f"frame {number} does not give its checksum: it was changed")
        seed = seed if number else of_payload
        number, end = number + 1, end + _HEADER.size + length
        yield StreamFrame(payload, end, seed)
    if number == 0:
        raise BrokenStream("its heading is cut off")


def _is_zeros(header: bytes, file: BinaryIO) -> bool:
    if header.strip(b"\0"):
        return False
    return not any(block.strip(b"\0") for block in iter(lambda: file.read(1 << 16), b""))


def read_rows(path: Path) -> Iterator[Row]:
    """The trials of a stream, one at a time, as this version of the schema has them.

    Raises BrokenStream where a byte was changed, NewerSchema where a newer harness wrote it,
    OSError where it cannot be read.
    """
    with open_kept(path) as file:
        frames = read_frames(file)
        heading = _heading(next(frames).payload)
        yield from _decode(frames, heading)


def _heading(payload: bytes) -> Heading:
    try:
        heading = msgspec.msgpack.decode(payload, type=Heading)
    except (msgspec.MsgspecError, ValueError) as problem:
        raise BrokenStream(f"its heading: {problem}") from None
    check_version(heading.schema_version)
    return heading


def _decode(frames: Iterator[StreamFrame], heading: Heading) -> Iterator[Row]:
    names = heading.names
    ours = names == NAMES
    decoder = msgspec.msgpack.Decoder(cells_type() if ours else list[Any])
    for number, frame in enumerate(frames, 1):
        try:
            row = dict(zip(names, decoder.decode(frame.payload), strict=True))
            yield row if ours else checked_row(row)
        except (msgspec.MsgspecError, ValueError) as problem:
            raise BrokenStream(f"frame {number}: {problem}") from None


def read_columns(path: Path, wanted: Sequence[str] | None = None) -> dict[str, list[Any]]:
    """Columns of a stream as lists; every frame is held against its checksum, other cells are not
    decoded. None: all columns. One that the stream lacks has its default.

    Raises what `read_rows` raises.
    """
    with open_kept(path) as file:
        frames = read_frames(file)
        heading = _heading(next(frames).payload)
        types = {column.name: column_type(column) for column in COLUMNS}
        kinds = (
            types.get(name, Any) if wanted is None or name in wanted else msgspec.Raw
            for name in heading.names
        )
        decoder = msgspec.msgpack.Decoder(tuple[tuple(kinds)])  # type: ignore[misc]
        rows: list[Any] = []
        for number, frame in enumerate(frames, 1):
            try:
                rows.append(decoder.decode(frame.payload))
            except (msgspec.MsgspecError, ValueError) as problem:
                raise BrokenStream(f"frame {number}: {problem}") from None
    return _columns_of(rows, heading.names, wanted)


def _columns_of(
    rows: Sequence[Sequence[Any]], names: Sequence[str], wanted: Sequence[str] | None
) -> dict[str, list[Any]]:
    lacking = {column.name: column for column in COLUMNS if column.name not in names}
    try:
        empty = {name: empty_cell(column) for name, column in lacking.items()}
    except ValueError as problem:
        raise BrokenStream(str(problem)) from None
    places = {name: at for at, name in enumerate(names)}
    found = {}
    for name in dict.fromkeys((*NAMES, *names)):
        if wanted is not None and name not in wanted:
            continue
        at = places.get(name)
        found[name] = [empty[name]] * len(rows) if at is None else [row[at] for row in rows]
    return found


class StreamWriter:
    """Appends trials to a stream; each is the kernel's before `append` returns."""

    def __init__(self, path: Path, run: str, unknown: Sequence[str] = ()) -> None:
        """Go on with the stream at `path`, whose torn end is cut off, or begin one there.

        One that is begun has the `unknown` columns too, one that goes on those that it has.
        """
        self._encoder = msgspec.msgpack.Encoder(enc_hook=str)
        self._plain = msgspec.msgpack.Encoder()
        self._reader = msgspec.msgpack.Decoder(cells_type())
        self.unknown = tuple(unknown)
        self._file = open_to_append(path)
        try:
            if os.fstat(self._file).st_size == 0:
                self._begin(run)
            else:
                self._go_on(path)
        except BaseException:
            os.close(self._file)
            raise

    def _begin(self, run: str) -> None:
        payload = self._encoder.encode(Heading.of(run, self.unknown))
        self._end, self._number, self._seed = 0, 1, crc32(payload)
        self._write(MAGIC + _frame(payload, 0, 0))

    def _go_on(self, path: Path) -> None:
        with open_kept(path) as file:
            for number, frame in enumerate(read_frames(file), 1):
                if number == 1:
                    self.unknown = _heading(frame.payload).unknown
                self._number, last = number, frame
        self._end, self._seed = last.end, last.seed
        os.ftruncate(self._file, self._end)

    def append(self, row: Mapping[str, Any]) -> None:
        """Store one trial; raises what `append_cells` raises."""
        self.append_cells([row[name] for name in NAMES], row)

    def append_cells(self, cells: Sequence[Any], more: Mapping[str, Any] = _NOTHING_MORE) -> None:
        """Store one trial by its cells; `more` has those of columns that are not known.

        Raises msgspec.ValidationError for cells that no reader would accept, and OSError where the
        disk is full; the stream is then what it was before.
        """
        try:
            payload = self._plain.encode(cells)
        except (TypeError, OverflowError) as problem:
            raise msgspec.ValidationError(str(problem)) from None
        # By reading it, and not by `convert`, which takes the type apart anew for every row.
        self._reader.decode(payload)
        if self.unknown:
            payload = self._encoder.encode([*cells, *(more.get(name) for name in self.unknown)])
        self._write(_frame(payload, self._number, self._seed))
        self._number += 1

    def _write(self, content: bytes) -> None:
        end = self._end
        try:
            while content:
                written = os.pwrite(self._file, content, end)
                content, end = content[written:], end + written
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        self._end = end

    @property
    def closed(self) -> bool:
        return self._file < 0

    def close(self) -> None:
        """Close the file; may be called again."""
        if self._file >= 0:
            file, self._file = self._file, -1
            os.close(file)


def can_go_on(path: Path) -> bool:
    """Is there a stream that begins with this version's columns?

    Raises BrokenStream where its heading is broken, NewerSchema where it is of a newer harness.
    """
    return path.exists() and read_heading(path).names[: len(NAMES)] == NAMES


def read_heading(path: Path) -> Heading:
    """The columns of a stream; BrokenStream or NewerSchema where they cannot be understood."""
    with open_kept(path) as file:
        return _heading(next(read_frames(file)).payload)


def write_stream(path: Path, run: str, rows: Sequence[Row] = ()) -> None:
    """A whole new stream, flushed to the disk."""
    writer = StreamWriter(path, run, unknown_names(rows))
    try:
        for row in rows:
            writer.append(row)
        os.fsync(writer._file)
    finally:
        writer.close()
