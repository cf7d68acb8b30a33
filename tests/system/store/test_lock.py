"""One at a time, and nobody waits for the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import NotAllowed, StorageFailed
from harness.system.store.lock import hold, holder_of, is_held

HOLD_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from harness.system.store.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder_process(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_UNTIL_KILLED, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_is_held_within_and_free_afterwards(tmp_path):
    path = tmp_path / "new folder" / "lock"
    with hold(path):
        assert is_held(path)
    assert not is_held(path)
    assert holder_of(path) is None


def test_it_is_free_after_an_error(tmp_path):
    def fail() -> None:
        with hold(tmp_path / "lock"):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not is_held(tmp_path / "lock")


def test_a_lock_that_never_was_is_not_held(tmp_path):
    assert not is_held(tmp_path / "lock")


def test_it_is_not_taken_twice_in_one_process(tmp_path):
    with hold(tmp_path / "lock"), pytest.raises(NotAllowed), hold(tmp_path / "lock"):
        pass


def test_the_refusal_names_the_holder(tmp_path):
    path = tmp_path / "lock"
    other = holder_process(path)
    try:
        with pytest.raises(NotAllowed) as caught, hold(path):
            pass
    finally:
        other.kill()
        other.communicate()
    assert f"process {other.pid} on " in caught.value.message
    assert "-c" in caught.value.message
    assert "since 20" in caught.value.message
    assert str(path) in caught.value.hint


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path):
    path = tmp_path / "lock"
    other = holder_process(path)
    os.kill(other.pid, signal.SIGKILL)
    other.communicate()
    assert holder_of(path) is not None, "the dead one's name is still in the file"
    with hold(path):
        mine = holder_of(path)
    assert mine is not None
    assert mine.pid == os.getpid()


def test_a_program_started_meanwhile_does_not_keep_it(tmp_path):
    with hold(tmp_path / "lock"):
        child = subprocess.Popen(["sleep", "60"])
    try:
        assert not is_held(tmp_path / "lock")
    finally:
        child.kill()
        child.wait()


def test_a_file_that_says_nonsense_names_nobody(tmp_path):
    (tmp_path / "lock").write_text('{"pid": 1}')
    assert holder_of(tmp_path / "lock") is None


def test_a_folder_that_cannot_be_made_is_said_in_words(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed), hold(tmp_path / "file" / "lock"):
        pass
