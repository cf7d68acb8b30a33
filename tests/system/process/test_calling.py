"""Calls of tools: what they print is bounded, what they leave running is not waited for."""

import logging
import os
import resource
import signal
from pathlib import Path

import pytest

from harness.system.process.calling import (
    KEPT_BYTES,
    Call,
    Ended,
    Follower,
    StillRunningError,
    call,
)
from tests.waiting import until


def shell(script: str, **more: object) -> Ended:
    return call(Call(["sh", "-c", script], **more))  # type: ignore[arg-type]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_what_was_printed_comes_back_with_the_code() -> None:
    done = shell("printf out; printf err >&2; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out", b"err")


def test_a_signal_is_a_negative_code() -> None:
    assert shell("kill -SEGV $$").returncode == -signal.SIGSEGV


def test_standard_input_is_what_is_given_or_empty() -> None:
    given = b"x" * 1_000_000
    assert call(Call(["cat"], stdin=given)).stdout == given
    assert call(Call(["cat"])).stdout == b""


def test_both_streams_may_be_long_at_once() -> None:
    both = "head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2"
    done = shell(both)
    assert (len(done.stdout), len(done.stderr)) == (3_000_000, 2_000_000)


def test_of_a_long_output_the_beginning_and_the_end_are_kept() -> None:
    done = shell("echo first; yes | head -c 100000; echo last", stdout_bytes=1000)
    assert done.stdout.startswith(b"first\ny\n")
    assert done.stdout.endswith(b"y\nlast\n")
    assert done.cut_bytes == 100_011 - 1000
    assert b"[... 99011 bytes are left out here ...]" in done.stdout
    assert len(done.stdout) < 1100


def test_a_gigabyte_takes_no_gigabyte() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = shell("head -c 1000000000 /dev/zero")
    assert len(done.stdout) < KEPT_BYTES + 100
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(
    ("daemon", "name"), [("sleep 300", "sleep"), ("setsid sleep 300", "sleep"), ("yes", "yes")]
)
def test_a_process_that_keeps_the_pipe_is_named_and_not_waited_for(
    daemon: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "harness"):
        begun = f"until [ $(cat /proc/$!/comm) = {name} ]; do :; done"
        done = shell(f"{daemon} & {begun}; echo $! >&2; echo ready", timeout_s=60)
    pid = int(done.stderr)
    try:
        assert done.returncode == 0
        assert done.stdout.startswith(b"ready" if name == "sleep" else b"")
        assert not gone(pid)
        assert f"left running: {name}" in caplog.text
        assert f"(process {pid})" in caplog.text
    finally:
        os.kill(pid, signal.SIGKILL)


def test_what_is_left_may_print_on(tmp_path: Path) -> None:
    """More than a pipe holds, without an error and without waiting for a reader."""
    server = f"sleep 0.3; head -c 300000 /dev/zero && touch {tmp_path}/done"
    shell(f"({server}) &")
    until((tmp_path / "done").exists)


def test_a_daemon_that_gave_its_pipes_away_is_nobodys_business(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = shell("sleep 300 >/dev/null 2>&1 & echo $!")
    os.kill(int(done.stdout), signal.SIGKILL)
    assert caplog.text == ""


def test_past_its_time_the_whole_group_is_ended(tmp_path: Path) -> None:
    script = f"trap '' TERM; sleep 300 & echo $! > {tmp_path}/pid; wait"
    for timeout_s in (0.5, 4, 32):  # as long as a busy machine needs to come so far
        with pytest.raises(StillRunningError):
            shell(script, timeout_s=timeout_s)
        if (tmp_path / "pid").exists() and (tmp_path / "pid").stat().st_size:
            break
    until(lambda: gone(int((tmp_path / "pid").read_text())))


def test_one_that_stops_itself_is_ended_too() -> None:
    with pytest.raises(StillRunningError):
        shell("kill -STOP $$", timeout_s=0.3)


def test_what_cannot_be_started_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        call(Call([str(tmp_path / "none")]))


def test_a_follower_hears_errors_and_a_stop_is_ctrl_c() -> None:
    heard: list[bytes] = []
    script = "trap 'echo put in order; exit 7' INT; echo begun >&2; while :; do sleep 0.01; done"
    done = shell(script, follower=Follower(heard.append, lambda: bool(heard)))
    assert (done.returncode, done.stdout) == (7, b"put in order\n")
    assert b"".join(heard) == b"begun\n"
