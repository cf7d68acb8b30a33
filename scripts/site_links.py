"""A hook of the site: links to files outside of docs/ become the paths that they name.

The pages are read in the repository too, where such links work; the site has only the pages.
"""

from __future__ import annotations

import re
from typing import Any

_OUTSIDE = re.compile(r"\[(?P<words>[^\]]+)\]\(\.\./(?P<path>[^)#\s]+)[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page without links that lead out of the site, as mkdocs asks for it."""
    return _OUTSIDE.sub(_named, markdown)


def _named(link: re.Match[str]) -> str:
    words, path = link["words"], link["path"]
    return words if path in words else f"{words} (`{path}`)"
