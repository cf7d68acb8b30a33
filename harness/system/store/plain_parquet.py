"""Writes trials as Parquet with nothing but the standard library.

pyarrow writes such files too; importing it takes longer (110 ms, numpy with it) than all that
`harness run` does around a single trial, and by way of JSON text each row took 50 us. So a run's
own columns, of which there are seven kinds, are written from here, and whatever reads Parquet reads
them. Format: https://github.com/apache/parquet-format (its metadata are Thrift structs in the
compact protocol). A column of a row group is one data page (version 1) with a checksum, and before
it a dictionary where it has few values. Texts are compressed (gzip), numbers are not: readers of a
thousand runs would wait for that.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import Any, BinaryIO, NamedTuple

from harness.frozen import dataclass
from harness.system.store.rows import COLUMNS, NESTED, Column

MAGIC = b"PAR1"
_CREATED_BY = "optim-harness"
_MOST_DISTINCT = 256
"""A dictionary's indices are bytes."""

# Numbers of the format: physical types, repetitions, encodings, codecs, pages, converted types.
_BOOLEAN, _INT32, _INT64, _DOUBLE, _BYTE_ARRAY = 0, 1, 2, 5, 6
_REQUIRED, _OPTIONAL, _REPEATED = 0, 1, 2
_PLAIN, _RLE, _RLE_DICTIONARY = 0, 3, 8
_UNCOMPRESSED, _GZIP = 0, 2
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_UTF8, _MAP, _LIST = 0, 1, 3
_LOGICAL = {_UTF8: 1, _MAP: 2, _LIST: 3}
"""The same as a member of the union of logical types."""


# -- Thrift -------------------------------------------------------------------------------------

