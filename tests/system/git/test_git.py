"""The user's repository: what is read from it, and what is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.errors import GitFailed, NotAllowed, StorageFailed, ToolchainMissing, UsageError
from harness.system.git.writing import Git


class TestWhereThereIsNoRepository:
    def test_a_folder_outside_says_what_to_do(self, tmp_path):
        git = Git(tmp_path)
        assert not git.is_repository()
        with pytest.raises(UsageError, match="no git repository") as caught:
            git.head()
        assert "git init" in caught.value.hint

    def test_a_missing_git_is_a_missing_program(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ToolchainMissing, match="git is not installed"):
            Git(tmp_path).head()

    def test_a_repository_without_a_commit_says_so(self, tmp_path):
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
        with pytest.raises(UsageError, match="no commit yet"):
            Git(tmp_path).head()


class TestReading:
    def test_the_top_is_found_from_a_folder_below(self, repository):
        repository.write("deep/er/file", "x")
        repository.commit()
        assert Git(repository.path / "deep" / "er").top == repository.path.resolve()

    def test_head_and_branch(self, repository):
        git = Git(repository.path)
        assert git.head() == repository.sh("git rev-parse HEAD")
        assert git.branch() == "main"

    def test_a_detached_head_is_on_no_branch(self, repository):
        repository.sh("git checkout -q --detach")
        assert Git(repository.path).branch() is None

    def test_a_linked_worktree_has_a_branch_of_its_own(self, repository, tmp_path):
        repository.sh(f"git worktree add -q -b a/b {tmp_path / 'there'}")
        there = Git(tmp_path / "there")
        assert there.branch() == "a/b"
        assert there.common_dir == Git(repository.path).git_dir != there.git_dir
        assert Git(repository.path).branch() == "main"

    def test_a_head_that_is_a_link_is_read_by_git(self, repository):
        head = repository.path / ".git" / "HEAD"
        head.unlink()
        head.symlink_to("refs/heads/main")
        assert Git(repository.path).branch() == "main"

    def test_a_branch_is_there_packed_and_unpacked(self, repository):
        git = Git(repository.path)
        repository.sh("git branch other")
        assert git.has_branch("other")
        repository.sh("git pack-refs --all")
        assert not (repository.path / ".git" / "refs" / "heads" / "other").exists()
        assert git.has_branch("other")
        repository.sh("git branch -q -D other")
        assert not git.has_branch("other")

    def test_the_places_are_found_below_a_folder_with_a_line_feed(self, tmp_path):
        odd = tmp_path / "two\nlines"
        subprocess.run(["git", "init", "-q", str(odd)], check=True)
        git = Git(odd)
        assert git.top == odd.resolve()
        assert git.git_dir == git.common_dir == (odd / ".git").resolve()

    def test_a_branch_keeps_its_name_beside_a_tag_of_that_name(self, repository):
        repository.sh("git tag main")
        assert Git(repository.path).branch() == "main"

    def test_the_worktree_that_has_a_branch_is_found(self, repository, tmp_path):
        git = Git(repository.path)
        repository.sh(f"git worktree add -q -b other {tmp_path / 'there'}")
        assert git.worktree_of("other") == (tmp_path / "there").resolve()
        assert git.worktree_of("main") == repository.path.resolve()
        assert git.worktree_of("nowhere") is None

    def test_an_unknown_revision_is_named(self, repository):
        with pytest.raises(UsageError, match="no commit 'nowhere'"):
            Git(repository.path).resolve("nowhere")

    def test_a_revision_that_looks_like_an_option_is_only_a_revision(self, repository):
        with pytest.raises(UsageError, match="--all"):
            Git(repository.path).resolve("--all")

    def test_changes_tell_tracked_from_untracked(self, repository):
        repository.write("a", "changed")
        repository.write("new file", "x")
        repository.write(".gitignore", "ignored\n")
        repository.write("ignored", "x")
        repository.sh("git add .gitignore")
        changes = Git(repository.path).changes()
        assert changes.tracked == (".gitignore", "a")
        assert changes.untracked == ("new file",)
        assert not changes.clean

    def test_untracked_files_alone_leave_a_tree_clean(self, repository):
        repository.write("new", "x")
        assert Git(repository.path).changes().clean

    def test_names_with_odd_characters_come_back_as_they_are(self, repository):
        name = 'f "q"\tü\n'
        repository.write(name, "x")
        assert Git(repository.path).changes().untracked == (name,)

    def test_a_file_is_read_at_a_revision(self, repository):
        repository.write("a", "later")
        assert Git(repository.path).read_file("HEAD", "a") == b"one\n"
        assert Git(repository.path).read_file("HEAD", "nothing") is None

    def test_diff_names_lists_what_differs_below_paths(self, repository):
        git = Git(repository.path)
        repository.write("a", "2")
        repository.write("s/b", "2")
        repository.commit()
        assert git.diff_names("HEAD~1", "HEAD") == ("a", "s/b")
        assert git.diff_names("HEAD~1", "HEAD", ["s"]) == ("s/b",)

    def test_ignored_files_are_found_below_a_path_also_beside_tracked_ones(self, repository):
        repository.write(".gitignore", "*.dat\n")
        repository.write("s/big.dat", "x")
        repository.write("other.dat", "x")
        repository.write("s/new", "x")
        git = Git(repository.path)
        assert git.ignored_below(["s"]) == ("s/big.dat",)
        assert git.ignored_below(["a"]) == ()
        assert git.ignored_below([]) == ()

    def test_ancestry(self, repository):
        repository.write("a", "2")
        repository.commit()
        git = Git(repository.path)
        assert git.is_ancestor("HEAD~1", "HEAD")
        assert not git.is_ancestor("HEAD", "HEAD~1")

    def test_a_shallow_clone_knows_what_it_has_not(self, repository, tmp_path):
        first = Git(repository.path).head()
        repository.write("a", "2")
        repository.commit()
        clone = tmp_path / "clone"
        repository.sh(f"git clone -q --depth 1 file://{repository.path} {clone}")
        git = Git(clone)
        assert git.is_shallow()
        assert git.has_commit("HEAD")
        assert not git.has_commit(first)
        with pytest.raises(UsageError) as caught:
            git.resolve(first)
        assert "--unshallow" in caught.value.hint

    def test_the_variables_of_a_surrounding_hook_do_not_lead_elsewhere(
        self, repository, tmp_path, monkeypatch
    ):
        subprocess.run(["git", "init", "-q", str(tmp_path / "other")], check=True)
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
        assert Git(repository.path).branch() == "main"
        assert Git(repository.path).changes().clean

    def test_paths_are_named_from_the_top(self, repository):
        git = Git(repository.path)
        assert git.below_top(repository.path / "s" / "b") == "s/b"
        assert git.below_top(repository.path) == "."
        with pytest.raises(UsageError, match="outside"):
            git.below_top(Path("/etc/hosts"))


class TestTagsAndBranches:
    def test_an_annotated_tag_is_read_as_it_was_made(self, repository):
        git = Git(repository.path)
        git.create_tag("t", "HEAD", "first\n\nseal: 1\n")
        tag = git.tag("t")
        assert tag is not None
        assert (tag.commit, tag.message, tag.annotated) == (git.head(), "first\n\nseal: 1", True)

    def test_a_lightweight_tag_says_nothing(self, repository):
        repository.sh("git tag light")
        tag = Git(repository.path).tag("light")
        assert tag is not None
        assert (tag.commit, tag.message, tag.annotated) == (repository.head(), "", False)

    def test_no_tag_is_none(self, repository):
        repository.sh("git tag x/y")
        assert Git(repository.path).tag("x") is None
        assert Git(repository.path).tag("y") is None

    def test_a_tag_is_not_made_twice(self, repository):
        git = Git(repository.path)
        git.create_tag("t", "HEAD", "m")
        with pytest.raises(GitFailed, match="already exists"):
            git.create_tag("t", "HEAD", "m")

    def test_commits_and_tags_work_where_git_knows_nobody(self, repository, monkeypatch):
        repository.sh("git config user.useConfigOnly true")
        for name in ("NAME", "EMAIL"):
            for role in ("AUTHOR", "COMMITTER"):
                monkeypatch.delenv(f"GIT_{role}_{name}")
        git = Git(repository.path)
        git.create_tag("t", "HEAD", "m")
        repository.write("a", "2")
        git.commit_paths(["a"], "two")
        assert repository.sh("git log -1 --format=%an") == "optim-harness"

    def test_a_branch_is_made_and_switched_to(self, repository):
        git = Git(repository.path)
        git.create_branch("work")
        assert git.has_branch("work")
        assert git.branch() == "main"
        git.switch("work")
        assert git.branch() == "work"

    def test_switching_refuses_to_overwrite_a_change(self, repository):
        git = Git(repository.path)
        git.create_branch("work")
        repository.write("a", "2")
        repository.commit()
        repository.write("a", "mine")
        with pytest.raises(GitFailed, match="overwritten"):
            git.switch("work")
        assert repository.read("a") == "mine"

    def test_a_merge_is_fast_forward_where_it_can_be(self, repository):
        git = Git(repository.path)
        git.create_branch("work")
        git.switch("work")
        repository.write("a", "2")
        repository.commit()
        top = git.head()
        git.switch("main")
        assert git.merge("work", "merged") == top

    def test_a_merge_in_conflict_is_undone(self, repository):
        git = Git(repository.path)
        git.create_branch("work")
        repository.write("a", "mine")
        repository.commit()
        before = git.head()
        git.switch("work")
        repository.write("a", "theirs")
        repository.commit()
        git.switch("main")
        with pytest.raises(GitFailed):
            git.merge("work", "merged")
        assert git.head() == before
        assert git.changes().clean

    def test_a_ref_moves_only_from_where_it_was_expected(self, repository):
        git = Git(repository.path)
        git.update_ref("refs/harness/x", "HEAD", "0" * 40)
        with pytest.raises(GitFailed):
            git.update_ref("refs/harness/x", "HEAD", "0" * 40)
        assert git.refs("refs/harness/") == {"refs/harness/x": git.head()}
        git.delete_ref("refs/harness/x")
        assert git.refs("refs/harness/") == {}


class TestTrees:
    def test_the_tree_of_a_clean_checkout_is_that_of_its_commit(self, repository):
        assert Git(repository.path).tree() == repository.sh("git rev-parse HEAD^{tree}")

    def test_tracked_and_untracked_content_counts_and_ignored_does_not(self, repository):
        git = Git(repository.path)
        repository.write(".gitignore", "ignored\n")
        first = git.tree()
        repository.write("ignored", "x")
        assert git.tree() == first
        repository.write("new", "x")
        second = git.tree()
        repository.write("a", "changed")
        assert len({first, second, git.tree()}) == 3

    def test_what_is_staged_makes_no_difference(self, repository):
        git = Git(repository.path)
        repository.write("a", "changed")
        before = git.tree()
        repository.sh("git add a")
        assert git.tree() == before

    def test_only_what_lies_below_the_paths_counts(self, repository):
        git = Git(repository.path)
        before = git.tree(["s"])
        repository.write("a", "changed")
        assert git.tree(["s"]) == before
        repository.write("s/new", "x")
        assert git.tree(["s"]) != before

    def test_a_path_that_is_not_there_adds_nothing(self, repository):
        git = Git(repository.path)
        assert git.tree(["nowhere", "s"]) == git.tree(["s"])

    def test_a_deleted_file_is_missing_from_the_tree(self, repository):
        git = Git(repository.path)
        (repository.path / "s" / "b").unlink()
        assert git.files_at(git.snapshot("x")) == ("a",)

    def test_the_index_and_the_objects_are_left_alone(self, repository):
        repository.write("staged", "x")
        repository.sh("git add staged")
        repository.write("a", "changed")
        repository.write("new", "y")
        index = (repository.path / ".git" / "index").read_bytes()
        objects = sorted((repository.path / ".git" / "objects").rglob("*"))
        Git(repository.path).tree()
        assert (repository.path / ".git" / "index").read_bytes() == index
        assert sorted((repository.path / ".git" / "objects").rglob("*")) == objects

    def test_a_change_within_the_same_second_and_size_is_seen(self, repository):
        git = Git(repository.path)
        seen = set()
        for content in ("aaaa", "bbbb", "cccc"):
            repository.write("a", content)
            seen.add(git.tree())
        assert len(seen) == 3

    def test_a_large_file_that_is_not_tracked_is_left_out(self, repository, monkeypatch):
        monkeypatch.setattr("harness.system.git.reading.LARGE_BYTES", 1000)
        git = Git(repository.path)
        before = git.tree()
        repository.write("s/data*", "x" * 1001)
        assert git.too_large() == ("s/data*",)
        assert git.tree() == before
        repository.sh("git add .")
        assert git.tree() != before

    def test_a_snapshot_keeps_the_tree_and_moves_nothing(self, repository):
        git = Git(repository.path)
        repository.write("a", "changed")
        repository.write("new", "x")
        head, status = git.head(), repository.sh("git status --porcelain")
        commit = git.snapshot("attempt", ref="refs/harness/attempts/x/1")
        assert git.refs("refs/harness/") == {"refs/harness/attempts/x/1": commit}
        assert git.read_file(commit, "new") == b"x"
        assert (git.head(), repository.sh("git status --porcelain")) == (head, status)


class TestCommittingAndRestoring:
    def test_exactly_the_paths_are_committed(self, repository):
        git = Git(repository.path)
        repository.write("a", "changed")
        repository.write("other", "staged")
        repository.sh("git add other")
        repository.write("new/file", "x")
        repository.write("unrelated", "x")
        (repository.path / "s" / "b").unlink()
        git.commit_paths(["a", "new", "s/b"], "step")
        assert git.diff_names("HEAD~1", "HEAD") == ("a", "new/file", "s/b")
        assert git.changes().tracked == ("other",)
        assert git.changes().untracked == ("unrelated",)
        assert git.message("HEAD") == "step"

    def test_a_path_with_the_characters_of_a_pattern_means_itself(self, repository):
        git = Git(repository.path)
        repository.write("*", "star")
        repository.write("other", "x")
        git.commit_paths(["*"], "star")
        assert git.diff_names("HEAD~1", "HEAD") == ("*",)

    def test_nothing_to_commit_is_an_error(self, repository):
        with pytest.raises(GitFailed, match="nothing to commit"):
            Git(repository.path).commit_paths(["nowhere"], "x")

    def test_what_a_hook_leaves_running_is_named_and_not_waited_for(self, repository, caplog):
        hook = repository.path / ".git" / "hooks" / "post-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nsleep 300 & echo $! > pid\n")
        hook.chmod(0o755)
        repository.write("a", "two\n")
        Git(repository.path).run("commit", "-qam", "message")
        pid = int(repository.read("pid"))
        os.kill(pid, signal.SIGKILL)
        said = f"git commit (or a hook of yours) ended, and left running: sleep (process {pid})"
        assert said in caplog.text

    def test_a_hook_that_refuses_is_quoted(self, repository):
        hook = repository.path / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho no tabs please >&2\nexit 1\n")
        hook.chmod(0o755)
        repository.write("a", "changed")
        with pytest.raises(GitFailed, match="no tabs please"):
            Git(repository.path).commit_paths(["a"], "x")

    def test_restoring_brings_back_removes_and_leaves_the_rest(self, repository):
        git = Git(repository.path)
        repository.write("a", "changed")
        repository.write("fresh/file", "x")
        repository.write("mine", "x")
        git.restore("HEAD", ["a", "fresh/file"])
        assert repository.read("a") == "one\n"
        assert not (repository.path / "fresh").exists()
        assert repository.read("mine") == "x"

    def test_restoring_removes_a_file_that_was_committed_later(self, repository):
        git = Git(repository.path)
        repository.write("later", "x")
        repository.commit()
        git.restore("HEAD~1", ["later"])
        assert not (repository.path / "later").exists()
        assert git.changes().tracked == ("later",)

    def test_a_lock_that_a_killed_git_left_is_cleared_away(self, repository):
        lock = repository.path / ".git" / "index.lock"
        lock.touch()
        repository.write("a", "changed")
        Git(repository.path).commit_paths(["a"], "x")
        assert not lock.exists()
        assert repository.sh("git log -1 --format=%s") == "x"

    def test_a_lock_that_a_process_holds_is_left_and_its_holder_named(
        self, repository, monkeypatch
    ):
        monkeypatch.setattr("harness.system.git.locks.PATIENCE_S", 0.2)
        lock = repository.path / ".git" / "index.lock"
        repository.write("a", "changed")
        with lock.open("w"), pytest.raises(NotAllowed) as caught:
            Git(repository.path).commit_paths(["a"], "x")
        assert f"Process {os.getpid()} holds {lock}" in caught.value.hint
        assert lock.exists()

    def test_a_full_disk_is_no_refusal_of_what_was_asked(self, repository):
        """A hook stands in for git's own words, which come as its standard error."""
        hook = repository.path / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(
            "#!/bin/sh\necho 'fatal: write error: No space left on device' >&2; exit 1\n"
        )
        hook.chmod(0o755)
        repository.write("a", "changed")
        with pytest.raises(StorageFailed, match="No space left") as caught:
            Git(repository.path).commit_paths(["a"], "x")
        assert "Free some space" in caught.value.hint

    def test_a_lock_is_not_stale_while_a_git_works_on_it(self, repository, monkeypatch):
        monkeypatch.setattr("harness.system.git.locks.PATIENCE_S", 0.2)
        hook = repository.path / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\n: >started; exec sleep 30\n")
        hook.chmod(0o755)
        repository.write("a", "changed")
        argv = ["git", "commit", "-qam", "slow"]
        with subprocess.Popen(argv, cwd=repository.path, start_new_session=True) as slow:
            try:
                while not (repository.path / "started").exists():
                    assert slow.poll() is None
                with pytest.raises(NotAllowed, match=r"index\.lock"):
                    Git(repository.path).restore("HEAD", ["a"])
            finally:
                os.killpg(slow.pid, signal.SIGKILL)
        Git(repository.path).restore("HEAD", ["a"])
        assert repository.read("a") == "one\n"

    def test_what_a_hook_leaves_running_is_not_waited_for(self, repository):
        hook = repository.path / ".git" / "hooks" / "post-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nsleep 600 &\necho $! >../left\n")
        hook.chmod(0o755)
        repository.write("a", "changed")
        Git(repository.path).commit_paths(["a"], "x")
        left = int((repository.path.parent / "left").read_text())
        os.kill(left, signal.SIGKILL)  # it still ran: the commit did not wait for its end


