"""What a target is given besides its build, as one digest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.model import Case, Target, digest_of
from harness.model.jsonable import jsonable
from harness.system.process.trees import file_digest, files_below


def given_digest(target: Target, case: Case) -> str:
    """SHA-256 over the case, the arguments, the launch, the environment, the commands around a
    trial, and the names and content of input data.

    What cannot be read counts as such: the trials will say why.
    """
    words = [case.name, jsonable(case.params), case.seed, target.args, sorted(target.env.items())]
    if case.ranges or case.choices or case.holdout:
        words += [jsonable(case.ranges), jsonable(case.choices), case.holdout]
    if target.generate:
        named = [path for word in target.generate if (path := target.root / word).is_file()]
        words += [target.generate, files_digest(named)]
    if target.prepare or target.conclude:
        words += [target.prepare, target.conclude]
    if target.launch:
        words += ["launch", target.launch]
    stdin = [(target.stdin.name, target.stdin)] if target.stdin else []
    inputs = [*stdin, *target.input_places()]
    content = (part for place, path in inputs for part in _content(place, path))
    return digest_of((json.dumps(words, sort_keys=True), *content))


def files_digest(paths: Sequence[Path]) -> str:
    """SHA-256 over names and content of files and folders; empty where there are none."""
    return digest_of(part for path in paths for part in _content(path.name, path)) if paths else ""


def _content(place: str, path: Path) -> Iterator[bytes]:
    """A file's place and digest, or those of all files below a folder."""
    below = [""]
    if path.is_dir():
        try:
            below = sorted(files_below(path))
        except OSError as problem:
            yield f"unreadable: {problem.errno}".encode()
            return
    for name in below:
        yield os.fsencode(f"{place}/{name}" if name else place)
        yield _digest(path / name if name else path)


def _digest(path: Path) -> bytes:
    try:
        # What a link leads to is the input; a pipe would never end.
        return file_digest(path.resolve()) if path.is_file() else b"no file"
    except OSError as problem:
        return f"unreadable: {problem.errno}".encode()
