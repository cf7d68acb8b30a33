"""Of which commit a run was."""

from __future__ import annotations

import subprocess

import pytest

from harness.running.of_commit import commit_of, stored_commit

pytestmark = pytest.mark.git


def git(folder, *words: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


def test_a_commit_is_said_with_its_time_and_whether_the_tree_differs(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    assert commit_of(tmp_path) is None, "no commit yet"
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "one", "--date", "2001-01-01T00:00:00Z")
    found = commit_of(tmp_path)
    assert found is not None
    assert found.digest == git(tmp_path, "rev-parse", "HEAD")
    assert found.made_at_ns == int(git(tmp_path, "show", "-s", "--format=%ct")) * 10**9
    assert not found.changed
    (tmp_path / "untracked").write_text("1")
    assert commit_of(tmp_path) == found
    (tmp_path / "a").write_text("2")
    changed = commit_of(tmp_path)
    assert changed is not None
    assert changed.changed


def test_outside_of_a_repository_and_in_older_runs_there_is_none(tmp_path):
    assert commit_of(tmp_path) is None
    assert commit_of(tmp_path / "gone") is None
    assert stored_commit({}) is None