class TestPrivateWorktrees:
    def test_a_revision_is_checked_out_and_taken_away(self, repository, tmp_path):
        repository.write("a", "2")
        repository.commit()
        git = Git(repository.path)
        with git.worktree_at("HEAD~1", tmp_path / "trees") as tree:
            assert (tree / "a").read_text() == "one\n"
            assert repository.read("a") == "2"
        assert list((tmp_path / "trees").iterdir()) == []
        assert repository.sh("git worktree list").count("\n") == 0

    def test_it_is_removed_after_an_error_and_when_files_are_read_only(self, repository, tmp_path):
        git = Git(repository.path)

        def fail() -> None:
            with git.worktree_at("HEAD", tmp_path / "trees") as tree:
                (tree / "s").chmod(0o500)
                raise RuntimeError("in the middle")

        with pytest.raises(RuntimeError):
            fail()
        assert list((tmp_path / "trees").iterdir()) == []

    def test_the_users_hooks_do_not_run(self, repository, tmp_path):
        hook = repository.path / ".git" / "hooks" / "post-checkout"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
        hook.chmod(0o755)
        with Git(repository.path).worktree_at("HEAD", tmp_path / "trees"):
            pass
        assert not (tmp_path / "hooked").exists()

    def test_two_at_once_are_apart_and_neither_prunes_the_other(self, repository, tmp_path):
        git = Git(repository.path)
        with (
            git.worktree_at("HEAD", tmp_path) as one,
            git.worktree_at("HEAD", tmp_path) as other,
        ):
            git.prune_worktrees()
            assert one != other
            assert (one / "a").exists()
            assert (other / "a").exists()

    def test_what_a_killed_process_left_is_cleared_away(self, repository, tmp_path):
        script = textwrap.dedent(f"""
            import os, signal
            from pathlib import Path
            from harness.system.git.writing import Git
            with Git(Path({str(repository.path)!r})).worktree_at("HEAD", Path({str(tmp_path)!r})):
                os.kill(os.getpid(), signal.SIGKILL)
        """)
        subprocess.run([sys.executable, "-c", script], check=False, env=dict(os.environ))
        assert len(list(tmp_path.glob("harness-worktree-*"))) == 2
        git = Git(repository.path)
        mine = tmp_path / "mine"
        repository.sh(f"git worktree add -q --detach {mine}")
        git.prune_worktrees()
        assert list(tmp_path.glob("harness-worktree-*")) == []
        assert (mine / "a").exists()
