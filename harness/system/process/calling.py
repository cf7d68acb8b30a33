"""Calls a program to its end: what it prints is bounded, what it leaves running is not waited for.

Everything but targets is called here: compilers, setup commands, git, agents. A call is over when
the program itself has ended, not when the last holder of its pipes has: a server that a setup
command starts, a compiler's daemon and what a git hook leaves in the background inherit those
pipes and may live for ever. What they print later is read and dropped, as long as we live.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import IO

from harness.frozen import dataclass
from harness.system.process.descent import Below
from harness.system.process.touching import touched_everything

KEPT_BYTES = 32 * 2**20
"""A longer standard output or error is cut: the first and the last half of this are kept."""

_READ_BYTES = 1 << 16
_GRACE_S = 0.1
"""How long after a program's end its pipes may stay open before that is worth a word."""
_LAST_WORDS_S = 2.0
"""How long what was printed before the end is read, while somebody else prints on."""
_POLITE_S = 1.0
"""How long a program that is told to end may take for it: git removes its locks then."""
_SHOWN = 5
_LOOKED_S = 0.1
"""How often it is asked whether the program is to be stopped."""
_INTERRUPTED_S = 20.0
"""How long a program that was interrupted may take to put its things in order."""


class StillRunningError(Exception):
    """The program ran past its time and was ended, with everything in its process group."""


@dataclass(frozen=True, slots=True)
class Follower:
    """Who hears what a program says while it runs, and may stop it."""

    heard: Callable[[bytes], None]
    """Called with each piece of its standard error."""
    stopped: Callable[[], bool]
    """Once true, the program is interrupted as by Ctrl-C, and its end is waited for."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is called, and how."""

    argv: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    """The whole environment; None: ours."""
    stdin: bytes = b""
    timeout_s: float | None = None
    stdout_bytes: int = KEPT_BYTES
    """How much of standard output is kept; of standard error it is always KEPT_BYTES."""
    title: str = ""
    """What it is called where it is spoken of; left out: by its words."""
    touches: bool = True
    """May it change what others read?"""
    follower: Follower | None = None

    @property
    def name(self) -> str:
        return self.title or " ".join(map(str, self.argv))[:200]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended."""

    returncode: int
    """Negative: the number of the signal that ended it."""
    stdout: bytes
    stderr: bytes
    wall_ns: int
    cut_bytes: int = 0
    """How much of standard output was left out of its middle."""


def call(asked: Call) -> Ended:
    """Run a program to its end.

    Raises OSError where it cannot be started and StillRunningError past its time. Whatever is
    raised, its process group has been ended.
    """
    if not asked.touches:
        return _call(asked)
    touched_everything()
    try:
        return _call(asked)
    finally:
        touched_everything()


def _call(asked: Call) -> Ended:
    started_ns = time.monotonic_ns()
    with _as_stdin(asked.stdin) as stdin:
        process = subprocess.Popen(
            asked.argv,
            cwd=asked.cwd,
            env=asked.env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: `_end` reaches all of it, and a terminal's Ctrl-C reaches the
            # harness alone, which decides what becomes of the program.
            start_new_session=True,
        )
    assert process.stdout is not None
    assert process.stderr is not None
    heard = None if asked.follower is None else asked.follower.heard
    streams = [
        _Stream(process.stdout.fileno(), asked.stdout_bytes),
        _Stream(process.stderr.fileno(), KEPT_BYTES, heard),
    ]
    deadline = None if asked.timeout_s is None else time.monotonic() + asked.timeout_s
    try:
        _read_until_ended(process, streams, deadline, asked.follower)
        wall_ns = time.monotonic_ns() - started_ns
        _read_last_words(streams)
        if any(stream.open for stream in streams):
            _tell_what_is_left(asked.name, streams)
            _drop_the_rest(streams)
    except BaseException:
        _end(process)
        raise
    finally:
        process.stdout.close()
        process.stderr.close()
    stdout, stderr = streams
    return Ended(process.returncode, stdout.text(), stderr.text(), wall_ns, stdout.cut_bytes)


@contextlib.contextmanager
def _as_stdin(content: bytes) -> Iterator[int | IO[bytes]]:
    """A file descriptor to read the content from: nothing has to feed it."""
    if not content:
        yield subprocess.DEVNULL
        return
    # A pipe would fill up where the program prints before it reads, and both would wait for ever.
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    with os.fdopen(fd, "w+b") as file:
        file.write(content)
        file.seek(0)
        yield file


@dataclass(slots=True)
class _Stream:
    """One pipe, and what is kept of it: its beginning and its end."""

    fd: int
    keep: int
    heard: Callable[[bytes], None] | None = None
    open: bool = True
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    cut_bytes: int = 0

    def __post_init__(self) -> None:
        os.set_blocking(self.fd, False)

    def read(self) -> bool:
        """Take what is there; False where nothing is, for now or for ever."""
        try:
            data = os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self.open = False
            return False
        if self.heard is not None:
            self.heard(data)
        half = self.keep // 2
        room = half - len(self.head)
        if room > 0:
            self.head += data[:room]
            data = data[room:]
        self.tail += data
        # Seldom, not at every read: what is cut off the front moves all the rest.
        if len(self.tail) > 2 * half:
            self._cut(half)
        return True

    def _cut(self, half: int) -> None:
        surplus = len(self.tail) - half
        if surplus > 0:
            del self.tail[:surplus]
            self.cut_bytes += surplus

    def text(self) -> bytes:
        """What was printed; a longer one without its middle, in whose place one line says so."""
        if self.cut_bytes or len(self.head) + len(self.tail) > self.keep:
            self._cut(self.keep // 2)
            self.head += b"\n[... %d bytes are left out here ...]\n" % self.cut_bytes
        self.head += self.tail
        self.tail.clear()
        return bytes(self.head)


def _read_until_ended(
    process: subprocess.Popen[bytes],
    streams: Sequence[_Stream],
    deadline: float | None,
    follower: Follower | None = None,
) -> None:
    """Read both pipes until the process has ended; StillRunningError past the deadline."""
    poll = select.poll()
    by_fd = {stream.fd: stream for stream in streams}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    with _watched(process.pid) as watch:
        if watch is not None:
            poll.register(watch, select.POLLIN)
        while process.poll() is None:
            if follower is not None and follower.stopped():
                _interrupt(process)
                deadline, follower = time.monotonic() + _INTERRUPTED_S, None
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise StillRunningError
            slices = [
                left,
                None if watch is not None else 0.02,
                None if follower is None else _LOOKED_S,
            ]
            wait = min((s for s in slices if s is not None), default=None)
            # poll takes a C int of milliseconds, and cuts fractions off: an hour at most is well
            # within it, and one more millisecond keeps the last fraction from becoming a busy loop.
            for fd, _ in poll.poll(None if wait is None else 1000 * min(wait, 3600.0) + 1):
                stream = by_fd.get(fd)
                if stream is not None and not stream.read() and not stream.open:
                    poll.unregister(fd)


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[int | None]:
    """A descriptor that becomes readable at the process's end; None where the kernel has none."""
    try:
        fd = os.pidfd_open(pid)
    except OSError as problem:
        # An old kernel, a sandbox, or no descriptor left: then the process is asked every 20 ms.
        if problem.errno not in (errno.ENOSYS, errno.EPERM, errno.EMFILE):
            raise
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)


