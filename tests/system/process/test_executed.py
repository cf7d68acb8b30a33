"""What a build executes, by content."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Build, Target, Toolchain
from harness.system.process.executed import executed, program_of


def linked(tmp_path: Path, *flags: str) -> Build:
    """A program in C in the target's own tree."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no gcc here")
    source, program = tmp_path / "p.c", tmp_path / "p"
    source.write_text("int main(void) { return 0; }\n")
    subprocess.run([compiler, *flags, str(source), "-o", str(program)], check=True)
    toolchain = Toolchain("c", "C", Path(compiler), "13", "f")
    return Build(Target("t", "task", "c", tmp_path), toolchain, "d", tmp_path, program)


def test_a_loader_that_came_with_the_program_counts_and_is_not_called(tmp_path: Path):
    loader = tmp_path / "loader"
    loader.write_text(f"#!/bin/sh\necho > {tmp_path}/called\n")
    loader.chmod(0o755)
    build = linked(tmp_path, f"-Wl,--dynamic-linker={loader}")
    before = executed(build)
    assert not (tmp_path / "called").exists()
    loader.write_text("#!/bin/sh\n")
    assert executed(build) != before


def test_where_it_is_asked_from_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    build = linked(tmp_path)
    monkeypatch.chdir("/")
    elsewhere = executed(build)
    monkeypatch.chdir(tmp_path)
    assert executed(build) == elsewhere != ""


def test_programs_that_cannot_be_read_are_not_one(tmp_path: Path):
    build = linked(tmp_path)
    build.program.unlink()
    assert program_of(build) != program_of(replace(build, digest="e")) != ""
