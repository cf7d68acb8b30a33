"""The process of the launcher: started with the first job, watched, replaced where it is lost."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import socket
import struct
import time
import weakref

from harness.system.launcher import protocol
from harness.system.launcher.wire import LENGTH, Job, LaunchReport, WrittenJob, decode_report
from harness.system.process.descent import OrphansComeToUs, end_orphans, end_tree
from harness.system.process.touching import touched_everything

_CANCEL_PATIENCE_S = 10.0
_CLOSE_PATIENCE_S = 2.0
_OVERDUE_S = 15.0
"""How much longer than the job's timeout the launcher may take: it sweeps up for five seconds."""
_LOOK_S = 0.5
_STOPPED = "the launcher was stopped while the program ran, by the program?; its time is unknown"
_TAMPERED = "the launcher's report was tampered with"
_STOPPED_OR_GONE = os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT
_SHORT_REPORT = 1 << 12
"""Nearly all have less, and room for more is not had for nothing."""
_REPORT_CHUNK = 1 << 16
_MOST_REPORT_BYTES = 64 * 2**20
_MOST_JOB_BYTES = 16 * 2**20
"""Linux takes at most 6 MiB of arguments and environment."""
_SMALL_BYTES = 1 << 17
"""A launcher that had to hold more in a job is replaced: its memory is the least that is read."""


class Line:
    """The connection to a launcher's process, which is started where there is none."""

    def __init__(self) -> None:
        self._ticket = 0
        self._process: _Process | None = None
        self._orphans = OrphansComeToUs()
        self._end: weakref.finalize[[], Line] | None = None

    def serve(self, command: tuple[str, ...], job: WrittenJob, more: str = "") -> LaunchReport:
        """Have one job done, with `more` variables; OSError where no launcher can be started."""
        touched_everything()
        try:
            return self._served(command, job, more)
        finally:
            touched_everything()

    def _served(self, command: tuple[str, ...], job: WrittenJob, more: str) -> LaunchReport:
        self._ticket += 1
        frame = job.frame(self._ticket, more)
        if len(frame) > _MOST_JOB_BYTES:
            return LaunchReport({"exec_errno": errno.E2BIG}, (), os.strerror(errno.E2BIG))
        with self._orphans:
            try:
                process = self._with_job(command, frame)
                report, good = process.answer(self._ticket, _patience_s(job.job))
            except BaseException:
                if self._process is not None:
                    self._process.cancel()
                raise
            if not good or len(frame) > _SMALL_BYTES:
                self.close()
        return report

    def _with_job(self, command: tuple[str, ...], frame: bytes) -> _Process:
        """A process that has been sent the job; one that had ended before is replaced."""
        process = self._process
        if process is not None and process.is_there() and process.sent(frame):
            return process
        self.close()
        self._process = process = _Process(command)
        self._end = weakref.finalize(self, process.close)
        if not process.sent(frame):
            self.close()
            raise OSError(errno.EPIPE, "it ends at once")
        return process

    def close(self) -> None:
        """End the process, where there is one."""
        self._process = None
        if self._end is not None:
            self._end()


