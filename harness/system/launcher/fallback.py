"""The launcher in Python, for machines without a C compiler; see `launcher.c`.

A program of its own, not a part of the harness's process, that speaks the same protocol. Every job
is executed by a worker that is forked for it and takes on the job's limits, so that nothing of a
job is left for the next one. It differs in four ways: the peak memory of a target reads at least
that of the worker (15 MB), a trial takes some milliseconds more, nobody looks at how many threads
there are, and steady work that hangs once it is repeated is ended at the timeout, not before.
"""
# pathlib would add to the memory that shows in small targets.
# ruff: noqa: PTH120

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import sys
import termios
import time
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from harness.system.launcher import fallback_worker, protocol
else:
    sys.path.insert(0, os.path.dirname(__file__))
    import fallback_worker
    import protocol


def leave_terminal() -> None:
    """Away from the terminal's Ctrl-C, which the harness passes on, and from its keyboard."""
    with contextlib.suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDWR)
        fcntl.ioctl(terminal, termios.TIOCNOTTY)
        os.close(terminal)
    os.setpgid(0, 0)


def take(size: int) -> bytes:
    """`size` bytes of what the harness sends; the process ends where it sends no more."""
    data = b""
    while len(data) < size:
        more = os.read(protocol.CONTROL_FD, size - len(data))
        if not more:
            os._exit(0)
        data += more
    return data


def receive() -> bytes:
    """The next job as it was sent."""
    (length,) = struct.unpack("=I", take(4))
    return take(length)


def was_stopped(pid: int) -> bool:
    """See `was_stopped` in `launcher.c`."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            state, _, _, _, terminal = file.read().rpartition(b")")[2].split()[:5]
        if state != b"T" or terminal == b"0":
            return state == b"T"
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123
            caught = next(line for line in file if line.startswith(b"SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (signal.SIGTSTP - 1) & 1)
    return False


def watch(pid: int) -> NoReturn:
    """Have the process that started us go on where it was stopped, for as long as it lives."""
    while os.getppid() == pid:
        if was_stopped(pid):
            with contextlib.suppress(BlockingIOError):
                os.write(protocol.CONTROL_FD, b"1")
            os.kill(pid, signal.SIGCONT)
        time.sleep(0.5)
    os._exit(0)


class Server:
    """Executes jobs, each in a worker of its own."""

    def __init__(self) -> None:
        self.worker = 0
        self.told_to_end = False

    def on_signal(self, number: int, frame: object) -> None:
        """End, and the worker before us; without one there is nothing to wait for."""
        self.told_to_end = True
        if not self.worker:
            os._exit(0)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.worker, signal.SIGTERM)

    def serve(self, frame: bytes) -> None:
        """Have one job executed; a worker that was killed or stopped is us, to the harness."""
        ended = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        server = os.getpid()
        self.worker = os.fork()
        if not self.worker:
            fallback_worker.work(frame, server)
        signal.pthread_sigmask(signal.SIG_SETMASK, ended)
        while True:
            _, status = os.waitpid(self.worker, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                break
            os.kill(os.getpid(), signal.SIGSTOP)  # the harness sees that, and wakes us
            os.kill(self.worker, signal.SIGCONT)
        self.worker = 0
        if os.WIFSIGNALED(status):
            os.kill(os.getpid(), os.WTERMSIG(status))
        if self.told_to_end or os.waitstatus_to_exitcode(status) != 0:
            os._exit(os.waitstatus_to_exitcode(status))


def main(words: list[str]) -> NoReturn:
    """Serve the process that started us until it ends."""
    if words == ["--version"]:
        os.write(1, f"{protocol.VERSION}\n".encode())
        os._exit(0)
    if words[0] == "--watch":
        watch(int(words[1]))
    server = Server()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.on_signal)
    os.set_inheritable(protocol.CONTROL_FD, False)
    os.closerange(protocol.CONTROL_FD + 1, os.sysconf("SC_OPEN_MAX"))
    os.umask(0o022)
    leave_terminal()
    fallback_worker.become_subreaper()
    if os.getppid() != int(words[0]):
        os._exit(2)
    while True:
        server.serve(receive())


if __name__ == "__main__":
    main(sys.argv[1:])
