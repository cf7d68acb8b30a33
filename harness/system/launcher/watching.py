"""A watch over this process: what stops it, and cannot be the user's Ctrl-Z, does not last.

A target or a setup command may send SIGSTOP to the harness, which could then never end it. A small
process of its own looks twice a second and sends SIGCONT. A terminal's Ctrl-Z is left alone: see
`stop_as_told`. Whoever wants it to stop by hand sends what Ctrl-Z sends: `kill -TSTP`, since nobody
can tell a person's `kill -STOP` from a program's.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import weakref

from harness.system.launcher import protocol

STOPPED_US = (
    "the harness was stopped while it ran, by the program?; a watch had it go on, and what was"
    " measured meanwhile does not count"
)


class Watch:
    """Watches the process that made it, until it is closed or that process ends."""

    def __init__(self, command: tuple[str, ...]) -> None:
        """`command` starts a launcher, which knows how to watch; nothing is watched without one."""
        self._owner = os.getpid()
        self._woken, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._pid = 0
        try:
            with contextlib.suppress(OSError):
                self._pid = os.posix_spawn(
                    command[0],
                    [*command, "--watch", str(self._owner)],
                    {},
                    file_actions=[(os.POSIX_SPAWN_DUP2, theirs, protocol.CONTROL_FD)],
                    setpgroup=0,
                    setsigmask=[],
                )
        finally:
            os.close(theirs)
        self._said = select.poll()
        self._said.register(self._woken, select.POLLIN)
        self._end = weakref.finalize(self, _end, self._owner, self._pid, self._woken)

    def woke_us(self) -> bool:
        """Was this process stopped, and told to go on, since this was asked last?"""
        said = self._said.poll(0)
        if not said or not said[0][1] & select.POLLIN:
            return False  # asked for twice in every trial, and nearly always so
        try:
            return bool(os.read(self._woken, 1 << 12))
        except OSError:
            return False

    def close(self) -> None:
        """End the watch; may be called again."""
        self._end()


def _end(owner: int, pid: int, pipe: int) -> None:
    os.close(pipe)
    if pid and owner == os.getpid():
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def stop_as_told() -> None:
    """Have the watch know the terminal's Ctrl-Z from any other stop of this process.

    While SIGTSTP is caught, a stop can only come by SIGSTOP. Does nothing where it is ignored.
    """
    if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
        signal.signal(signal.SIGTSTP, _stop)


def _stop(number: int, frame: object) -> None:
    """Stop, with the signal uncaught meanwhile, as the watch wants to see it."""
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, _stop)
