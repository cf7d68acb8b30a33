"""A page as a file, and its pictures as files of a folder."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import ExitCode, UsageError
from harness.frozen import dataclass
from harness.render.documents import Document, Picture
from harness.render.html_pages import html_page
from harness.render.markdown_pages import markdown_page
from harness.render.pictures import (
    NO_MATPLOTLIB,
    as_png,
    as_svg,
    demand_matplotlib,
    has_matplotlib,
)
from harness.system.store.files import storage_errors, write_atomically

PAGE_FORMATS = ("html", "md")
PICTURES = (".svg", ".png")


def format_of(path: Path | None, named: str | None) -> str:
    """How a page is written: as it is named, else as its file's suffix says, else HTML.

    UsageError where neither is known.
    """
    if named is not None:
        if named not in PAGE_FORMATS:
            raise UsageError(f"format: want one of {', '.join(PAGE_FORMATS)}, got {named!r}")
        return named
    if path is None or path.suffix.lower() in (".html", ".htm"):
        return "html"
    if path.suffix.lower() in (".md", ".markdown"):
        return "md"
    raise UsageError(
        f"a report is HTML or Markdown: {path}",
        hint="End its name with .html or .md.",
    )


@dataclass(frozen=True, slots=True, repr=False)
class PageResult:
    """A page, and the files that were written of it."""

    document: Document
    made_by: str
    written: tuple[Path, ...] = ()
    note: str = ""
    """What it is of, and how to get the other, where neither a run nor a campaign was named."""

    @property
    def exit_code(self) -> ExitCode:
        """What `harness report` answers its shell: a page that cannot be made is an error."""
        return ExitCode.FINE

    @property
    def ok(self) -> bool:
        return True

    def html(self) -> str:
        """The whole page as HTML; its pictures' figures alone where `undrawn` says so."""
        lacks = undrawn(self.document, "html")
        document = self.document.without_pictures() if lacks else self.document
        return html_page(document, self.made_by)

    def markdown(self) -> str:
        """The page as Markdown: sentences and tables."""
        return markdown_page(self.document, self.made_by)

    def to_dict(self) -> dict[str, Any]:
        """The `result` of `harness report --json`."""
        return {
            "title": self.document.title,
            "summary": list(self.document.summary),
            "sections": [section.title for section in self.document.shown],
            "pictures": [picture.slug for picture in self.document.pictures],
            "written": [str(path) for path in self.written],
            **({"note": self.note} if self.note else {}),
        }

    def __str__(self) -> str:
        note = (self.note,) if self.note else ()
        return "\n".join((self.document.title, *note, "", *self.document.summary))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.html()


def undrawn(document: Document, style: str) -> str:
    """What a page lacks, and why, where it has the figures of its pictures alone; else empty."""
    if style != "html" or not document.pictures or has_matplotlib():
        return ""
    return f"has no pictures: {NO_MATPLOTLIB}"


def write_page(result: PageResult, path: Path, style: str) -> Path:
    """Write the whole page at once, or leave what was there."""
    _demand_folder(path)
    text = result.html() if style == "html" else result.markdown()
    with storage_errors(path):
        write_atomically(path, text.encode("utf-8", "backslashreplace"))
    return path


def write_pictures(document: Document, folder: Path) -> Sequence[Path]:
    """Write every picture as PNG and as SVG into a folder; UsageError where there is none."""
    demand_matplotlib()
    if not document.pictures:
        raise UsageError("there is no picture to write: no trial ended well")
    written = []
    with storage_errors(folder):
        _demand_folder(folder)
        folder.mkdir(exist_ok=True)
        for picture in document.pictures:
            for suffix in PICTURES:
                path = folder / f"{picture.slug}{suffix}"
                write_picture(picture, path)
                written.append(path)
    return written


def write_picture(picture: Picture, path: Path) -> None:
    """Write one picture, as the file's suffix says."""
    is_svg = path.suffix.lower() == ".svg"
    content = as_svg(picture.drawing, picture.slug).encode() if is_svg else as_png(picture.drawing)
    with storage_errors(path):
        write_atomically(path, content)


def _demand_folder(path: Path) -> None:
    """UsageError where what is to hold it is no folder: a slip of the pen makes none."""
    if not path.parent.is_dir():
        raise UsageError(
            f"{path}: there is no folder {path.parent}",
            hint=f"mkdir -p {shlex.quote(str(path.parent))}",
        )
