"""The launcher: compiled on first use, kept by content, called once a trial.

`launcher.c` says what it does and why it is no part of this process. Where it cannot be compiled
`fallback.py` is called in its place: a small Python process with the same command line
and the same report, whose own memory (15 MB) shows in the peak memory of small targets.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import select
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.model import Sample, SteadyPlan
from harness.system.process.calling import Call, StillRunningError, call
from harness.system.process.descent import end_orphans, end_tree, orphans_come_to_us
from harness.system.process.programs import find_program

SOURCE = Path(__file__).with_name("launcher.c")
FALLBACK = Path(__file__).with_name("fallback.py")
COMPILERS = ("cc", "gcc", "clang", "tcc")
VERSION = "harness launcher 1"

_COMPILE_TIMEOUT_S = 120
_REPORT_FD = 3
_CANCEL_PATIENCE_S = 10.0
_OVERDUE_S = 15.0
"""How much longer than the job's timeout the launcher may take: it sweeps up for five seconds."""
_LOOK_MS = 500
_STOPPED = "the launcher was stopped while the program ran, by the program?; its time is unknown"
_STOPPED_OR_GONE = os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT
_REPORT_CHUNK = 1 << 16
_MOST_REPORT_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Job:
    """One execution of a program, as the launcher is told it. All paths are absolute."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path
    stdin: Path
    stdout: Path
    stderr: Path
    timeout_ns: int
    cpus: tuple[int, ...] = ()
    max_file_bytes: int = 0
    """The largest file that the program may write; 0: no limit."""
    steady: SteadyPlan | None = None
    """Drive the work inside the process; None: just run it."""


@dataclass(frozen=True, slots=True)
class LaunchReport:
    """What the launcher saw: figures by name, the samples, and what went wrong in words."""

    figures: Mapping[str, int]
    samples: tuple[Sample, ...]
    trouble: str = ""
    lost: bool = False
    """The launcher itself came to an end before it could report; `trouble` says how."""

    def get(self, name: str, default: int = 0) -> int:
        """A figure, or `default` where the launcher did not give it."""
        return self.figures.get(name, default)


@dataclass(frozen=True, slots=True)
class Launcher:
    """A launcher that works on this machine."""

    command: tuple[str, ...]
    fallback_reason: str = ""
    """Why the Python fallback serves; empty under the compiled one."""

    @property
    def compiled(self) -> bool:
        return not self.fallback_reason

    def launch(self, job: Job) -> LaunchReport:
        """Run a job to its end and read the report.

        An exception meanwhile (Ctrl-C) ends the job's whole process tree before it goes on. So
        does a launcher that is kept from its work: a target may stop or kill it.
        """
        argv = [*self.command, *_arguments(job)]
        started_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        reading, writing = os.pipe()
        with orphans_come_to_us(), os.fdopen(reading, "rb", buffering=0) as report:
            try:
                # Not subprocess, which takes a millisecond more under a large parent.
                pid = os.posix_spawn(
                    argv[0],
                    argv,
                    job.env,
                    file_actions=[(os.POSIX_SPAWN_DUP2, writing, _REPORT_FD)],
                    setsigmask=[],
                )
            except OSError as problem:
                if problem.errno == errno.E2BIG:
                    return LaunchReport({"exec_errno": errno.E2BIG}, (), os.strerror(errno.E2BIG))
                return LaunchReport({}, (), f"the launcher cannot be started: {problem}")
            finally:
                os.close(writing)
            try:
                text, was_stopped = _read_report(report.fileno(), pid, _patience_s(job))
                if text is None:
                    return _overdue(pid, started_s)
                _, status = os.waitpid(pid, 0)
            except BaseException:
                _cancel(pid, started_s)
                raise
            found = parse_report(text, os.waitstatus_to_exitcode(status))
            if found.lost:
                end_orphans(started_s)
        if was_stopped and not (found.lost or found.get("timed_out")):
            return LaunchReport(found.figures, (), _STOPPED, lost=True)
        return found


def _patience_s(job: Job) -> float | None:
    """How long the launcher may take for a job, what it sweeps up included; None: for ever."""
    return job.timeout_ns / 1e9 + _OVERDUE_S if job.timeout_ns > 0 else None


def _read_report(report: int, pid: int, patience_s: float | None) -> tuple[bytes | None, bool]:
    """What the launcher reports, None where it has not ended by then; and whether it was stopped.

    A launcher that was stopped is told to go on: only it keeps the job's time.
    """
    ends = None if patience_s is None else time.monotonic() + patience_s
    poll = select.poll()
    poll.register(report, select.POLLIN)
    text, was_stopped = bytearray(), False
    while ends is None or time.monotonic() < ends:
        if poll.poll(_LOOK_MS):
            data = os.read(report, _REPORT_CHUNK)
            if not data:
                return bytes(text), was_stopped
            text += data
            if len(text) > _MOST_REPORT_BYTES:
                break
        elif (seen := os.waitid(os.P_PID, pid, _STOPPED_OR_GONE)) is not None:
            if seen.si_code != os.CLD_STOPPED:
                return bytes(text), was_stopped  # somebody else holds the pipe
            was_stopped = True
            os.kill(pid, signal.SIGCONT)
    return None, was_stopped


def _overdue(pid: int, started_s: float) -> LaunchReport:
    """End a job whose launcher does not, as if it had run into its timeout."""
    ended = end_tree(pid)
    end_orphans(started_s)
    wall_ns = round((time.clock_gettime(time.CLOCK_BOOTTIME) - started_s) * 1e9)
    figures = {"timed_out": 1, "wall_ns": wall_ns, "left_behind": max(0, ended - 1)}
    return LaunchReport(figures, ())


def _arguments(job: Job) -> list[str]:
    steady = job.steady
    numbers = (steady.samples, steady.min_sample_ns, steady.budget_ns) if steady else (0, 0, 0)
    return [
        str(os.getpid()),
        str(job.timeout_ns),
        ",".join(map(str, job.cpus)) or "-",
        str(job.max_file_bytes),
        *map(str, (job.stdin, job.stdout, job.stderr, job.folder)),
        *map(str, numbers),
        *job.argv,
    ]


def _cancel(pid: int, started_s: float) -> None:
    """Have a launcher end its tree and itself; a second Ctrl-C must not stop that."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGCONT)
        patience = time.monotonic() + _CANCEL_PATIENCE_S
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    return
                if time.monotonic() > patience:
                    end_tree(pid)
                    end_orphans(started_s)
                    return
                time.sleep(0.002)


