"""The launcher: compiled on first use, kept by content, started once for many trials.

`launcher.c` says what it does and why it is no part of this process; `protocol` what is said to it.
Where it cannot be compiled `fallback.py` is started in its place: a small Python process that
speaks the same protocol, whose own memory (15 MB) shows in the peak memory of small targets.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from harness.system.launcher import protocol
from harness.system.launcher.serving import Line
from harness.system.launcher.watching import Watch
from harness.system.launcher.wire import Job, LaunchReport
from harness.system.process.calling import Call, StillRunningError, call
from harness.system.process.programs import find_program

SOURCE = Path(__file__).with_name("launcher.c")
HEADER = Path(__file__).with_name("protocol.h")
FALLBACK = Path(__file__).with_name("fallback.py")
COMPILERS = ("cc", "gcc", "clang", "tcc")

_COMPILE_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Launcher:
    """A launcher that works on this machine; its process is started by the first job."""

    command: tuple[str, ...]
    fallback_reason: str = ""
    """Why the Python fallback serves; empty under the compiled one."""
    _line: Line = field(default_factory=Line, init=False, repr=False, compare=False)

    @property
    def compiled(self) -> bool:
        return not self.fallback_reason

    def launch(self, job: Job) -> LaunchReport:
        """Run a job to its end and read the report.

        An exception meanwhile (Ctrl-C) ends the job's whole process tree before it goes on. So
        does a launcher that is kept from its work: a target may stop or kill it. The next job
        then gets a new one.
        """
        try:
            return self._line.serve(self.command, job)
        except OSError as problem:
            return LaunchReport({}, (), f"the launcher cannot be started: {problem}")

    def watch(self) -> Watch:
        """A new watch over this process; whoever asks for it closes it."""
        return Watch(self.command)

    def close(self) -> None:
        """End the launcher's process; a job after that starts another one."""
        self._line.close()


def get_launcher(cache: Path) -> Launcher:
    """The launcher kept in `cache`, compiled if need be, or the Python fallback.

    Two processes may do this at once: each compiles into a file of its own and renames it.
    """
    source = SOURCE.read_bytes() + HEADER.read_bytes()
    digest = hashlib.sha256(source + platform.machine().encode()).hexdigest()[:16]
    path = cache / f"launcher-{digest}"
    # One that was kept may be of another machine with the same home, or broken.
    if path.is_file() and not _said([str(path), "--version"], protocol.VERSION):
        return Launcher((str(path),))
    problems = []
    for name in filter(find_program, COMPILERS):
        problem = _compile(name, path)
        if not problem:
            return Launcher((str(path),))
        problems.append(problem)
    reason = problems[0] if problems else "no C compiler was found on PATH"
    return Launcher(fallback_command(), reason)


def fallback_command() -> tuple[str, ...]:
    """What starts the launcher in Python."""
    return (sys.executable, "-I", "-S", str(FALLBACK))


def _compile(name: str, path: Path) -> str:
    """Compile the launcher, statically where that works; returns what went wrong, in words."""
    problem = ""
    for flags in (("-O2", "-static"), ("-O2",)):
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="launcher.") as folder:
            made = Path(folder) / "launcher"
            problem = _said([name, *flags, "-o", str(made), str(SOURCE)])
            if not problem:
                problem = _said([str(made), "--version"], protocol.VERSION)
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
