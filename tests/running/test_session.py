"""The folders of a session, and that they are cleaned up."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from harness.errors import StorageFailed
from harness.project.config import Config
from harness.running.session import folder_apart, open_session
from harness.system.process.opening import runners_from
from harness.testing import FakeRunner


def test_what_the_harness_keeps_is_ignored_by_git(tmp_path):
    with open_session(Config(root=tmp_path)) as session:
        assert session.state == tmp_path / ".harness"
        assert session.results == tmp_path / ".harness" / "results"
    assert (tmp_path / ".harness" / ".gitignore").read_text() == "*\n"


def test_a_session_apart_works_outside_of_the_project(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "project").mkdir()
    with open_session(Config(root=tmp_path / "project"), apart=True) as session:
        assert session.worktrees.is_relative_to(tmp_path / "tmp")
    with open_session(Config(root=tmp_path / "project")) as session:
        assert session.worktrees.is_relative_to(tmp_path / "project")


def test_the_folder_apart_is_one_for_each_project_and_private(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one = folder_apart(tmp_path / "one")
    assert folder_apart(tmp_path / "one") == one
    assert folder_apart(tmp_path / "other") != one
    assert stat.S_IMODE(one.stat().st_mode) == 0o700


def test_a_link_in_its_place_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = folder_apart(tmp_path / "project")
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFailed, match="somebody else"):
        folder_apart(tmp_path / "project")


def test_where_tmpdir_forbids_execution_the_cache_serves(tmp_path, monkeypatch):
    import os

    class Forbidding:
        f_flag = os.ST_NOEXEC

    monkeypatch.setattr("os.statvfs", lambda path: Forbidding)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert folder_apart(tmp_path / "x").is_relative_to(tmp_path / "cache" / "optim-harness")


def test_projects_of_one_user_share_the_launcher_that_was_not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.system.launcher.launching.SHIPPED", tmp_path)
    commands = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        with open_session(Config(root=tmp_path / name)) as session:
            commands.append(session.runner.launcher.command)
        assert not (tmp_path / name / ".harness" / "cache").exists()
    assert commands[0] == commands[1]


def test_where_the_users_cache_cannot_be_made_the_project_keeps_its_own(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr("harness.system.launcher.launching.SHIPPED", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with open_session(Config(root=tmp_path)) as session:
        [made] = session.runner.launcher.command
    assert Path(made).parent == tmp_path / ".harness" / "cache"


def test_a_session_takes_its_runner_from_whoever_gives_one(tmp_path: Path) -> None:
    config = Config(tmp_path)
    fake = FakeRunner(tmp_path / "fake")
    with runners_from(lambda *_: fake), open_session(config) as session:
        assert session.runner is fake
        assert session.orchestrator.runner is fake
        assert not fake.closed
    assert fake.closed
    with open_session(config) as session:
        assert session.runner is not fake