_I32, _I64, _BINARY, _LIST_OF, _STRUCT = 5, 6, 8, 9, 12


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _zigzag(number: int) -> bytes:
    return _varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _binary(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _text(words: str) -> bytes:
    return _binary(words.encode())


def _list_of(kind: int, items: Sequence[bytes]) -> bytes:
    size = len(items)
    head = bytes([size << 4 | kind]) if size < 15 else bytes([0xF0 | kind]) + _varint(size)
    return head + b"".join(items)


def _struct(*fields: tuple[int, int, bytes]) -> bytes:
    """Fields as (number, kind, content), in the order of their numbers; none is further than 15."""
    out, last = [], 0
    for number, kind, content in fields:
        out += [bytes([number - last << 4 | kind]), content]
        last = number
    return b"".join(out) + b"\0"


def _i32(number: int, value: int) -> tuple[int, int, bytes]:
    return number, _I32, _zigzag(value)


def _i64(number: int, value: int) -> tuple[int, int, bytes]:
    return number, _I64, _zigzag(value)


# -- what a column is -----------------------------------------------------------------------------

_PHYSICAL = {
    "string": _BYTE_ARRAY,
    "bool": _BOOLEAN,
    "int32": _INT32,
    "int64": _INT64,
    "float64": _DOUBLE,
}


@dataclass(frozen=True, slots=True)
class _Leaf:
    """What is stored in pages: a column, or a field of a nested one."""

    path: tuple[str, ...]
    kind: str
    most_defined: int = 1
    """How many of the things on the way to a value, and it itself, may be missing or repeated."""
    nested: bool = False

    @property
    def physical(self) -> int:
        return _PHYSICAL[self.kind]

    @property
    def codec(self) -> int:
        return _GZIP if self.kind == "string" else _UNCOMPRESSED


class _Cells(NamedTuple):
    """The cells of a leaf in a row group."""

    values: Sequence[Any]
    """Those that there are."""
    defined: Sequence[int]
    """How far down the way to each is there; `most_defined` where there is a value."""
    goes_on: Sequence[int] = ()
    """1 where it belongs to the list of the one before it, for nested leaves."""


def _leaves(column: Column) -> Iterator[_Leaf]:
    if column.kind in NESTED:
        for name, kind in NESTED[column.kind].items():
            yield _Leaf((column.name, "list", "element", name), kind, 4, nested=True)
    elif column.kind == "figures":
        yield _Leaf((column.name, "key_value", "key"), "string", 2, nested=True)
        yield _Leaf((column.name, "key_value", "value"), "float64", 3, nested=True)
    else:
        yield _Leaf((column.name,), column.kind)


def _cells(column: Column, values: Sequence[Any]) -> Iterator[_Cells]:
    """The cells of the leaves of a column, in their order."""
    if column.kind in (*NESTED, "figures") and not any(values):  # as of most runs
        for _ in _leaves(column):
            yield _Cells((), b"\1" * len(values), bytes(len(values)))
    elif column.kind in NESTED:
        for name in NESTED[column.kind]:
            yield _of_field([[item[name] for item in items] for items in values])
    elif column.kind == "figures":
        yield _flattened([list(figures) for figures in values], 2)
        yield _flattened([list(figures.values()) for figures in values], 3)
    elif None in values:
        there = [value for value in values if value is not None]
        yield _Cells(there, [int(value is not None) for value in values])
    else:
        yield _Cells(values, b"\1" * len(values))


_NO_STRUCT = object()


def _of_field(lists: Sequence[Sequence[Any]]) -> _Cells:
    """A field of the structs in lists, which may be null in some of them."""
    found = _flattened(lists, 4)
    if None not in found.values:
        return found
    # A struct is there though its field is not.
    levels = [
        1 if value is _NO_STRUCT else 3 if value is None else 4
        for values in lists
        for value in (values or (_NO_STRUCT,))
    ]
    return _Cells([v for v in found.values if v is not None], levels, found.goes_on)


def _flattened(lists: Sequence[Sequence[Any]], most_defined: int) -> _Cells:
    """Lists, which are never missing and hold no nulls, as one sequence of cells."""
    defined = chain.from_iterable([most_defined] * len(each) or [1] for each in lists)
    goes_on = chain.from_iterable([0] + [1] * (len(each) - 1) for each in lists)
    return _Cells([*chain.from_iterable(lists)], [*defined], [*goes_on])


# -- the schema -----------------------------------------------------------------------------------


def _element(
    name: str, physical: int | None, repetition: int | None, children: int = 0, means: int = -1
) -> bytes:
    fields = [] if physical is None else [_i32(1, physical)]
    fields += [] if repetition is None else [_i32(3, repetition)]
    fields += [(4, _BINARY, _text(name))]
    fields += [_i32(5, children)] if children else []
    if means >= 0:
        union = _struct((_LOGICAL[means], _STRUCT, _struct()))
        fields += [_i32(6, means), (10, _STRUCT, union)]
    return _struct(*fields)


def _value_element(name: str, kind: str, repetition: int = _OPTIONAL) -> bytes:
    return _element(name, _PHYSICAL[kind], repetition, means=_UTF8 if kind == "string" else -1)


def _elements(column: Column) -> list[bytes]:
    if column.kind in NESTED:
        fields = NESTED[column.kind]
        return [
            _element(column.name, None, _OPTIONAL, 1, _LIST),
            _element("list", None, _REPEATED, 1),
            _element("element", None, _OPTIONAL, len(fields)),
            *(_value_element(name, kind) for name, kind in fields.items()),
        ]
    if column.kind == "figures":
        return [
            _element(column.name, None, _OPTIONAL, 1, _MAP),
            _element("key_value", None, _REPEATED, 2),
            _value_element("key", "string", _REQUIRED),
            _value_element("value", "float64"),
        ]
    return [_value_element(column.name, column.kind)]


# -- pages ----------------------------------------------------------------------------------------


def _runs(levels: Sequence[int]) -> bytes:
    """Levels up to 255 in runs of equal ones."""
    if levels and levels.count(levels[0]) == len(levels):
        return _varint(len(levels) << 1) + bytes([levels[0]])
    return b"".join(
        _varint(sum(1 for _ in run) << 1) + bytes([level]) for level, run in groupby(levels)
    )


def _with_length(content: bytes) -> bytes:
    return struct.pack("<I", len(content)) + content


def _plain(kind: str, values: Sequence[Any]) -> bytes:
    if kind == "string":
        encoded = [value.encode() for value in values]
        return b"".join(chain.from_iterable((struct.pack("<I", len(e)), e) for e in encoded))
    if kind == "bool":
        bits = sum(1 << at for at, value in enumerate(values) if value)
        return bits.to_bytes((len(values) + 7) // 8, "little")
    letter = {"int32": "i", "int64": "q", "float64": "d"}[kind]
    return struct.pack(f"<{len(values)}{letter}", *values)


def _indices(values: Sequence[Any], distinct: Mapping[Any, int]) -> bytes:
    """The places of values in the dictionary, a byte each; or one run, where there is one place."""
    if len(distinct) == 1:
        return b"\x08" + _varint(len(values) << 1) + b"\0"
    groups = (len(values) + 7) // 8
    packed = bytes(map(distinct.__getitem__, values)).ljust(8 * groups, b"\0")
    return b"\x08" + _varint(groups << 1 | 1) + packed


class _Written(NamedTuple):
    """What has been written of a page."""

    bytes: int
    uncompressed_bytes: int


def _write_page(
    file: BinaryIO, codec: int, kind: int, content: bytes, head: tuple[int, int, bytes]
) -> _Written:
    """A page with its header; `head` is the part of it that pages of its kind have."""
    stored = _gzip(content) if codec == _GZIP else content
    crc = zlib.crc32(stored)
    signed = crc - (1 << 32) if crc >> 31 else crc
    header = _struct(
        _i32(1, kind), _i32(2, len(content)), _i32(3, len(stored)), _i32(4, signed), head
    )
    file.write(header + stored)
    return _Written(len(header) + len(stored), len(header) + len(content))


def _gzip(content: bytes) -> bytes:
    compressor = zlib.compressobj(1, wbits=31)
    return compressor.compress(content) + compressor.flush()


def _write_chunk(file: BinaryIO, leaf: _Leaf, cells: _Cells) -> tuple[bytes, _Written]:
    """A leaf's pages of a row group; returns what the footer says of them, and their sizes."""
    begins = file.tell()
    distinct = _dictionary_of(leaf, cells.values)
    pages: list[_Written] = []
    if distinct:
        head = _struct(_i32(1, len(distinct)), _i32(2, _PLAIN))
        content = _plain(leaf.kind, list(distinct))
        pages.append(_write_page(file, leaf.codec, _DICTIONARY_PAGE, content, (7, _STRUCT, head)))
    of_data = file.tell()
    levels = _with_length(_runs(cells.goes_on)) if leaf.nested else b""
    levels += _with_length(_runs(cells.defined))
    values = _indices(cells.values, distinct) if distinct else _plain(leaf.kind, cells.values)
    encoding = _RLE_DICTIONARY if distinct else _PLAIN
    count = len(cells.defined)
    head = _struct(_i32(1, count), _i32(2, encoding), _i32(3, _RLE), _i32(4, _RLE))
    pages.append(_write_page(file, leaf.codec, _DATA_PAGE, levels + values, (5, _STRUCT, head)))
    whole = _Written(sum(p.bytes for p in pages), sum(p.uncompressed_bytes for p in pages))
    encodings = sorted({_PLAIN, _RLE, encoding})
    facts = _struct(
        _i32(1, leaf.physical),
        (2, _LIST_OF, _list_of(_I32, [_zigzag(each) for each in encodings])),
        (3, _LIST_OF, _list_of(_BINARY, [_text(name) for name in leaf.path])),
        _i32(4, leaf.codec),
        _i64(5, count),
        _i64(6, whole.uncompressed_bytes),
        _i64(7, whole.bytes),
        _i64(9, of_data),
        *([_i64(11, begins)] if distinct else []),
    )
    return _struct(_i64(2, begins), (3, _STRUCT, facts)), whole


def _dictionary_of(leaf: _Leaf, values: Sequence[Any]) -> dict[Any, int]:
    """Each value with its place, where there are few that come often; else nothing."""
    if leaf.kind in ("bool", "float64"):  # True is 1 to a dictionary, and -0.0 is 0.0
        return {}
    distinct = dict.fromkeys(values)
    if len(distinct) > _MOST_DISTINCT or 2 * len(distinct) > len(values):
        return {}
    return {value: at for at, value in enumerate(distinct)}


# -- the file -------------------------------------------------------------------------------------


def write_plain(
    file: BinaryIO,
    groups: Iterable[Mapping[str, Sequence[Any]]],
    metadata: Mapping[bytes, bytes],
) -> None:
    """Write a whole file: a row group for each set of columns, which has all of `COLUMNS`."""
    file.write(MAGIC)
    row_groups, total = [], 0
    for columns in groups:
        rows = len(columns[COLUMNS[0].name])
        if rows:
            row_groups.append(_write_group(file, columns, rows))
            total += rows
        del columns  # before the next ones are made
    root = _element("schema", None, None, len(COLUMNS))
    elements = [root, *chain.from_iterable(map(_elements, COLUMNS))]
    pairs = [
        _struct((1, _BINARY, _binary(key)), (2, _BINARY, _binary(value)))
        for key, value in metadata.items()
    ]
    footer = _struct(
        _i32(1, 2),
        (2, _LIST_OF, _list_of(_STRUCT, elements)),
        _i64(3, total),
        (4, _LIST_OF, _list_of(_STRUCT, row_groups)),
        (5, _LIST_OF, _list_of(_STRUCT, pairs)),
        (6, _BINARY, _text(_CREATED_BY)),
    )
    file.write(footer + struct.pack("<I", len(footer)) + MAGIC)


def _write_group(file: BinaryIO, columns: Mapping[str, Sequence[Any]], rows: int) -> bytes:
    chunks, size = [], 0
    for column in COLUMNS:
        leaves = zip(_leaves(column), _cells(column, columns[column.name]), strict=True)
        for leaf, cells in leaves:
            chunk, written = _write_chunk(file, leaf, cells)
            chunks.append(chunk)
            size += written.uncompressed_bytes
    return _struct((1, _LIST_OF, _list_of(_STRUCT, chunks)), _i64(2, size), _i64(3, rows))
