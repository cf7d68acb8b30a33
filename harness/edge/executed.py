"""What a build executes, as content: to see whether two sides ran one program, and it stayed so."""

from __future__ import annotations

from pathlib import Path

from harness.edge.trees import file_digest
from harness.model import Build


def executed(build: Build) -> str:
    """SHA-256 of the file that a build executes, a shared interpreter included; empty: no file."""
    try:
        return file_digest(build.program).hex()
    except OSError:
        return ""


def program_of(build: Build) -> str:
    """What tells two sides' programs apart.

    That is the file's content where it was compiled for the side. A script and what an interpreter
    of the machine executes are more than one file: there it is the build's digest.
    """
    target = build.target
    top = target.private_copy[1] if target.private_copy else target.root
    own = any(build.program.is_relative_to(place) for place in (build.workdir, top))
    return executed(build) if own and not _is_script(build.program) else build.digest


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False
