"""A document as Markdown for a pull request: sentences, and tables for its pictures; pure."""

from __future__ import annotations

import re

from harness.render.documents import (
    Chapter,
    Commands,
    Document,
    Grid,
    Part,
    Picture,
    Points,
    Verbatim,
    Words,
)
from harness.render.tables import layout

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#&])")
_FENCE = re.compile(r"`+")


def markdown_page(document: Document, made_by: str) -> str:
    """The whole page; what Markdown or HTML would take for its own in a value is escaped."""
    lines = [f"## {as_it_is(document.title)}", as_it_is(document.subtitle)]
    lines += [as_it_is(sentence) for sentence in document.summary]
    lines += [_section(section) for section in document.shown]
    return "\n\n".join([*lines, f"<sub>{as_it_is(made_by)}</sub>"]) + "\n"


def as_it_is(text: str) -> str:
    """A text in one line that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _section(section: Chapter) -> str:
    return "\n\n".join([f"### {as_it_is(section.title)}", *map(_part, section.parts)])


def _part(part: Part) -> str:
    if isinstance(part, Words):
        return as_it_is(part.text)
    if isinstance(part, Points):
        return "\n".join(f"- {as_it_is(item)}" for item in part.items)
    if isinstance(part, Commands):
        return fenced("\n".join(part.lines), "console")
    if isinstance(part, Verbatim):
        return fenced("\n".join(part.lines), "text")
    if isinstance(part, Picture):
        note = as_it_is(f"{part.alt} {part.note}".strip())
        title = as_it_is(part.title)
        return (
            f"<details><summary>{title}</summary>\n\n{note}\n\n{_table(part.content)}\n</details>"
        )
    return f"{_table(part)}\n"


def _table(grid: Grid) -> str:
    rows = [[as_it_is(cell.text) or " " for cell in row] for row in grid.rows]
    return (
        f"{as_it_is(grid.caption)}\n\n{layout([as_it_is(h) for h in grid.heads], rows, 'github')}"
    )


def fenced(text: str, language: str) -> str:
    """Text in a fence that is longer than any within."""
    longest = max((len(ticks) for ticks in _FENCE.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
