"""Folders outside of the project: found by the rules, trusted only where they are this user's."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from harness.system.process.places import launcher_cache, user_cache

OTHERWISE = Path("/the/project's/own")


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the launcher is kept; not made yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path / "caches" / "optim-harness"


@pytest.mark.parametrize("told", ["", "relative"])
def test_without_a_cache_folder_that_counts_it_is_in_the_home(told, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", told)
    assert user_cache() == tmp_path / ".cache" / "optim-harness"


def test_it_is_made_and_private(shared):
    assert launcher_cache(OTHERWISE) == shared
    assert stat.S_IMODE(shared.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_in_which_others_may_write_is_not_used(shared, mode):
    shared.mkdir(parents=True)
    shared.chmod(mode)
    assert launcher_cache(OTHERWISE) == OTHERWISE


def test_a_link_in_its_place_is_not_followed(shared, tmp_path):
    shared.parent.mkdir()
    shared.symlink_to(tmp_path)
    assert launcher_cache(OTHERWISE) == OTHERWISE


def test_a_file_in_the_way_is_no_trouble(shared):
    shared.parent.write_text("in the way")
    assert launcher_cache(OTHERWISE) == OTHERWISE


def test_a_full_disk_is_no_trouble(shared, monkeypatch):
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    assert launcher_cache(OTHERWISE) == OTHERWISE


def test_a_user_without_a_home_is_no_trouble(monkeypatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("pathlib.Path.home", homeless)
    assert launcher_cache(OTHERWISE) == OTHERWISE


def test_where_nothing_may_be_executed_it_is_not_used(shared, monkeypatch):
    class Forbidding:
        f_flag = os.ST_NOEXEC

    monkeypatch.setattr("os.statvfs", lambda path: Forbidding)
    assert launcher_cache(OTHERWISE) == OTHERWISE
