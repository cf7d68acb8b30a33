"""What a tree consists of, file by file, so that some of it can be left out of a comparison."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping

from harness.system.git.reading import except_for
from harness.system.git.remembering import asked_once
from harness.system.git.writing import Git
from harness.system.process.passing import passing_folder

Listing = Mapping[str, str]
"""Path, relative to the repository's top, to its mode and content id."""


def listing_at(git: Git, revision: str) -> Listing:
    """The files of a commit."""
    out = git.run("ls-tree", "-r", "-z", "--full-tree", revision)
    return {path: f"{mode} {content}" for path, (mode, _, content) in _entries(out)}


def listing_here(git: Git) -> Listing:
    """The files of the working tree, tracked and untracked but not ignored.

    Files of more than LARGE_BYTES that are not tracked are left out, as `Git.tree` and
    `Git.snapshot` leave them out: what no snapshot keeps may not be taken for a part of a change.
    Neither the repository nor the user's index is written to.
    """
    return asked_once(("listing", git.folder), lambda: _listing_here(git))


def _listing_here(git: Git) -> Listing:
    with passing_folder("listing") as folder:
        index = folder / "index"
        git.copy_index(index)
        env = {
            "GIT_INDEX_FILE": str(index),
            "GIT_OBJECT_DIRECTORY": str(folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(git.common_dir / "objects"),
        }
        git.run("add", "--all", "--", ".", *except_for(git.too_large()), env=env, cwd=git.top)
        out = git.run("ls-files", "--stage", "-z", env=env, cwd=git.top)
    return {path: f"{mode} {content}" for path, (mode, content, _) in _entries(out)}


def _entries(out: bytes) -> Iterator[tuple[str, list[str]]]:
    """Each path of `ls-tree` or `ls-files --stage`, with the three words that stand before it."""
    for entry in filter(None, out.split(b"\0")):
        about, _, path = entry.partition(b"\t")
        yield os.fsdecode(path), about.decode().split(" ")


def fingerprint(files: Listing) -> str:
    """SHA-256 over paths, modes and contents."""
    sha256 = hashlib.sha256()
    for path in sorted(files):
        sha256.update(os.fsencode(f"{files[path]}\t{path}\0"))
    return sha256.hexdigest()


def differing(old: Listing, new: Listing) -> tuple[str, ...]:
    """The paths whose mode or content differ, or which only one of the two has; sorted."""
    both = old.keys() | new.keys()
    return tuple(sorted(path for path in both if old.get(path) != new.get(path)))
