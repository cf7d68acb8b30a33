"""Are git's own objects what their ids say? Git itself does not look when it reads one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator

from harness.errors import GitFailed
from harness.system.git.reading import GitReading

_AT_ONCE_BYTES = 32 * 2**20


def damaged_objects(git: GitReading, commits: Iterable[str]) -> dict[str, str]:
    """The objects of these commits (themselves, their trees and files) that are not what their id
    says, by id, each with what it is: a path, or what is wrong in words.

    Tampered objects below .git/objects are found so: every checkout would use them in silence.
    """
    ids: dict[str, str] = {}
    for commit in commits:
        ids[commit] = f"the commit {commit[:12]}"
        ids.setdefault(git.line("rev-parse", f"{commit}^{{tree}}"), "/")
        listed = git.run("ls-tree", "-r", "-t", "-z", "--full-tree", commit)
        for entry in filter(None, listed.split(b"\0")):
            facts, _, path = entry.partition(b"\t")
            mode, _, name = facts.decode().split()
            if mode != "160000":  # of a submodule, whose objects lie elsewhere
                ids.setdefault(name, os.fsdecode(path))
    wrong = {}
    for part in _parts(git, ids):
        wrong.update(_wrong(git, part, ids))
    return wrong


def _parts(git: GitReading, ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids in parts whose contents fit into memory together."""
    asked = "".join(f"{name}\n" for name in ids).encode()
    said = git.run("cat-file", "--batch-check", stdin=asked)
    part: list[str] = []
    size = 0
    for line in said.decode().splitlines():
        words = line.split()
        here = int(words[2]) if len(words) == 3 else 0
        if part and size + here > _AT_ONCE_BYTES:
            yield part
            part, size = [], 0
        part.append(words[0])
        size += here
    if part:
        yield part


def _wrong(git: GitReading, part: list[str], ids: dict[str, str]) -> dict[str, str]:
    try:
        said = git.run("cat-file", "--batch", stdin="".join(f"{n}\n" for n in part).encode())
    except GitFailed as problem:  # what cannot be unpacked ends the whole call
        if len(part) == 1:
            return {part[0]: f"{ids[part[0]]}: {problem.message.splitlines()[-1].strip()}"}
        half = len(part) // 2
        return {**_wrong(git, part[:half], ids), **_wrong(git, part[half:], ids)}
    wrong, at = {}, 0
    for name in part:
        end = said.index(b"\n", at)
        words = said[at:end].decode().split()
        at = end + 1
        if len(words) != 3:
            wrong[name] = f"{ids[name]}: it is {' '.join(words[1:])}"
            continue
        content = said[at : at + int(words[2])]
        at += int(words[2]) + 1
        digest = hashlib.sha1 if len(name) == 40 else hashlib.sha256
        if digest(f"{words[1]} {words[2]}\0".encode() + content).hexdigest() != name:
            wrong[name] = f"{ids[name]}: its content is that of another object"
    return wrong
