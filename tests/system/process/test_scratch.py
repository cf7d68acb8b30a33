"""Scratch folders: whose they are, what is cleaned up, what counts as output."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.errors import StorageFailed
from harness.system.process.scratch import Scratch, scratch_in_memory
from harness.system.process.trees import remove_tree
from harness.system.process.trial_folder import TrialFolder


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    with Scratch(tmp_path / "scratch") as made:
        yield made


OTHER = """
import os, sys
from pathlib import Path
from harness.system.process.scratch import Scratch
print(Scratch(Path(sys.argv[1])).make(()).root, flush=True)
sys.stdin.read()
os._exit(0)
"""


def test_what_a_dead_process_left_is_removed_and_a_live_ones_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    argv = [sys.executable, "-c", OTHER, str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(argv, **pipes) as live, subprocess.Popen(argv, **pipes) as dead:
        theirs = [Path(os.fsdecode(p.stdout.readline().strip())) for p in (live, dead)]
        dead.kill()
        dead.wait()
        with Scratch(folder) as scratch:
            scratch.make(())
            assert [path.exists() for path in theirs] == [True, False]
        assert theirs[0].exists()


def test_nothing_is_made_before_it_is_needed(tmp_path: Path) -> None:
    Scratch(tmp_path / "scratch").close()
    assert not (tmp_path / "scratch").exists()


def test_every_trial_has_a_fresh_folder_with_an_equally_long_path(scratch: Scratch) -> None:
    folders = [scratch.make(()) for _ in range(11)]
    assert len({folder.root for folder in folders}) == 11
    assert len({len(str(folder.root)) for folder in folders}) == 1
    assert all(list(folder.work.iterdir()) == [] for folder in folders)


def test_a_folder_serves_one_trial_alone_where_none_is_used_again(scratch: Scratch) -> None:
    scratch.reuses = False
    first = scratch.make(()).root
    scratch.discard(first)
    assert not first.exists()
    assert scratch.make(()).root != first


def test_closing_removes_everything(tmp_path: Path) -> None:
    with Scratch(tmp_path) as scratch:
        scratch.make(()).stdout.write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, mode: int = 0o666) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    with (
        Scratch(tmp_path) as scratch,
        pytest.raises(StorageFailed, match="No space left on device"),
    ):
        scratch.make(())


def test_read_only_folders_are_removed_too(tmp_path: Path) -> None:
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "file").touch()
    (tmp_path / "tree" / "deep").chmod(0o500)
    remove_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


# ---- the digest ------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An input folder, as old as inputs are."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("aaa")
    os.utime(folder / "a.txt", (1_000_000_000, 1_000_000_000))
    return folder


def write(name: str, text: str) -> Callable[[TrialFolder], object]:
    return lambda folder: (folder.root / name).write_text(text)


def link(name: str, to: str) -> Callable[[TrialFolder], object]:
    return lambda folder: (folder.root / name).symlink_to(to)


SOMETHING = (
    write("stdout", "1"),
    write("stdout", "2"),
    write("work/result", "1"),
    write("work/result", "2"),
    write("work/other", "1"),
    write("work/data/a.txt", "bbb"),
    write("work/data/b.txt", "aaa"),
    lambda folder: (folder.work / "data" / "a.txt").unlink(),
    lambda folder: (folder.work / "data" / "a.txt").rename(folder.work / "moved"),
    link("work/result", "data"),
    link("work/result", "nowhere"),
    lambda folder: os.mkfifo(folder.work / "result"),
)

NOTHING = (
    write("stderr", "a warning"),
    write("tmp/cache", "1"),
    write("phases", "1\t1\ta"),
    lambda folder: (folder.work / "empty").mkdir(),
    lambda folder: (folder.work / "data" / "a.txt").read_text(),
)


def test_every_difference_in_what_is_left_changes_the_digest(scratch: Scratch, data: Path) -> None:
    digests = [scratch.make([("data", data)]).digest()]
    for change in SOMETHING:
        folder = scratch.make([("data", data)])
        change(folder)
        digests.append(folder.digest())
        assert folder.digest() == digests[-1]
    assert len(set(digests)) == len(SOMETHING) + 1


@pytest.mark.parametrize("change", NOTHING)
def test_what_is_no_output_does_not_change_the_digest(
    scratch: Scratch, data: Path, change: Callable[[TrialFolder], object]
) -> None:
    folder = scratch.make([("data", data)])
    before = folder.digest()
    change(folder)
    assert folder.digest() == before


def test_equal_outputs_have_equal_digests_in_different_folders(
    scratch: Scratch, data: Path
) -> None:
    digests = set()
    for inputs in ([("data", data)], ()):
        folder = scratch.make(inputs)
        (folder.work / "b").write_text("2")
        (folder.work / "a").write_text("1")
        digests.add(folder.digest())
    assert len(digests) == 1


# ---- folders that serve again ----------------------------------------------------------------


MESSES = {
    "files": lambda root: (root / "work" / "deep" / "er").mkdir(parents=True),
    "beside": lambda root: (root / "more").mkdir(),
    "locked": lambda root: (root / "work").chmod(0),
    "gone": lambda root: (root / "tmp").rmdir(),
    "a link elsewhere": lambda root: (
        (root / "work").rmdir(),
        (root / "work").symlink_to(root.parents[2] / "precious"),
    ),
    "a second name of a file": lambda root: os.link(root / "stderr", root.parents[2] / "second"),
    "a file with another mode": lambda root: (root / "stdout").chmod(0),
    "an input that was written": lambda root: (root / "stdin").write_text("1"),
    "a link for a file": lambda root: (
        (root / "stdin").unlink(),
        (root / "stdin").symlink_to(root.parents[2] / "precious" / "file"),
    ),
    "a folder for a file": lambda root: ((root / "stdout").unlink(), (root / "stdout").mkdir()),
    "a file": lambda root: ((root / "tmp").rmdir(), (root / "tmp").write_text("not a folder")),
}


@pytest.mark.parametrize("mess", MESSES)
def test_a_discarded_folder_leaves_nothing_to_the_next_trial(
    scratch: Scratch, tmp_path: Path, mess: str
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    first = scratch.make(())
    (first.work / "result").write_text("1")
    (first.work / "result").unlink() if "link" in mess else None
    first.phases.write_text("1")
    MESSES[mess](first.root)
    scratch.discard(first.root)

    again = scratch.make(())
    assert sorted(p.name for p in again.root.rglob("*")) == [
        *("phases", "stderr", "stdin", "stdout", "tmp", "work")
    ]
    assert again.work.is_dir()
    assert not again.work.is_symlink()
    for facts in (path.lstat() for path in (again.stdin, *map(Path, again.places.written))):
        assert stat.S_ISREG(facts.st_mode)
        assert facts.st_mode & 0o600 == 0o600
        assert (facts.st_size, facts.st_nlink) == (0, 1)
    assert (precious / "file").exists()


def test_what_a_trial_left_as_it_was_serves_the_next_one_as_it_is(scratch: Scratch) -> None:
    first = scratch.make(())
    scratch.discard(first.root)
    second = scratch.make(())
    assert second.opened is first.opened
    second.stdout.unlink()
    second.stdout.touch(0o600)  # another file of that name
    scratch.discard(second.root)
    third = scratch.make(())
    third.stdout.write_text("printed")
    assert os.pread(third.opened.stdout, 10, 0) == b"printed"


def test_a_folder_discarded_twice_is_given_out_once(scratch: Scratch) -> None:
    first = scratch.make(())
    scratch.discard(first.root)
    scratch.discard(first.root)
    assert scratch.make(()).root != scratch.make(()).root


def test_what_somebody_has_mapped_stays_readable(scratch: Scratch) -> None:
    first = scratch.make(())
    first.stdout.write_text("old")
    with first.stdout.open() as held:
        scratch.discard(first.root)
        scratch.make(()).stdout.write_text("new")
        assert held.read() == "old"


def test_memory_with_room_serves_as_scratch_for_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.system.process.scratch.ENOUGH_BYTES", 1)
    found = scratch_in_memory(tmp_path / "otherwise", memory=tmp_path)
    assert found == tmp_path / f"harness-{os.getuid()}"
    assert found.stat().st_mode & 0o777 == 0o700


def test_memory_without_room_does_not_serve_as_scratch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.system.process.scratch.ENOUGH_BYTES", 2**80)
    assert scratch_in_memory(tmp_path / "otherwise", memory=tmp_path) == tmp_path / "otherwise"
    assert not (tmp_path / f"harness-{os.getuid()}").exists()


@pytest.mark.parametrize("mode", [0o777, None], ids=["others may write", "no folder"])
def test_a_folder_that_is_not_this_users_alone_does_not_serve_as_scratch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None
) -> None:
    monkeypatch.setattr("harness.system.process.scratch.ENOUGH_BYTES", 1)
    folder = tmp_path / f"harness-{os.getuid()}"
    if mode is None:
        folder.write_text("a file")
    else:
        folder.mkdir()
        folder.chmod(mode)
    assert scratch_in_memory(tmp_path / "otherwise", memory=tmp_path) == tmp_path / "otherwise"


def test_no_memory_file_system_is_no_trouble(tmp_path: Path) -> None:
    assert scratch_in_memory(tmp_path, memory=tmp_path / "missing") == tmp_path
