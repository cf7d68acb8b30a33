"""The launcher: found where it was installed, or compiled on first use; started for many trials.

`launcher.c` says what it does and why it is no part of this process; `protocol` what is said to it.
Wheels have it, and installing from source compiles it (`setup.py`). Where neither was possible, or
the source has changed since, it is compiled when it is first used and kept by content. Where it
cannot be compiled `fallback.py` is started in its place: a small Python process that speaks the
same protocol, whose own memory (15 MB) shows in the peak memory of small targets.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import tempfile
from dataclasses import field
from pathlib import Path

from harness.errors import AdapterError
from harness.frozen import dataclass
from harness.system.launcher import made_of, protocol
from harness.system.launcher.serving import Line
from harness.system.launcher.watching import Watch
from harness.system.launcher.wire import LaunchReport, WrittenJob
from harness.system.process.calling import Call, StillRunningError, call
from harness.system.process.programs import find_program

SHIPPED = made_of.FOLDER
FALLBACK = Path(__file__).with_name("fallback.py")

_COMPILE_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class LauncherFacts:
    """Which launcher times the trials of a run; stored with it."""

    kind: str
    """`shipped` with the harness, `compiled` when it was first used, or the one in `python`."""
    sha256: str
    reason: str = ""
    """Why it is the one in Python."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """A launcher that works on this machine; its process is started by the first job."""

    command: tuple[str, ...]
    fallback_reason: str = ""
    """Why the Python fallback serves; empty under the compiled one."""
    shipped: bool = False
    """Was it installed with the harness, not compiled when it was first used?"""
    _line: Line = field(default_factory=Line, init=False, repr=False, compare=False)

    @property
    def compiled(self) -> bool:
        return not self.fallback_reason

    @property
    def facts(self) -> LauncherFacts:
        """What times the trials, by content: of the fallback, its source files."""
        sources = sorted(FALLBACK.parent.glob("*.py"))
        digest = hashlib.sha256()
        for path in [Path(self.command[0])] if self.compiled else sources:
            digest.update(path.read_bytes())
        kind = "python" if not self.compiled else "shipped" if self.shipped else "compiled"
        return LauncherFacts(kind, digest.hexdigest(), self.fallback_reason)

    def launch(self, job: WrittenJob, more: str = "") -> LaunchReport:
        """Run a job to its end and read the report.

        `more`: further variables of the program, `NAME=value` with zero bytes between them.
        An exception meanwhile (Ctrl-C) ends the job's whole process tree before it goes on. So
        does a launcher that is kept from its work: a target may stop or kill it. The next job
        then gets a new one.
        """
        try:
            return self._line.serve(self.command, job, more)
        except OSError as problem:
            return LaunchReport({}, (), f"the launcher cannot be started: {problem}")

    def watch(self) -> Watch:
        """A new watch over this process; whoever asks for it closes it."""
        return Watch(self.command)

    def close(self) -> None:
        """End the launcher's process; a job after that starts another one."""
        self._line.close()


def get_launcher(cache: Path) -> Launcher:
    """The launcher that was installed with the harness, or the one in `cache`, or the fallback.

    It is compiled into `cache` where it is in neither place.

    Two processes may do this at once: each compiles into a file of its own and renames it.
    AdapterError where this is not Linux, whose process trees, clocks and namespaces it rests on.
    """
    if not sys.platform.startswith("linux"):
        raise AdapterError(
            f"programs are measured on Linux only, and this is {platform.system()}",
            hint="What is stored can be read here (history, report, export, sql, compare --stored)."
            " To measure, use a Linux machine, container or virtual machine.",
        )
    path = cache / made_of.launcher_name(platform.machine())
    kept = kept_launcher(cache)
    if kept is not None:
        return Launcher((str(kept),), shipped=kept != path)
    problems = []
    for compiler in filter(find_program, made_of.COMPILERS):
        problem = _compile(compiler, path)
        if not problem:
            return Launcher((str(path),))
        problems.append(problem)
    reason = problems[0] if problems else "no C compiler was found on PATH"
    return Launcher(fallback_command(), reason)


def kept_launcher(cache: Path) -> Path | None:
    """The program that `get_launcher` takes without compiling one; None where there is none."""
    name = made_of.launcher_name(platform.machine())
    # One that was kept may be of another machine with the same home, or broken.
    for there in (SHIPPED / name, cache / name):
        if there.is_file() and _answers(there):
            return there
    return None


_answering: set[tuple[str, int, int, int]] = set()
"""Launchers that have said the right version in this process: by path, and as they were then."""


def _answers(launcher: Path) -> bool:
    """Does a launcher say the version of its protocol? One that has not changed is asked once."""
    facts = launcher.stat()
    key = (str(launcher), facts.st_ino, facts.st_size, facts.st_ctime_ns)
    asked = [str(launcher), "--version"]
    if key not in _answering and not _said(asked, protocol.VERSION, touches=False):
        _answering.add(key)
    return key in _answering


def fallback_command() -> tuple[str, ...]:
    """What starts the launcher in Python."""
    return (sys.executable, "-I", "-S", str(FALLBACK))


def _compile(name: str, path: Path) -> str:
    """Compile the launcher, statically where that works; returns what went wrong, in words."""
    problem = ""
    for flags in made_of.FLAGS:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="launcher.") as folder:
            made = Path(folder) / "launcher"
            problem = _said(made_of.compile_command(name, flags, made))
            if not problem:
                problem = _said([str(made), "--version"], protocol.VERSION)
            if not problem:
                made.replace(path)
                return ""
    return f"{name}: {problem}"


def _said(argv: list[str], expected: str = "", *, touches: bool = True) -> str:
    """What a program complains of; empty where it ends well and says what it should.

    `touches` as in `Call`: a launcher of ours that says its version changes nothing.
    """
    try:
        done = call(Call(argv, timeout_s=_COMPILE_TIMEOUT_S, touches=touches))
    except StillRunningError:
        return f"{argv[0]} was still running after {_COMPILE_TIMEOUT_S} s"
    except OSError as problem:
        return str(problem)
    if done.returncode == 0 and expected in done.stdout.decode("utf-8", "replace"):
        return ""
    words = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return words[-1] if words else f"{argv[0]} ended with {done.returncode}"
