"""Files of the project that a failed program asked for, and that its trial's folder has not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from harness.model import Target, WorkingFolder
from harness.on_demand import pattern

_MISSED = pattern(
    r"(?i)no such file|not found|can(?:no|')?t (?:be )?(?:open|read|load|find)|(?:not|n't) exist"
    r"|(?:unable|failed|failure|could ?n[o']t)(?: to)?(?: be)? (?:open|read|load|find)|enoent"
    r"|cannot find|is missing|error (?:opening|reading|loading)|(?:opening|open|reading) file"
)
"""What programs say where a file is not there, in the words of many languages' libraries."""
_NAMES = pattern(r"[^\s'\"`,;:()<>=\[\]{}|\u2018\u2019\u201c\u201d]+")
_ADVISED = pattern(r"trials run in an empty folder: `inputs = \[([^\]]+)\]`")
_MOST_LINES = 200


def not_shown(said: str, words: Sequence[str], target: Target | None) -> str:
    """What shows a program the files that it misses; empty where the project has none of them.

    `said`: the program's own words; `words`: its arguments. A file counts where the project has it
    at the very path that was asked for, and the program named it, or said nothing at all and was
    told to read it.
    """
    if target is None or target.working_folder is not WorkingFolder.SCRATCH:
        return ""
    given = tuple(_arguments(words))
    asked = [w for w in _named(said) if "/" in w or "." in w or w in given]
    asked += [w for w in given if not said.strip() or w in said]
    missed = next((word for word in asked if _is_missed(word, target)), "")
    if not missed:
        return ""
    folder = PurePosixPath(missed).parent.as_posix()
    wanted = missed if folder == "." else folder
    has = [*dict.fromkeys(place for place, _ in target.input_places()), wanted]
    listed = ", ".join(f'"{name}"' for name in has)
    name = target.name.partition("@")[0]
    return (
        f"trials run in an empty folder: `inputs = [{listed}]` in [targets.{name}] of harness.toml"
        f" shows them {missed} of the project"
    )


def advised_inputs(message: str) -> list[str]:
    """The `inputs` that a failure's message advises in the words of `not_shown`."""
    found = _ADVISED.search(message)
    return [word.strip(' "') for word in found[1].split(",")] if found else []


def _named(said: str) -> Iterator[str]:
    """The words of lines that tell of something missing."""
    for line in said.splitlines()[-_MOST_LINES:]:
        if _MISSED.search(line):
            for word in _NAMES.findall(line):
                yield word.rstrip(".!?").removeprefix("./")


def _arguments(words: Sequence[str]) -> Iterator[str]:
    """Arguments that may be files: `--in=data.txt` is one of `data.txt`."""
    for word in words:
        yield word.partition("=")[2].removeprefix("./") if "=" in word else word.removeprefix("./")


def _is_missed(word: str, target: Target) -> bool:
    """Does the project have a file or a folder of this relative path that trials do not see?"""
    path = PurePosixPath(word)
    if not word or path.is_absolute() or ".." in path.parts or path == PurePosixPath():
        return False
    if any(path.is_relative_to(place) for place, _ in target.input_places()):
        return False
    try:
        return any((root / word).exists() for root in _roots(target))
    except (OSError, ValueError):
        return False  # no name of a file


def _roots(target: Target) -> Iterator[Path]:
    """The target's folder, and the user's own where that is a private copy of it."""
    yield target.root
    if target.private_copy is not None:
        original, copy = target.private_copy
        if target.root.is_relative_to(copy):
            yield original / target.root.relative_to(copy)
