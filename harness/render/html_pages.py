"""A document as one HTML page that needs nothing else: style, script and pictures within; pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from harness.render.documents import (
    Chapter,
    Commands,
    Document,
    Grid,
    Part,
    Picture,
    Points,
    TableCell,
    Verbatim,
    Words,
)
from harness.render.page_style import SCRIPT, STYLE
from harness.render.pictures import as_svg, themed

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""What the page may load: nothing. A name that slipped through as HTML could not call anywhere."""
PROSE_LETTERS = 48
"""A cell with more is a sentence, and may be broken into lines."""


def html_page(document: Document, made_by: str) -> str:
    """The whole page; every value in it is escaped."""
    title = escape(document.title)
    summary = "".join(f"<p>{escape(line)}</p>" for line in document.summary)
    sections = "".join(_section(number, s) for number, s in enumerate(document.shown, 1))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<link rel="icon" href="data:,">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n"
        f'<body>\n<main>\n<header>\n<h1>{title}</h1>\n<p class="about">'
        f'{escape(document.subtitle)}</p>\n<div class="summary">{summary}</div>\n</header>\n'
        f"{sections}\n<footer>{escape(made_by)}</footer>\n</main>\n"
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _section(number: int, section: Chapter) -> str:
    inner = []
    for pictures, run in groupby(section.parts, lambda part: isinstance(part, Picture)):
        made = "".join(_part(part) for part in run)
        inner.append(f'<div class="pictures">{made}</div>' if pictures else made)
    name = f"section-{number}"
    return (
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{escape(section.title)}</h2>\n'
        f"{''.join(inner)}</section>\n"
    )


def _part(part: Part) -> str:
    if isinstance(part, Words):
        return f"<p>{escape(part.text)}</p>\n"
    if isinstance(part, Points):
        return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in part.items)}</ul>\n"
    if isinstance(part, Commands | Verbatim):
        return f"<pre><code>{escape(chr(10).join(part.lines))}</code></pre>\n"
    return _table(part) if isinstance(part, Grid) else _picture(part)


def _picture(picture: Picture) -> str:
    svg = themed(as_svg(picture.drawing, picture.slug), picture.slug)
    alt = escape(picture.alt)
    drawn = svg.replace("<svg", f'<svg role="img" aria-label="{alt}"', 1)
    note = f"{alt} {escape(picture.note)}".strip()
    return (
        f"<figure>\n<figcaption><strong>{escape(picture.title)}</strong></figcaption>\n{drawn}\n"
        f'<p class="note">{note}</p>\n<details><summary>The figures of this picture</summary>'
        f"{_table(picture.content)}</details>\n</figure>\n"
    )


def _table(grid: Grid) -> str:
    numeric = grid.numeric
    heads = "".join(
        f'<th scope="col"{_class(number)}>{escape(head)}</th>'
        for head, number in zip(grid.heads, (False, *numeric[1:]), strict=True)
    )
    rows = "".join(_row(row, numeric) for row in grid.rows)
    # A region of its own, which the keyboard can scroll where it is wider than the page.
    return (
        f'<p class="caption">{escape(grid.caption)}</p>\n'
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(grid.caption)}">'
        f"<table>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>{rows}</tbody></table></div>\n"
    )


def _row(row: Sequence[TableCell], numeric: Sequence[bool]) -> str:
    made = []
    for at, (cell, number) in enumerate(zip(row, numeric, strict=True)):
        key = "" if cell.key is None else f' data-key="{cell.key!r}"'
        text = escape(cell.text)
        if at == 0:
            made.append(f'<th scope="row"{key}>{text}</th>')
        else:
            long = len(cell.text) > PROSE_LETTERS
            kind = ' class="prose"' if long else _class(number)
            made.append(f"<td{kind}{key}>{text}</td>")
    return f"<tr>{''.join(made)}</tr>\n"


def _class(number: bool) -> str:
    return ' class="number"' if number else ""
