"""Commits that no branch knows are merged in a private folder, or it is said why not."""

from __future__ import annotations

import pytest

from harness.system.git.three_way import merging
from harness.system.git.writing import Git

TEXT = "".join(f"line {n}\n" for n in range(1, 31))


@pytest.fixture
def repository(project):
    project.write("work.txt", TEXT)
    project.commit()
    return project


def variant(project, old, new):
    """A commit upon HEAD with one line changed; the tree is as before."""
    git = Git(project.path)
    project.write("work.txt", TEXT.replace(f"{old}\n", f"{new}\n"))
    commit = git.snapshot("a variant")
    project.write("work.txt", TEXT)
    return commit


@pytest.fixture(params=["now", "before 2.38"])
def git(repository, monkeypatch, request):
    """A git that merges trees without a folder, and one that cannot."""
    attempt = Git.attempt

    def older(self, *arguments, **options):
        # What it says to an option that it does not know.
        arguments = ("merge-tree", "--no-such-option") if "merge-tree" in arguments else arguments
        return attempt(self, *arguments, **options)

    if request.param != "now":
        monkeypatch.setattr(Git, "attempt", older)
    return Git(repository.path)


def test_changes_of_other_lines_are_merged_and_of_the_same_lines_are_not(repository, git, tmp_path):
    first, second, same = (
        variant(repository, *edit) for edit in (("line 3", "a"), ("line 20", "b"), ("line 3", "c"))
    )
    with merging(git, "HEAD", tmp_path / "trees") as merges:
        both, why = merges.merged(first, second, "both")
        assert why == ""
        merged = git.read_file(both, "work.txt")
        assert merged == TEXT.replace("line 3\n", "a\n").replace("line 20\n", "b\n").encode()
        assert merges.merged(both, same, "more") == ("", "the same lines of work.txt")
        assert merges.merged(both, first, "again") == ("", "it adds nothing")
        assert merges.merged(first, second, "once more")[1] == ""
    assert repository.sh("git status --short") == ""
    assert repository.sh("git worktree list").count("\n") == 0


def test_from_a_folder_below_the_top_files_are_named_as_from_the_top(repository, git, tmp_path):
    first, same = (variant(repository, "line 3", new) for new in "ac")
    below = repository.path / "below"
    below.mkdir()
    with merging(Git(below), "HEAD", tmp_path / "trees") as merges:
        assert merges.merged(first, same, "both") == ("", "the same lines of work.txt")


def test_a_refusal_is_said_without_git_s_advice(repository, git, tmp_path):
    alone = repository.sh("git commit-tree -m alone HEAD^{tree}")
    with merging(git, "HEAD", tmp_path / "trees") as merges:
        made, why = merges.merged("HEAD", alone, "both")
    assert (made, "unrelated histories" in why, "hint:" in why) == ("", True, False)


def test_files_in_conflict_are_named_from_the_top_in_a_folder_below(repository):
    def committed(one, other):
        repository.write("below/one.txt", f"{one}\n")
        repository.write("below/other.txt", f"{other}\n")
        return repository.commit()

    start = committed("a", "a")
    ours, theirs = committed("b", "a"), committed("c", "c")
    below = Git(repository.path / "below")
    assert below.left_out(start, theirs, ours) == ("below/other.txt",)
    assert below.left_out(start, theirs, ours) == Git(repository.path).left_out(start, theirs, ours)
