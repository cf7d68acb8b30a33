"""A private repository shares objects with the user's, and nothing else."""

from __future__ import annotations

import subprocess

import pytest

from harness.system.git.copy import copy_at
from harness.system.git.writing import Git


def sh(folder, command: str) -> str:
    done = subprocess.run(["sh", "-c", command], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


def test_it_has_the_files_of_the_revision(repository, tmp_path):
    repository.write("a", "2")
    repository.commit()
    with copy_at(Git(repository.path), "HEAD~1", tmp_path / "copies") as folder:
        assert (folder / "a").read_text() == "one\n"
        assert Git(folder).head() == Git(repository.path).resolve("HEAD~1")
        assert Git(folder).branch() is None
        assert Git(folder).changes().clean
    assert list((tmp_path / "copies").iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        "git stash",
        "git stash drop",
        "git stash pop",
        "git commit -qam x; git branch mine; git tag mine; git branch -D main",
        "git config user.name other; git gc -q --prune=now",
        "git reset -q --hard; git clean -qfdx; git checkout -q -b other",
    ],
)
def test_nothing_that_is_done_there_reaches_the_users_repository(repository, tmp_path, command):
    repository.write("a", "the user's own work\n")
    repository.sh("git stash -q")
    repository.write("a", "more of it\n")
    state = (
        "git stash list; git stash show -p; git for-each-ref; git status -s; git config -l --local"
    )
    before = repository.sh(state)
    with copy_at(Git(repository.path), "HEAD", tmp_path / "copies") as folder:
        (folder / "a").write_text("the agent's\n")
        subprocess.run(["sh", "-c", command], cwd=folder, check=False, capture_output=True)
    assert repository.sh(state) == before
    assert repository.read("a") == "more of it\n"


def test_the_users_settings_hold_and_its_hooks_do_not_run(repository, tmp_path):
    repository.sh("git config user.name Somebody; git config core.hooksPath hooks")
    with copy_at(Git(repository.path), "HEAD", tmp_path / "copies") as folder:
        assert sh(folder, "git config user.name") == "Somebody"
        assert sh(folder, "git config core.hooksPath") == "/dev/null"


def test_what_a_killed_process_left_is_cleared_away(repository, tmp_path):
    copies = tmp_path / "copies"
    (copies / "harness-copy-dead-x").mkdir(parents=True)
    with copy_at(Git(repository.path), "HEAD", copies) as folder:
        (folder / "a").write_text("in use\n")
        with copy_at(Git(repository.path), "HEAD", copies):
            assert (folder / "a").read_text() == "in use\n"
        assert not (copies / "harness-copy-dead-x").exists()
