"""Which of a program's own files it is made of, so that its identity changes when they do."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


def reached_files(sources: Sequence[Path], search: Sequence[Path]) -> set[Path]:
    """The sources, what they import from the folders `search`, and so on.

    Imports that are computed when the program runs cannot be seen. A file that does not parse
    counts without its imports: the interpreter's own check will name the error.
    """
    waiting = [path.absolute() for path in sources]
    found = set(waiting)
    while waiting:
        path = waiting.pop()
        for imported in _imported(path, search):
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    return found


def files_beside(sources: Sequence[Path]) -> set[Path]:
    """The Python files in the sources' folders: one of them may be what an import computes."""
    beside = {path.absolute() for source in sources for path in source.parent.glob("*.py")}
    return {path for path in beside if path.is_file()}


def module_file(name: str, search: Sequence[Path]) -> Path | None:
    """The file that `python -m name` starts, if it lies in one of the folders `search`."""
    for folder in search:
        place = folder.joinpath(*name.split("."))
        for candidate in (place / "__main__.py", place.with_name(place.name + ".py")):
            if candidate.is_file():
                return candidate.absolute()
    return None


def _imported(path: Path, search: Sequence[Path]) -> Iterator[Path]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(alias.name.split("."), search)
        elif isinstance(node, ast.ImportFrom):
            folders: Sequence[Path] = search
            if node.level:
                folders = [path.parents[node.level - 1]] if node.level <= len(path.parents) else []
            words = node.module.split(".") if node.module else []
            for alias in node.names:
                yield from _files([*words, alias.name], folders)


def imported_elsewhere(path: Path, search: Sequence[Path]) -> Iterator[str]:
    """The import statements that a file executes when it is loaded, of what is not its own.

    Each is one name, as `import a.b` or `from a import b`. Those within functions are left out,
    as it is not known whether they are executed.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in _executed(tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if not any(_files(alias.name.split("."), search)):
                    yield f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                words = [*node.module.split("."), alias.name]
                if node.module != "__future__" and not any(_files(words, search)):
                    yield f"from {node.module} import {alias.name}"


def _executed(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module's top level, those within `if`, `try` and `with` included."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and _is_for_checkers(node.test):
            yield from _executed(node.orelse)
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            for part in ("body", "orelse", "finalbody"):
                yield from _executed(getattr(node, part, ()))


def _is_for_checkers(test: ast.expr) -> bool:
    """Is it `TYPE_CHECKING`, which is false when a program runs?"""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _files(words: Sequence[str], folders: Iterable[Path]) -> Iterator[Path]:
    """The files that importing the dotted name `words` executes: each package and the module."""
    for folder in folders:
        for word in words:
            for candidate in (folder / word / "__init__.py", folder / f"{word}.py"):
                if candidate.is_file():
                    yield candidate.absolute()
            folder = folder / word