def parse_report(text: bytes, exit_code: int = 0) -> LaunchReport:
    """The launcher's `key value` lines as figures and samples.

    A report without its last line, `end 1`, is one whose launcher was killed: that is trouble.
    """
    if not text.endswith(b"end 1\n"):
        return LaunchReport({}, (), _why_lost(exit_code), lost=True)
    try:
        return _parse(text)
    except ValueError:
        return LaunchReport({}, (), "the launcher's report was tampered with", lost=True)


def _why_lost(exit_code: int) -> str:
    if exit_code >= 0:
        return f"the launcher itself ended early, with {exit_code}"
    name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else -exit_code
    return (
        f"the launcher itself was killed by signal {name} while the program ran: by the program,"
        " or by the kernel as memory ran out"
    )


def _parse(text: bytes) -> LaunchReport:
    figures: dict[str, int] = {}
    samples: list[Sample] = []
    trouble = ""
    for line in text.decode("utf-8", "replace").splitlines():
        key, _, rest = line.partition(" ")
        if key == "sample":
            batch, wall_ns, cpu_ns, calibration = map(int, rest.split())
            samples.append(Sample(len(samples), batch, wall_ns, cpu_ns, bool(calibration)))
        elif key == "trouble":
            trouble = rest
        elif rest.lstrip("-").isdecimal():
            figures[key] = int(rest)
        else:
            trouble += f" {line}"  # the path in a complaint may hold line breaks
    del figures["end"]
    return LaunchReport(figures, tuple(samples), trouble)


def get_launcher(cache: Path) -> Launcher:
    """The launcher kept in `cache`, compiled if need be, or the Python fallback.

    Two processes may do this at once: each compiles into a file of its own and renames it.
    """
    source = SOURCE.read_bytes()
    digest = hashlib.sha256(source + platform.machine().encode()).hexdigest()[:16]
    path = cache / f"launcher-{digest}"
    # One that was kept may be of another machine with the same home, or broken.
    if path.is_file() and not _said([str(path), "--version"], VERSION):
        return Launcher((str(path),))
    problems = []
    for name in filter(find_program, COMPILERS):
        problem = _compile(name, path)
        if not problem:
            return Launcher((str(path),))
        problems.append(problem)
    reason = problems[0] if problems else "no C compiler was found on PATH"
    return Launcher((sys.executable, "-I", "-S", str(FALLBACK)), reason)


def _compile(name: str, path: Path) -> str:
    """Compile the launcher, statically where that works; returns what went wrong, in words."""
    problem = ""
    for flags in (("-O2", "-static"), ("-O2",)):
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="launcher.") as folder:
            made = Path(folder) / "launcher"
            problem = _said([name, *flags, "-o", str(made), str(SOURCE)])
            if not problem:
                problem = _said([str(made), "--version"], VERSION)
            if not problem:
                made.replace(path)
                return ""
    return f"{name}: {problem}"


def _said(argv: list[str], expected: str = "") -> str:
    """What a program complains of; empty where it ends well and says what it should."""
    try:
        done = call(Call(argv, timeout_s=_COMPILE_TIMEOUT_S))
    except StillRunningError:
        return f"{argv[0]} was still running after {_COMPILE_TIMEOUT_S} s"
    except OSError as problem:
        return str(problem)
    if done.returncode == 0 and expected in done.stdout.decode("utf-8", "replace"):
        return ""
    words = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return words[-1] if words else f"{argv[0]} ended with {done.returncode}"