def _read_last_words(streams: Sequence[_Stream]) -> None:
    """What the process printed before its end; then a moment for helpers that end just after."""
    now = time.monotonic()
    grace, patience = now + _GRACE_S, now + _LAST_WORDS_S
    while any(stream.open for stream in streams):
        more = [stream.read() for stream in streams if stream.open]
        now = time.monotonic()
        if now > patience or (not any(more) and now > grace):
            return
        if not any(more) and any(stream.open for stream in streams):
            time.sleep(0.002)


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """What a terminal's Ctrl-C does."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGINT)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all below it: politely at first, for what has locks to remove."""
    below = Below(process.pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        process.wait(_POLITE_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    below.end()
    process.wait()


def _tell_what_is_left(name: str, streams: Sequence[_Stream]) -> None:
    """Say which processes still hold the pipes of a call that is over."""
    pipes = {os.fstat(stream.fd).st_ino for stream in streams if stream.open}
    holders = [who for pid in _processes() if (who := _holder(pid, pipes))]
    shown = ", ".join(holders[:_SHOWN]) or "a process of another user"
    more = f" and {len(holders) - _SHOWN} more" if len(holders) > _SHOWN else ""
    import logging

    logging.getLogger("harness").warning(
        "harness: %s ended, and left running: %s%s", name, shown, more
    )


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _holder(pid: int, pipes: set[int]) -> str:
    """`sleep (process 1234)` where that process holds one of the pipes; else nothing."""
    if pid == os.getpid():
        return ""
    with contextlib.suppress(OSError):
        for number in (Path("/proc") / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                if number.stat().st_ino in pipes:
                    return f"{(number.parent.parent / 'comm').read_text().strip()} (process {pid})"
    return ""


def _drop_the_rest(streams: Sequence[_Stream]) -> None:
    """Read what is printed after the end, and drop it: a full or closed pipe would be felt."""
    for stream in streams:
        if stream.open:
            fd = os.dup(stream.fd)
            os.set_blocking(fd, True)
            threading.Thread(target=_drop, args=(fd,), name="harness-drops", daemon=True).start()


def _drop(fd: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(fd, _READ_BYTES):
            pass
    os.close(fd)
