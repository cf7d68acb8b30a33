"""The answers of a search, kept as they come: a search that was killed goes on where it was."""

from __future__ import annotations

import json
from dataclasses import field
from pathlib import Path

import msgspec

from harness.frozen import dataclass
from harness.model.jsonable import jsonable
from harness.running.bisect_results import CommitAnswer
from harness.system.store.files import (
    damaged,
    from_newer,
    read_kept,
    storage_errors,
    write_atomically,
)

_SCHEMA = 1


@dataclass(slots=True)
class AnswerStore:
    """A file of answers, written anew with each of them."""

    path: Path
    answers: dict[str, CommitAnswer] = field(default_factory=dict)
    """By commit, in the order in which they came."""

    @classmethod
    def open(cls, path: Path, *, anew: bool = False) -> AnswerStore:
        """What is known so far; nothing where the file is not there, or `anew` is asked for.

        DataDamaged where it was changed.
        """
        if anew or not path.exists():
            return cls(path)
        try:
            content = json.loads(read_kept(path))
            version = content["schema_version"]
            if version > _SCHEMA:
                raise from_newer(path, version, _SCHEMA)
            found = msgspec.convert(content["answers"], list[CommitAnswer])
        except (ValueError, LookupError, TypeError, OSError) as problem:
            raise damaged(path, f"{type(problem).__name__}: {problem}") from None
        return cls(path, {answer.commit: answer for answer in found})

    def add(self, answer: CommitAnswer) -> None:
        """Keep one more answer; it is on the disk when this returns."""
        self.answers[answer.commit] = answer
        content = {"schema_version": _SCHEMA, "answers": jsonable(list(self.answers.values()))}
        with storage_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, json.dumps(content, indent=1).encode())
