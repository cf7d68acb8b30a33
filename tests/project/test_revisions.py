"""A target at another revision: its recipe and files as they were then."""

from __future__ import annotations

import pytest

from harness.errors import ConfigError, UsageError
from harness.project.config import load_config
from harness.project.revisions import split_revision, target_at
from harness.system.git.writing import Git

TOML = """
[tasks.t.cases.fast]
[targets.t]
task = "t"
adapter = "c"
sources = ["p.c"]
flags = ["{flag}"]
"""


@pytest.fixture
def worktrees(repository, tmp_path):
    """Checks out revisions of a repository whose harness.toml lies in a folder."""
    repository.write("below/harness.toml", TOML.format(flag="-O1"))
    repository.write("below/p.c", "int main(void) { return 0; }")
    repository.commit("old")
    repository.write("below/harness.toml", TOML.format(flag="-O3"))
    repository.commit("new")
    return lambda revision: Git(repository.path).worktree_at(revision, tmp_path)


@pytest.mark.parametrize(
    ("spec", "parts"),
    [("t", ("t", None)), ("t@main", ("t", "main")), ("t@v1@{u}", ("t", "v1@{u}"))],
)
def test_a_spec_is_a_target_and_a_revision(spec, parts):
    assert split_revision(spec) == parts


@pytest.mark.parametrize("spec", ["t@", "@main", "@"])
def test_half_a_spec_is_none(spec):
    with pytest.raises(UsageError, match="TARGET@REVISION"):
        split_revision(spec)


def test_the_recipe_is_that_of_the_revision(repository, worktrees):
    config = load_config(repository.path / "below" / "harness.toml")
    with worktrees("HEAD~1") as worktree:
        target = target_at(config, "t", worktree / "below")
        assert target.options["flags"] == ["-O1"]
        assert target.sources == (worktree / "below" / "p.c",)


def test_a_revision_without_configuration_gets_the_current_recipe(repository, worktrees):
    config = load_config(repository.path / "below" / "harness.toml")
    repository.sh("git rm -q --cached below/harness.toml && git commit -q -m untracked")
    with worktrees("HEAD") as worktree:
        target = target_at(config, "t", worktree / "below")
        assert target.options["flags"] == ["-O3"]


def test_a_target_that_is_declared_nowhere_is_refused_with_the_near_one(repository, worktrees):
    config = load_config(repository.path / "below" / "harness.toml")
    with worktrees("HEAD") as worktree, pytest.raises(ConfigError, match="no target named 'u'"):
        target_at(config, "u", worktree / "below")
