"""Applies a patch as people have them, or says which hunk does not apply, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import TrialFailed
from harness.system.git.reading import literal
from harness.system.git.writing import Git

_COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
_HUNK_LINE = re.compile(rb"^((?!--- |\+\+\+ )[ +-].*)\n", re.M)
"""A line of a hunk, which has the line end of the file; those of the header have git's."""
_FILES = re.compile(r"^(?:---|\+\+\+) ([^\t\n]+)", re.MULTILINE)
_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@.*$")
_FAILED = re.compile(r"^error: patch failed: (.+):(\d+)$", re.MULTILINE)
_SHOWN = 3


def apply_patch(git: Git, patch: Path) -> None:
    """Apply a patch to the files in the repository's folder.

    Colours are taken out, `--no-prefix` is known by the names of the files, and carriage returns
    are left away where the files have none, or added where they have them. TrialFailed says what
    does not apply; then nothing was changed.
    """
    plain = _COLOUR.sub(b"", patch.read_bytes())
    strip = _strip(plain.decode("utf-8", "replace"))
    said = ""
    bare = plain.replace(b"\r\n", b"\n")
    for content in dict.fromkeys((plain, bare, _HUNK_LINE.sub(rb"\1\r\n", bare))):
        done = git.attempt("apply", "--whitespace=nowarn", strip, "-", stdin=content)
        if done.returncode == 0:
            return
        words = done.stderr.decode("utf-8", "replace").strip()
        if said:
            continue  # the patch as it was given says why, and not what was tried beside it
        reasons = "; ".join(_reasons(git.folder, content.decode("utf-8", "replace"), words, strip))
        said = reasons or "; ".join(words.splitlines()[:_SHOWN])
    raise TrialFailed(
        f"the patch {patch.name} does not apply: {said}",
        hint=f"Make it anew on the last kept state; git apply {strip} has to take it.",
    )


def undo_change(git: Git, old: str, new: str, paths: Sequence[str]) -> bool:
    """Take what changed from one commit to another out of the files in the repository's folder.

    False where later changes are in the way; the files then have git's marks of a conflict.
    """
    patch = git.run("diff", "--binary", "--full-index", old, new, "--", *literal(paths))
    return git.attempt("apply", "--reverse", "--3way", "-", stdin=patch).returncode == 0


def _strip(text: str) -> str:
    """`-p0` where no name has the prefixes that git adds, else `-p1`."""
    names = [name for name in _FILES.findall(text) if name != "/dev/null"]
    prefixed = all(re.match(r'"?[a-z]/', name) for name in names)
    return "-p1" if prefixed or not names else "-p0"


def _reasons(folder: Path, text: str, words: str, strip: str) -> Iterator[str]:
    """Each hunk that failed, with the first line that is not what it expects."""
    for name, line in _FAILED.findall(words)[:_SHOWN]:
        for header, expected in _hunks(text, name, strip):
            if header.startswith((f"@@ -{line},", f"@@ -{line} ")):
                why = _first_difference(folder / name, int(line), expected)
                yield f"{name}, hunk {header}: {why}"
                break
        else:
            yield f"{name}, near line {line}"


def _hunks(text: str, name: str, strip: str) -> Iterator[tuple[str, list[str]]]:
    """The hunks of one file: header, and the lines that it wants to find."""
    here, header, expected = False, "", list[str]()
    for line in text.splitlines():
        if _HUNK.match(line) or line.startswith(("diff ", "--- ")):
            if header:
                yield header, expected
            header, expected = "", []
        if line.startswith("--- "):
            path = line[4:].partition("\t")[0]
            here = (path.partition("/")[2] if strip == "-p1" else path) == name
        elif here and _HUNK.match(line):
            header = line.partition(" @@")[0] + " @@"
        elif header and line[:1] in (" ", "-", ""):
            expected.append(line[1:])
    if header:
        yield header, expected


def _first_difference(path: Path, start: int, expected: list[str]) -> str:
    """The first line of the file that is not what the hunk wants there."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "the file is not there"
    for number, wanted in enumerate(expected, start):
        found = lines[number - 1] if number <= len(lines) else None
        if found is None:
            return f"line {number}: expected {wanted!r}, and the file ends before it"
        if found != wanted:
            return f"line {number}: expected {wanted!r}, found {found!r}"
    return "its lines are there, and its last line does not end as the file does"
