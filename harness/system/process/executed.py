"""What a build executes, as content: to see whether two sides ran one program, and it stayed so."""

from __future__ import annotations

from pathlib import Path

from harness.model import Build, digest_of
from harness.system.process.given import files_digest
from harness.system.process.trees import file_digest


def executed(build: Build) -> str:
    """SHA-256 of the file that a build executes, a shared interpreter included; empty: no file."""
    try:
        return file_digest(build.program).hex()
    except OSError:
        return ""


def program_of(build: Build) -> str:
    """What tells two sides' programs apart.

    That is the file's content where it was compiled for the side. A script and what an interpreter
    of the machine executes are more than one file: there it is the build's digest, and the inputs
    that it may execute.
    """
    target, program = build.target, build.program
    top = target.private_copy[1] if target.private_copy else target.root
    own = any(program.is_relative_to(place) for place in (build.workdir, top))
    shared = any((folder / "pyvenv.cfg").exists() for folder in program.parents)
    if own and not shared and not _is_script(program):
        return executed(build)
    return digest_of([build.digest, files_digest(target.inputs)])


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False