class _Process:
    """One process of the launcher."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._owner = os.getpid()
        ours, theirs = socket.socketpair()
        with theirs:
            # Above all that is put in place: dup2 onto the control's number keeps it open.
            high = fcntl.fcntl(theirs, fcntl.F_DUPFD_CLOEXEC, protocol.CONTROL_FD + 1)
            try:
                # Not subprocess, which takes a millisecond more under a large parent.
                self.pid = os.posix_spawn(
                    command[0],
                    [*command, str(os.getpid())],
                    {},
                    file_actions=[(os.POSIX_SPAWN_DUP2, high, protocol.CONTROL_FD)],
                    setsigmask=[],
                )
            except BaseException:
                ours.close()
                raise
            finally:
                os.close(high)
        # By the kernel: Python's own timeout polls before each word.
        _wait_at_most(ours, socket.SO_RCVTIMEO, _LOOK_S)
        _wait_at_most(ours, socket.SO_SNDTIMEO, _LOOK_S)
        self._socket = ours
        self._reaped = False
        self._started_s = time.clock_gettime(time.CLOCK_BOOTTIME)

    def is_there(self) -> bool:
        """Does it live, and is it ours? A fork of the process that started it leaves it alone.

        That a job can be sent does not tell: who it has started may hold its end a while longer.
        """
        if self._reaped or self._owner != os.getpid():
            return False
        try:
            seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return seen is None

    def sent(self, frame: bytes) -> bool:
        """Send a job; False where nobody takes it."""
        self._started_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        try:
            if len(frame) > _SMALL_BYTES:
                _wait_at_most(self._socket, socket.SO_SNDTIMEO, _CANCEL_PATIENCE_S)
            self._socket.sendall(frame)
            if len(frame) > _SMALL_BYTES:
                _wait_at_most(self._socket, socket.SO_SNDTIMEO, _LOOK_S)
        except OSError:  # BlockingIOError, where somebody has stopped it, among them
            return False
        return True

    def answer(self, ticket: int, patience_s: float | None) -> tuple[LaunchReport, bool]:
        """The report of the job that was sent; False with it: this process is of no more use."""
        payload, was_stopped = self._read(patience_s)
        if payload is None:
            return self._overdue(), False
        if not payload:
            return self._lost(), False
        report = decode_report(payload, ticket)
        if report is None:
            self._kill()
            return LaunchReport({}, (), _TAMPERED, lost=True), False
        if was_stopped and not report.get("timed_out"):
            return LaunchReport(report.figures, (), _STOPPED, lost=True), False
        good = not report.get("last") and len(payload) <= _SMALL_BYTES and not was_stopped
        return report, good

    def _read(self, patience_s: float | None) -> tuple[bytes | None, bool]:
        """What the launcher reports, and whether it was stopped meanwhile.

        None where it has not come by then, or is longer than any report; empty where the launcher
        has ended. One that was stopped is told to go on: only it keeps the job's time.
        """
        ends = None if patience_s is None else time.monotonic() + patience_s
        data, was_stopped, wanted = bytearray(), False, LENGTH.size
        while ends is None or time.monotonic() < ends:
            try:
                left = wanted - len(data)
                more = self._socket.recv(max(_SHORT_REPORT, min(left, _REPORT_CHUNK)))
            except BlockingIOError:  # nothing came for a while
                seen = os.waitid(os.P_PID, self.pid, _STOPPED_OR_GONE)
                if seen is None:
                    continue
                if seen.si_code != os.CLD_STOPPED:
                    return b"", was_stopped
                was_stopped = True
                os.kill(self.pid, signal.SIGCONT)
                continue
            except ConnectionError:
                more = b""
            if not more:
                return b"", was_stopped
            data += more
            if len(data) >= LENGTH.size:
                wanted = LENGTH.size + LENGTH.unpack_from(data)[0]
            if wanted > _MOST_REPORT_BYTES:
                return None, was_stopped
            if len(data) >= wanted:
                return bytes(data[LENGTH.size :]), was_stopped
        return None, was_stopped

    def _lost(self) -> LaunchReport:
        """How the launcher ended before it could report; what it left is ended too."""
        status = 0
        with contextlib.suppress(ChildProcessError):  # where somebody else has waited for it
            _, status = os.waitpid(self.pid, 0)
        self._reaped = True
        end_orphans(self._started_s)
        return LaunchReport({}, (), _why_lost(os.waitstatus_to_exitcode(status)), lost=True)

    def _kill(self) -> int:
        """End it with all below it; how many these were."""
        ended = end_tree(self.pid)
        self._reaped = True
        end_orphans(self._started_s)
        return ended

    def _overdue(self) -> LaunchReport:
        """End a job whose launcher does not, as if it had run into its timeout."""
        left_behind = max(0, self._kill() - 1)
        wall_ns = round((time.clock_gettime(time.CLOCK_BOOTTIME) - self._started_s) * 1e9)
        return LaunchReport({"timed_out": 1, "wall_ns": wall_ns, "left_behind": left_behind})

    def cancel(self) -> None:
        """Have the launcher end its tree and itself; a second Ctrl-C must not stop that."""
        if self._reaped or self._owner != os.getpid():
            return
        os.kill(self.pid, signal.SIGTERM)
        os.kill(self.pid, signal.SIGCONT)
        self._end_within(_CANCEL_PATIENCE_S)

    def close(self) -> None:
        """End it: it goes by itself once nobody can send it a job, if nobody keeps it from that."""
        self._socket.close()
        if not self._reaped and self._owner == os.getpid():
            self._end_within(_CLOSE_PATIENCE_S)

    def _end_within(self, seconds: float) -> None:
        self._socket.close()
        ends = time.monotonic() + seconds
        while not self._reaped:
            with contextlib.suppress(KeyboardInterrupt):
                if time.monotonic() > ends:
                    self._kill()
                elif _has_ended(self.pid):
                    self._reaped = True
                else:
                    time.sleep(0.0005)


def _wait_at_most(line: socket.socket, which: int, seconds: float) -> None:
    """Have a socket's calls give up after so long."""
    whole, rest = divmod(seconds, 1)
    line.setsockopt(socket.SOL_SOCKET, which, struct.pack("@ll", int(whole), round(rest * 1e6)))


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:  # as above
        return True


def _patience_s(job: Job) -> float | None:
    """How long the launcher may take for a job, what it sweeps up included; None: for ever."""
    return job.timeout_ns / 1e9 + _OVERDUE_S if job.timeout_ns > 0 else None


def _why_lost(exit_code: int) -> str:
    if exit_code >= 0:
        return f"the launcher itself ended early, with {exit_code}"
    name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else -exit_code
    return (
        f"the launcher itself was killed by signal {name} while the program ran: by the program,"
        " or by the kernel as memory ran out"
    )
