"""Compilers and setup commands in a strict jail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.model import Target
from harness.system.process.runner import LocalRunner


def test_a_tool_is_called_from_the_target_s_folder_whatever_the_caller_s_is(
    jailed: LocalRunner, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    elsewhere = tmp_path / "not shown"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    target = Target("t", "task", "python", project, (project / "main.py",))
    script = "import os; print(os.getcwd(), os.path.exists('main.py'))"
    with jailed.on_behalf_of(target):
        said = jailed.tool([sys.executable, "-S", "-c", script])
    assert said.stdout.split() == [str(project), "True"]
