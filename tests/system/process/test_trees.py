"""Trees that a program left: removed at any depth and mode, read within bounds."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.system.process.trees import (
    MOST_DEPTH,
    Budget,
    LeftTooMuchError,
    file_digest,
    files_below,
    open_ordinary,
    remove_tree,
    tree_digest,
)


def deep(folder: Path, depth: int, name: str = "d") -> None:
    """A tree deeper than a path can be long."""
    folder.mkdir()
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
        os.close(at)
        at = below
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)


@pytest.mark.parametrize("depth", [0, 1, 3, 1200, pytest.param(20_000, marks=pytest.mark.soak)])
def test_a_tree_of_any_depth_is_removed(tmp_path: Path, depth: int) -> None:
    deep(tmp_path / "tree", depth)
    remove_tree(tmp_path / "tree")
    assert list(tmp_path.iterdir()) == []


def test_long_names_are_no_trouble(tmp_path: Path) -> None:
    deep(tmp_path / "tree", 300, "n" * 255)
    remove_tree(tmp_path / "tree")
    assert list(tmp_path.iterdir()) == []


CLOSED = """
import os, sys
from pathlib import Path
from harness.system.process.trees import remove_tree
os.chdir(sys.argv[1])
os.setuid(65534) if os.getuid() == 0 else None
for i, mode in enumerate((0, 0o100, 0o200, 0o400, 0o500, 0o600)):
    folder = Path("tree") / str(i)
    (folder / "in" / "in").mkdir(parents=True)
    (folder / "in" / "file").touch()
    for path in (folder / "in" / "in", folder / "in", folder):
        path.chmod(mode)
Path("tree").chmod(0)
remove_tree(Path("tree"))
assert not Path("tree").exists(), list(os.walk("tree"))
"""


def test_folders_that_are_closed_to_their_owner_are_removed(tmp_path: Path) -> None:
    work = Path("/tmp") / f"harness-closed-{os.getpid()}"  # a folder that nobody can reach, too
    work.mkdir()
    work.chmod(0o777)
    try:
        subprocess.run([sys.executable, "-c", CLOSED, work], check=True, timeout=60)
    finally:
        remove_tree(work)


def test_many_files_and_folders_are_removed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for number in range(300):
        (tree / str(number % 30) / str(number)).mkdir(parents=True)
        (tree / f"file{number}").touch()
    remove_tree(tree)
    assert not tree.exists()


def test_names_of_our_own_do_not_collide(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("removed-0/a", "removed-1/b/c", "x/removed-2/y/removed-0/z"):
        (tree / name).mkdir(parents=True)
    (tree / "removed-3").touch()
    (tree / "x" / "removed-4").touch()
    remove_tree(tree)
    assert not tree.exists()


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(precious)
    (tree / "itself").symlink_to("itself")
    os.mkfifo(tree / "pipe")
    remove_tree(tree)
    (tmp_path / "link").symlink_to(precious)
    remove_tree(tmp_path / "link")
    remove_tree(tmp_path / "missing")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert (precious / "file").exists()


def test_files_are_listed_relative_and_links_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "up").symlink_to("..")
    assert sorted(files_below(tmp_path)) == ["a/b/file", "up"]


def test_too_many_files_and_levels_are_refused_where_there_is_a_limit(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).touch()
    assert len(list(files_below(tmp_path, 3))) == 3
    with pytest.raises(LeftTooMuchError, match="more than 2 files"):
        list(files_below(tmp_path, 2))
    deep(tmp_path / "deep", MOST_DEPTH + 1)
    with pytest.raises(LeftTooMuchError, match=f"deeper than {MOST_DEPTH}"):
        list(files_below(tmp_path, 10_000))
    assert len(list(files_below(tmp_path))) == MOST_DEPTH + 4


def test_a_digest_is_that_of_the_content_and_within_its_time(tmp_path: Path) -> None:
    content = os.urandom(1_000_000)
    (tmp_path / "file").write_bytes(content)
    assert file_digest(tmp_path / "file") == hashlib.sha256(content).digest()
    late = Budget(10**9, -1.0)
    with pytest.raises(LeftTooMuchError, match="longer than"):
        file_digest(tmp_path / "file", late)


def test_a_budget_refuses_what_would_go_past_it() -> None:
    budget = Budget(100, 60.0)
    budget.take(100)
    with pytest.raises(LeftTooMuchError, match="more than the 100 bytes"):
        budget.take(1)


def test_only_ordinary_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "file").write_bytes(b"x")
    for path in (tmp_path / "pipe", tmp_path / "link", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match=r"ordinary|links"):
            open_ordinary(path)
    file = open_ordinary(tmp_path / "file")
    assert tree_digest(file) == hashlib.sha256(b"x").digest()
    os.close(file)


ROOT_MOUNTS = """
import sys
from pathlib import Path
from harness.system.process.trees import remove_tree
remove_tree(Path(sys.argv[1]))
"""


def as_root_in_a_namespace(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell's lines with mounts of their own; skips where that is not allowed."""
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        check=False,
    )
    if tried.returncode != 0:
        pytest.skip("mounting is not allowed here")
    return subprocess.run(
        ["unshare", "--mount", "sh", "-e", "-c", script, "sh", sys.executable, ROOT_MOUNTS, folder],
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_mounted_in_a_tree_is_taken_away_and_not_emptied(tmp_path: Path) -> None:
    script = """
        mkdir "$3/kept" "$3/tree" "$3/tree/in" "$3/tree/in/a b"
        mount -t tmpfs none "$3/kept"; touch "$3/kept/file"
        mount --bind "$3/kept" "$3/tree/in/a b"
        mkdir "$3/kept/m"; mount -t tmpfs none "$3/tree/in/a b/m"
        "$1" -c "$2" "$3/tree"
        test ! -e "$3/tree"; test -e "$3/kept/file"
    """
    done = as_root_in_a_namespace(script, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_immutable_files_go_too(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "in").mkdir(parents=True)
    (tree / "in" / "file").touch()
    made = subprocess.run(
        ["chattr", "+i", tree / "in" / "file", tree / "in"], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("no file can be made immutable here")
    remove_tree(tree)
    assert not tree.exists()


def test_what_cannot_be_removed_is_named_once(tmp_path: Path, monkeypatch, caplog) -> None:
    monkeypatch.setattr("harness.system.process.trees._remove", lambda folder: None)
    for _ in range(2):
        remove_tree(tmp_path)
    assert [record.message.count(str(tmp_path)) for record in caplog.records] == [1]
