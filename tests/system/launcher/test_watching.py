"""A harness that somebody has stopped goes on; one that its user has stopped waits for them."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.system.launcher.launching import fallback_command, get_launcher

WATCHED = """
import os, sys, time
from harness.system.launcher.watching import Watch, stop_as_told
if sys.argv[1] == "caught":
    stop_as_told()
watch = Watch(tuple(sys.argv[2:]))
print("ready", flush=True)
sys.stdin.readline()
print(watch.woke_us(), watch.woke_us(), flush=True)
watch.close()
"""

SHELL = """
import os, signal, subprocess, sys, time
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
child = subprocess.Popen(sys.argv[2:], process_group=0, **pipes)
child.stdout.readline()
os.kill(child.pid, getattr(signal, sys.argv[1]))
os.waitid(os.P_PID, child.pid, os.WSTOPPED)
# A stop that is to end does so in a while; one that is to last is looked at for as long as this.
ends = time.monotonic() + (60 if sys.argv[1] == "SIGSTOP" else 1.5)
while time.monotonic() < ends:
    state = open(f"/proc/{child.pid}/stat").read().rpartition(")")[2].split()[0]
    if state != "T":
        break
    time.sleep(0.05)
os.kill(child.pid, signal.SIGCONT)
said = child.communicate(b"\\n")[0].decode().split()
print("state", state, *said, flush=True)
"""


@pytest.fixture(params=["compiled", "fallback"])
def command(request: pytest.FixtureRequest, launcher_cache: Path) -> tuple[str, ...]:
    if request.param == "fallback":
        return fallback_command()
    return get_launcher(launcher_cache).command


def test_a_stop_that_no_terminal_can_have_asked_for_does_not_last(command: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WATCHED, "plain", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGSTOP)
        assert child.communicate("\n", timeout=60)[0] == "True False\n"
    assert child.returncode == 0


@pytest.mark.parametrize(
    ("number", "said"),
    [("SIGTSTP", ["T", "False", "False"]), ("SIGSTOP", ["True", "False"])],
)
def test_on_a_terminal_ctrl_z_holds_and_another_stop_does_not(
    command: tuple[str, ...], number: str, said: list[str]
) -> None:
    words = [sys.executable, "-c", SHELL, number, sys.executable, "-c", WATCHED, "caught", *command]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(words[0], words)
    text = b""
    try:
        while chunk := os.read(terminal, 4096):
            text += chunk
    except OSError:  # a terminal whose last process has ended
        pass
    os.waitpid(pid, 0)
    os.close(terminal)
    found = text.decode().partition("state")[2].split()
    assert found[-len(said) :] == said, text
    assert (found[0] == "T") == (number == "SIGTSTP")


def test_the_watch_ends_with_the_one_that_it_watches(command: tuple[str, ...]) -> None:
    script = (
        "import sys; from harness.system.launcher.watching import Watch;"
        "print(Watch(tuple(sys.argv[1:]))._pid, flush=True); import os; os._exit(0)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, *command], capture_output=True, text=True, check=True
    )
    ends = time.monotonic() + 60
    while Path(f"/proc/{int(said.stdout)}").exists() and time.monotonic() < ends:
        time.sleep(0.05)
    assert not Path(f"/proc/{int(said.stdout)}").exists()
