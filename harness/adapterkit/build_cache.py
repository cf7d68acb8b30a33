"""Keeps builds below an adapter's `workdir`, each in a folder that its digest names.

Another process sees all of a build or nothing: it is made in a private folder and moved into place.
What is kept is looked at again before it is used: a folder whose record is of another digest, or
whose programs somebody has changed since, is made anew.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.errors import ConfigError
from harness.frozen import dataclass
from harness.model import Target, digest_of

RECORD = "build.json"


@dataclass(frozen=True, slots=True)
class MadeBuild:
    """What was made in the private folder."""

    build_ns: int
    """The time that the toolchain took."""
    programs: Sequence[Path] = ()
    """Every file in the folder that a trial may execute."""
    log: str = ""
    """The toolchain's warnings."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A build in its place."""

    folder: Path
    build_ns: int
    """The time that the toolchain took when it was made."""
    log: str
    cached: bool
    """It was there before."""


def keep(folder: Path, make: Callable[[Path], MadeBuild]) -> Kept:
    """The build that belongs into `folder`, whose name is its digest; made unless it is there.

    `make` is handed a private folder beside it, and raises what the adapter's hook may raise.
    """
    record = _read(folder)
    if record is not None:
        return _kept(folder, record, cached=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        record = _record(folder.name, private, make(private))
        (private / RECORD).write_text(json.dumps(record))
        _put(private, folder)
    finally:
        shutil.rmtree(private, ignore_errors=True)
    return _kept(folder, record, cached=False)


def placeless(words: str, target: Target) -> str:
    """Words for a digest, without the place of the target's own tree.

    The same sources in another checkout are the same build.
    """
    places = [target.root, *([target.private_copy[1]] if target.private_copy else [])]
    for place in sorted(map(str, places), key=len, reverse=True):
        words = words.replace(f"{place}/", "").replace(place, ".")
    return words


def bytes_of(path: Path, target: Target) -> bytes:
    """A source's content; ConfigError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise ConfigError(
            f"targets.{target.name}: cannot read {path}: {problem.strerror}",
            hint="Check `sources`; paths are relative to the folder of harness.toml.",
        ) from None


def _put(private: Path, folder: Path) -> None:
    try:
        private.replace(folder)
    except OSError:
        if _read(folder) is None:  # half of something, or changed since: ours is whole
            shutil.rmtree(folder, ignore_errors=True)
            private.replace(folder)


def _record(digest: str, folder: Path, made: MadeBuild) -> dict[str, object]:
    programs = {
        str(path.relative_to(folder)): digest_of([path.read_bytes()]) for path in made.programs
    }
    return {"digest": digest, "build_ns": made.build_ns, "log": made.log, "programs": programs}


def _kept(folder: Path, record: dict[str, object], *, cached: bool) -> Kept:
    return Kept(folder, int(str(record["build_ns"])), str(record["log"]), cached)


def _read(folder: Path) -> dict[str, object] | None:
    """The record of a whole build; None where there is none, or it is another now."""
    try:
        record = json.loads((folder / RECORD).read_text())
        programs = record["programs"]
        found = {name: digest_of([(folder / name).read_bytes()]) for name in programs}
        whole = {"build_ns", "log"} <= record.keys() and int(record["build_ns"]) >= 0
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return record if whole and record.get("digest") == folder.name and found == programs else None
