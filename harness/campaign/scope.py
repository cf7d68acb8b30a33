"""What of a repository is a campaign's own, so that edits elsewhere in it are not; pure."""

from __future__ import annotations

from collections.abc import Iterable


def in_scope(path: str, scope: Iterable[str]) -> bool:
    """Does a path, relative to the repository's top, lie in or below one of these? In an empty
    scope, which is the whole repository, every path lies."""
    folders = tuple(scope)
    return not folders or any(path == f or path.startswith(f"{f}/") for f in folders)


def touched(paths: Iterable[str], scope: Iterable[str]) -> tuple[str, ...]:
    """Those parts of a scope that some of the paths lie in."""
    known = tuple(paths)
    return tuple(part for part in scope if any(in_scope(path, (part,)) for path in known))
