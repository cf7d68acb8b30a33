"""What lies in the place of a kept file: a link, a pipe or a folder is named, never waited for."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.campaign.events import Kind
from harness.errors import DataDamaged, StorageFailed
from harness.optimise.journal import Journal, read_events
from harness.optimise.records import Records
from harness.system.store import files
from harness.system.store.files import read_given, read_kept, storage_errors
from harness.system.store.run_file import read_run, run_folders
from harness.system.store.seal import read_seal
from harness.system.store.stream import StreamWriter, read_rows


def put_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


PUT: dict[str, Callable[[Path], None]] = {
    "a link": put_link,
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
}
in_its_place = pytest.mark.parametrize("put", PUT.values(), ids=PUT.keys())


def all_rows(path: Path) -> None:
    for _ in read_rows(path):
        pass


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "any": ("x", read_kept),
    "run": ("run.json", lambda path: read_run(path.parent)),
    "journal": ("events.jsonl", read_events),
    "seal": ("seal.sha256", lambda path: read_seal(path.parent)),
    "stream": ("trials.stream", all_rows),
    "going on with a stream": ("trials.stream", lambda path: StreamWriter(path, "run")),
}


@in_its_place
@pytest.mark.parametrize(("name", "read"), READERS.values(), ids=READERS.keys())
def test_what_is_no_file_is_named_and_not_waited_for(
    tmp_path: Path, put: Callable[[Path], None], name: str, read: Callable[[Path], object]
) -> None:
    put(tmp_path / name)
    with pytest.raises(DataDamaged, match=name):
        read(tmp_path / name)


@in_its_place
def test_nothing_is_written_through_what_lies_in_the_journal_s_place(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    path = tmp_path / "events.jsonl"
    journal = Journal(path)
    event = journal.draft([], Kind.STARTED, {})
    put(path)
    with pytest.raises(DataDamaged, match=r"events\.jsonl"):
        journal.append(event)
    assert not (tmp_path / "elsewhere").exists()


@in_its_place
def test_a_log_that_is_no_file_is_named(tmp_path: Path, put: Callable[[Path], None]) -> None:
    put(tmp_path / "thinking_log.md")
    with pytest.raises(DataDamaged, match=r"thinking_log\.md"):
        Records(tmp_path, tmp_path / "aside").behind([])


def test_a_run_that_lost_its_run_json_is_still_one(tmp_path: Path) -> None:
    for name, inside in (("a", "trials.parquet"), ("b", "run.json"), ("notes", "readme.txt")):
        (tmp_path / name).mkdir()
        (tmp_path / name / inside).touch()
    (tmp_path / "c").mkdir()
    (tmp_path / "c/run.json").symlink_to("/nope")
    assert [folder.name for folder in run_folders(tmp_path)] == ["a", "b", "c"]
    with pytest.raises(DataDamaged, match=r"a/run\.json: damaged: it is missing"):
        read_run(tmp_path / "a")


def test_a_file_that_may_not_be_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(files, "open_ordinary", refuse)
    with pytest.raises(DataDamaged) as refused:
        read_kept(tmp_path / "x")
    assert refused.value.message == f"{tmp_path / 'x'}: cannot be read: Permission denied"
    assert "chmod" in refused.value.hint


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.ENOSPC, "Free some space"), (errno.EACCES, "chmod u+rwX"), (errno.EROFS, "read-only")],
)
def test_what_helps_is_what_the_error_wants(tmp_path: Path, number: int, hint: str) -> None:
    with pytest.raises(StorageFailed) as failed, storage_errors(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "inside"))
    assert hint in failed.value.hint
    assert ("space" in failed.value.hint) == (number == errno.ENOSPC)
    assert str(tmp_path / "inside") in failed.value.message


def test_a_file_that_a_user_names_may_be_a_link_and_no_pipe(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("words")
    (tmp_path / "link").symlink_to("there")
    os.mkfifo(tmp_path / "pipe")
    assert read_given(tmp_path / "link", 4) == b"word"
    with pytest.raises(OSError, match="it is a pipe"):
        read_given(tmp_path / "pipe", 4)
