"""What a page for colleagues is made of, before it becomes HTML, Markdown or files; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from harness.frozen import dataclass
from harness.render.drawings import Drawing


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Commands:
    """What to type, a line each."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """What a compiler or a program said, line by line."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell of a table: what it shows, and the number that it is sorted by."""

    text: str
    key: float | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: a caption, the heads of its columns, and rows whose first cell names the row."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[TableCell, ...], ...]

    @classmethod
    def of(
        cls, caption: str, heads: Sequence[str], rows: Sequence[Sequence[TableCell | str | int]]
    ) -> Grid:
        """A table of cells and texts; a whole number is sorted by what it is."""
        made = tuple(tuple(_cell(cell) for cell in row) for row in rows)
        return cls(caption, tuple(heads), made)

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column: do its cells stand for numbers?"""
        columns = range(len(self.heads))
        return tuple(any(row[at].key is not None for row in self.rows) for at in columns)


def _cell(value: TableCell | str | int) -> TableCell:
    if isinstance(value, TableCell):
        return value
    return TableCell(str(value), value if isinstance(value, int) else None)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with all that stands in its place for who does not see it."""

    slug: str
    """Its name among the page's pictures, and that of its files."""
    title: str
    alt: str
    """What it shows, in a sentence or two, with the figures that matter."""
    drawing: Drawing
    content: Grid
    """The drawing's figures as a table."""
    note: str = ""
    """What a reader of the drawing must know: what is left out, how it is to be read."""


Part: TypeAlias = Words | Points | Commands | Verbatim | Grid | Picture


@dataclass(frozen=True, slots=True)
class Chapter:
    """A headed part of a page; one without parts is not shown."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A page: what it is about, the answer in sentences, and everything below it."""

    title: str
    subtitle: str
    summary: tuple[str, ...]
    sections: tuple[Chapter, ...]

    @property
    def shown(self) -> tuple[Chapter, ...]:
        """The sections that have something in them."""
        return tuple(section for section in self.sections if section.parts)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All pictures, in their order."""
        every = (part for section in self.sections for part in section.parts)
        return tuple(part for part in every if isinstance(part, Picture))

    def without_pictures(self) -> Document:
        """The same page with the figures of every picture in its place."""
        sections = (
            replace(section, parts=tuple(map(_undrawn, section.parts))) for section in self.sections
        )
        return replace(self, sections=tuple(sections))


def _undrawn(part: Part) -> Part:
    return part.content if isinstance(part, Picture) else part
