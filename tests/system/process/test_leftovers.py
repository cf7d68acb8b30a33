"""What killed processes leave, and a full disk: cleared away or made whole by the next call."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from harness.system.git.writing import Git
from harness.system.process.passing import passing_folder
from harness.system.store.files import clear_temporaries, replacing, write_atomically

PASSING = """
import os, signal
from harness.system.process.passing import passing_folder
with passing_folder("test") as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_passing_folder_is_gone_afterwards(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with passing_folder("test") as folder, passing_folder("test") as other:
        assert folder != other
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.parent.iterdir()) == []


def test_the_passing_folder_of_a_killed_process_goes_with_the_next(monkeypatch, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PASSING], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    left = Path(done.stdout.strip())
    assert left.is_dir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with passing_folder("test") as folder:
        assert {path.name for path in folder.parent.iterdir()} == {
            folder.name,
            f"{folder.name}.lock",
        }


def test_temporary_files_of_a_killed_process_are_cleared_and_nothing_else(tmp_path):
    write_atomically(tmp_path / "kept", b"1")
    (tmp_path / ".user.new").touch()
    with replacing(tmp_path / "kept") as file:
        (name,) = {path.name for path in tmp_path.iterdir()} - {"kept", ".user.new"}
        file.write(b"2")
        shutil.copyfile(tmp_path / name, tmp_path / name.replace(".kept.", ".other."))
    assert len(list(tmp_path.iterdir())) == 3
    clear_temporaries(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"kept", ".user.new"}
    assert (tmp_path / "kept").read_bytes() == b"2"


def test_an_index_that_a_full_disk_left_behind_is_made_whole(repository):
    """The commit was made, and git could not write the index."""
    index = repository.path / ".git" / "index"
    before = index.read_bytes()
    repository.write("a", "changed")
    repository.write("fresh", "new")
    git = Git(repository.path)
    git.commit_paths(["a", "fresh"], "Change")
    index.write_bytes(before)
    assert set(git.changes().tracked) == {"a", "fresh"}
    git.align_index(["a", "fresh"])
    assert git.changes().clean


def test_what_is_staged_and_here_is_left_in_the_index(repository):
    repository.write("a", "changed")
    repository.sh("git add a")
    git = Git(repository.path)
    git.align_index(["a"])
    assert git.changes().tracked == ("a",)
    assert repository.sh("git diff --cached --name-only") == "a"


def test_a_worktree_that_git_never_heard_of_goes_with_the_next(repository, tmp_path):
    """Killed between the folder and `git worktree add`; and between its lock and the folder."""
    trees = tmp_path / "trees"
    (trees / "harness-worktree-0123-1-ab").mkdir(parents=True)
    (trees / "harness-worktree-4567-1-cd.lock").touch()
    (trees / "mine").mkdir()
    with Git(repository.path).worktree_at("HEAD", trees) as tree:
        assert {p.name for p in trees.iterdir()} == {"mine", tree.name, f"{tree.name}.lock"}
    assert {p.name for p in trees.iterdir()} == {"mine"}
