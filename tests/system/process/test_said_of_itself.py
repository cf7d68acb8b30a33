"""What a compiler says of itself is asked once, and again when it is another program."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.system.process import runner as module
from harness.system.process.runner import LocalRunner


@pytest.fixture
def asked(tmp_path: Path, launcher_cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The programs that are called as tools, in their order."""
    calls: list[Path] = []
    real = module.call_tool

    def noted(argv, *others):
        calls.append(Path(argv[0]))
        return real(argv, *others)

    monkeypatch.setattr(module, "call_tool", noted)
    return calls


def test_a_program_that_has_not_changed_is_asked_once(
    asked: list[Path], tmp_path: Path, launcher_cache: Path
) -> None:
    program = Path(shutil.copy2(shutil.which("git") or "/usr/bin/git", tmp_path / "tool"))
    first, other = (LocalRunner(tmp_path / name, launcher_cache) for name in ("one", "two"))
    said = [each.tool([str(program), "--version"]).stdout for each in (first, other)]
    assert said[0] == said[1]
    assert said[0].startswith("git version")
    assert asked == [program]
    program.unlink()
    shutil.copy2(shutil.which("env") or "/usr/bin/env", program)
    assert first.tool([str(program), "--version"]).stdout.startswith("env ")
    for each in (first, other):
        each.close()


def test_a_script_is_asked_each_time(
    asked: list[Path], tmp_path: Path, launcher_cache: Path
) -> None:
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\necho tool 1\n")
    program.chmod(0o755)
    runner = LocalRunner(tmp_path / "scratch", launcher_cache)
    for _ in range(2):
        assert runner.tool([str(program), "--version"]).stdout == "tool 1\n"
    assert asked == [program, program]
    runner.close()
