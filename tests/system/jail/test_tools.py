"""Compilers and setup commands in a strict jail."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
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


def test_threads_call_tools_for_a_target_each(jailed: LocalRunner, project: Path):
    roots = [project / name for name in ("one", "other")]
    both = threading.Barrier(2, timeout=60)

    def see(root: Path) -> str:
        root.mkdir()
        (root / "mine.py").write_text("")
        target = Target("t", "task", "python", root, (root / "mine.py",))
        with jailed.on_behalf_of(target):
            both.wait()
            said = jailed.tool([sys.executable, "-S", "-c", "import os; print(os.listdir())"])
            both.wait()
        return said.stdout.strip() + said.stderr

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(see, roots)) == ["['mine.py']"] * 2
    said = jailed.tool([sys.executable, "-S", "-c", "import os; print(os.getcwd())"])
    assert said.stdout.strip() == str(Path.cwd())


def test_a_tool_sees_no_folder_that_a_variable_of_ours_happens_to_name(
    jailed: LocalRunner, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("ours", "told", "headers"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("SOME_FOLDER", str(tmp_path / "ours"))
    monkeypatch.setenv("CPATH", str(tmp_path / "headers"))
    places = [str(tmp_path / name) for name in ("ours", "told", "headers")]
    script = f"""
import os
def is_listed(place):
    try:
        return os.listdir(place) == []
    except OSError:
        return False
print([is_listed(place) for place in {places}])
"""
    with jailed.on_behalf_of(Target("t", "task", "python", project)):
        said = jailed.tool(
            [sys.executable, "-S", "-c", script], env={"TOLD": str(tmp_path / "told")}
        )
    assert said.stdout.strip() == "[False, True, True]"
