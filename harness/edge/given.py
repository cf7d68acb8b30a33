"""What a target is given besides its build, as one digest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from harness.edge.trees import file_digest, files_below
from harness.model import Case, Target, digest_of
from harness.render.jsonable import jsonable


def given_digest(target: Target, case: Case) -> str:
    """SHA-256 over the case, the arguments, the environment, and names and content of input data.

    What cannot be read counts as such: the trials will say why.
    """
    words = [case.name, jsonable(case.params), case.seed, target.args, sorted(target.env.items())]
    inputs = [*([target.stdin] if target.stdin else []), *target.inputs]
    return digest_of((json.dumps(words, sort_keys=True), *(p for i in inputs for p in _content(i))))


def _content(path: Path) -> Iterator[bytes]:
    """A file's name and digest, or those of all files below a folder."""
    names = [path.name]
    if path.is_dir():
        try:
            names = [f"{path.name}/{name}" for name in files_below(path)]
        except OSError as problem:
            yield f"unreadable: {problem.errno}".encode()
            return
    for name in sorted(names):
        yield os.fsencode(name)
        yield _digest(path.parent / name)


def _digest(path: Path) -> bytes:
    try:
        # What a link leads to is the input; a pipe would never end.
        return file_digest(path.resolve()) if path.is_file() else b"no file"
    except OSError as problem:
        return f"unreadable: {problem.errno}".encode()
