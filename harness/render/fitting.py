"""Makes a table fit its page: short forms first, then columns are left out, then it folds; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.frozen import dataclass
from harness.render.page import width_of

GAP = 2
"""The characters between two columns."""
_BEYOND = 2
"""How much wider than its header a column is at least, as tables are laid out."""
_SHORTEST = 12
"""No name is cut below this."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table, with what may become of it where the page is narrow."""

    name: str
    cells: tuple[str, ...]
    short: tuple[str, ...] = ()
    """The cells in fewer characters; empty: there is no such form."""
    rank: int = 0
    """The higher, the earlier it is shortened and left out; 0 stays whatever happens."""
    called: str = ""
    """What it is called where it is left out; empty: its name."""

    @property
    def width(self) -> int:
        return max(width_of(self.name) + _BEYOND, *(width_of(cell) for cell in self.cells), 0)

    def shortened(self) -> TableColumn:
        return replace(self, cells=self.short, short=())


@dataclass(frozen=True, slots=True)
class Fitted:
    """The columns that a page has room for, and the names of those that it has none for."""

    columns: tuple[TableColumn, ...]
    left_out: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return _width(self.columns)


def fit_to(columns: Sequence[TableColumn], width: int | None) -> Fitted:
    """The columns on a page of that width; columns without a word are left out anywhere."""
    kept = [column for column in columns if not column.rank or _says_something(column)]
    left_out: list[str] = []
    while width is not None and _width(kept) > width:
        at = _to_shorten(kept)
        if at is not None:
            kept[at] = kept[at].shortened()
            continue
        at = _to_leave_out(kept)
        if at is None:
            break
        gone = kept.pop(at)
        left_out.append(gone.called or gone.name)
    if width is not None and _width(kept) > width:
        kept = _cut(kept, _width(kept) - width)
    return Fitted(tuple(kept), tuple(reversed(left_out)))


def folded(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Every row as lines of its own, `header: value`, for pages that no column may be left out of.

    A value that does not fit goes on below, broken between words.
    """
    names = [header or "" for header in headers]
    margin = max((len(name) for name in names), default=0) + GAP
    blocks = []
    for row in rows:
        lines: list[str] = []
        for name, cell in zip(names, row, strict=True):
            if cell.strip():
                lines += _hanging(name, cell, margin, width)
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _hanging(name: str, cell: str, margin: int, width: int) -> list[str]:
    room, lines, line = max(width - margin, _SHORTEST), [], ""
    for word in cell.split(" "):
        longer = f"{line} {word}" if line else word
        if line and width_of(longer) > room:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    return [(name if at == 0 else "").ljust(margin) + text for at, text in enumerate(lines)]


def _says_something(column: TableColumn) -> bool:
    return any(cell.strip() not in ("", "-") for cell in column.cells)


def _width(columns: Sequence[TableColumn]) -> int:
    return sum(column.width for column in columns) + GAP * max(len(columns) - 1, 0)


def _to_shorten(columns: Sequence[TableColumn]) -> int | None:
    able = [at for at, column in enumerate(columns) if column.short]
    return max(able, key=lambda at: (columns[at].rank, at), default=None)


def _to_leave_out(columns: Sequence[TableColumn]) -> int | None:
    able = [at for at, column in enumerate(columns) if column.rank]
    return max(able, key=lambda at: (columns[at].rank, at), default=None)


def _cut(columns: list[TableColumn], excess: int) -> list[TableColumn]:
    """The widest column with its longest cells cut in the middle: both ends of a name tell it."""
    at = max(range(len(columns)), key=lambda each: columns[each].width)
    room = max(columns[at].width - excess, _SHORTEST)
    cells = tuple(cut_to(cell, room) for cell in columns[at].cells)
    return [*columns[:at], replace(columns[at], cells=cells), *columns[at + 1 :]]


def cut_to(text: str, room: int) -> str:
    """The text in at most `room` characters, its middle left out."""
    if width_of(text) <= room:
        return text
    head = room // 2
    return f"{text[:head]}…{text[len(text) - (room - 1 - head) :]}"
