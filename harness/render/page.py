"""The page that tables are written on: how wide it is, and whether it has colours; pure.

Whoever writes to a terminal says so once, around what is written: every table fits. Elsewhere (a
file, a pipe, a notebook) a page has no width, and nothing is left out.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextvars import ContextVar

from harness.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """What is written on."""

    width: int | None = None
    """In characters; None: as wide as is needed."""
    colour: bool = False


_ENDLESS = Page()
_PAGE: ContextVar[Page | None] = ContextVar("page", default=None)

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_COLOURS = {"green": "32", "red": "31", "yellow": "33", "dim": "2", "bold": "1"}


def page() -> Page:
    """The page that is written on now."""
    return _PAGE.get() or _ENDLESS


@contextlib.contextmanager
def written_on(paper: Page) -> Iterator[None]:
    """Write on that page until the end."""
    token = _PAGE.set(paper)
    try:
        yield
    finally:
        _PAGE.reset(token)


def painted(text: str, colour: str) -> str:
    """The text in a colour, where the page has any."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if page().colour and text else text


def uncoloured(text: str) -> str:
    """The text without its colours."""
    return _ESCAPE.sub("", text)


def width_of(text: str) -> int:
    """How many characters a text takes on the page: its longest line."""
    return max(map(len, uncoloured(text).split("\n")))
