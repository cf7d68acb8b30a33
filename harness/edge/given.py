"""What a target is given besides its build, as one digest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

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
    if not path.is_dir():
        yield os.fsencode(path.name)
        yield _digest(path)
        return
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            yield os.fsencode(os.path.relpath(Path(folder) / name, path.parent))
            yield _digest(Path(folder) / name)


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as problem:
        return f"unreadable: {problem.errno}".encode()
