"""Kills real processes at system calls of their choice, and looks at what the next one finds.

`strace` injects a signal where a process, or a git that it called, makes a call that changes a
file; without strace the signal comes after a random time. Two kinds of work are killed: a run
(`harness run`), and the steps of a campaign, whose git and journal are real. Each process is a fork
of this one, which has imported everything; strace is attached before it begins.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from following import import_all
from tally import Tally

from harness.cli import cli
from harness.cli import main as main_of_harness
from harness.cli.shared.base import guard
from harness.errors import GitFailed, HarnessError
from harness.system.store.parquet import read_parquet
from harness.system.store.run_file import read_run, run_folders
from harness.system.store.runs import stored_rows

HERE = Path(__file__).parent
OPTIMISE = HERE.parent / "optimise"
SIGNALS = ("KILL", "KILL", "KILL", "TERM", "INT", "HUP", "QUIT", "SEGV", "ABRT")
CALLS = (
    *("openat", "write", "pwrite64", "rename", "renameat", "unlink", "unlinkat", "mkdir"),
    *("rmdir", "fsync", "ftruncate", "flock", "execve", "close", "link", "fchmod"),
)
HARNESS = Path(sys.executable).with_name("harness")
TRIALS = 3
BUG = 70
"""The exit code of the harness for a fault of its own."""
SIGNALLED = 128
"""Exit codes above it say that a process ended by a signal that it heard."""
_LONGEST_S = 120
_PR_SET_PTRACER = 0x59616D61
_MOST_TRIES = 6
"""A process that ends before its death was no kill, and is tried again elsewhere."""
CONFIG = """
[tasks.say]
cases.fast.params = { n = 1 }

[targets.say]
task = "say"
adapter = "command"
program = "true"
"""


@dataclass
class Found:
    """What became of the kills."""

    ended: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def killed(self) -> int:
        """How many died; the others ended before the call at which they were to die."""
        return sum(n for word, n in self.ended.items() if word.endswith(" killed"))

    def __str__(self) -> str:
        ended = dict(sorted(self.ended.items()))
        return f"{len(self.problems)} problems in {self.killed} kills; {ended}"


@dataclass(frozen=True)
class Kill:
    """Where a process is to die."""

    call: str
    number: int
    signal: str

    @classmethod
    def drawn(cls, chance: random.Random) -> Kill:
        call = chance.choice(CALLS)
        most = {"openat": 400, "close": 500, "write": 12}.get(call, 6)
        return cls(call, chance.randint(1, most), chance.choice(SIGNALS))

    def of(self, work: Callable[[], int], folder: Path) -> str:
        """Do work in a process that meets this death; how it ended, in a word."""
        ready, go = os.pipe()
        with tempfile.TemporaryFile() as said:
            sys.stdout.flush()
            child = os.fork()
            if not child:
                os.close(go)
                _become(work, folder, ready, said)
            os.close(ready)
            with self._tracer(child) as stopping_after_s:
                os.close(go)
                code = _end_of(child, self.signal, stopping_after_s)
            said.seek(0)
            told = said.read().decode("utf-8", "replace")
        assert code is not None, f"it never ended: {told[-600:]}"
        assert code != BUG, f"it broke: {told[-1200:]}"
        if code < 0 or code > SIGNALLED:
            return "killed"
        return "part killed" if code else "ended"

    @contextlib.contextmanager
    def _tracer(self, child: int) -> Iterator[float]:
        """Attach strace; gives after how long to send the signal, 0 where strace does."""
        if shutil.which("strace") is None:
            yield self.number / 300
            return
        inject = f"inject={self.call}:signal={self.signal}:when={self.number}"
        what = ["-o", os.devnull, "-e", f"trace={self.call}", "-e", inject, "-p", str(child)]
        with subprocess.Popen(["strace", "-f", "-qq", *what], stderr=subprocess.PIPE) as tracer:
            while not _traced(child):
                assert tracer.poll() is None, f"strace: {(tracer.stderr or sys.stdin).read()!r}"
                time.sleep(0.001)
            yield 0.0

    def __str__(self) -> str:
        return f"SIG{self.signal} at {self.call} number {self.number}"


Work = Callable[[Kill, Path, Found], None]


def _become(work: Callable[[], int], folder: Path, ready: int, said: IO[bytes]) -> NoReturn:
    """In a child that was forked for it: wait for the tracer, work, end with the work's code."""
    code = BUG
    try:
        os.setsid()
        os.chdir(folder)
        for number in (1, 2):
            os.dup2(said.fileno(), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for name in ("TERM", "HUP", "QUIT", "ABRT"):  # a shell's background job ignores some
            signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Where the kernel lets only parents trace, strace asks in vain without this.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
        os.read(ready, 1)
        code = work()
    except SystemExit as leave:
        code = int(leave.code or 0)
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _traced(child: int) -> bool:
    status = Path(f"/proc/{child}/status").read_text()
    return "TracerPid:\t0\n" not in status


def _end_of(child: int, name: str, stopping_after_s: float) -> int | None:
    """The exit code of a child, or minus its signal; None where it had to be stopped."""
    handle = os.pidfd_open(child)
    try:
        if stopping_after_s and not select.select([handle], [], [], stopping_after_s)[0]:
            os.kill(child, getattr(signal, f"SIG{name}"))
        in_time = bool(select.select([handle], [], [], _LONGEST_S)[0])
        # A machine that goes down takes the children along; so do we.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    finally:
        os.close(handle)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if in_time else None


def kill(count: int, seed: int, folder: Path) -> Found:
    """Kill so many times, runs and steps of campaigns in turn; problems are said as they come.

    So is the tally, once a minute and where Ctrl-C or SIGTERM ends it before its time.
    """
    import_all()
    chance, found = random.Random(seed), Found()
    works: list[Work] = [kill_a_run]
    works += [KilledScene(scene, folder / scene) for scene in ("start", "keep", "revert", "finish")]
    number = 0
    with Tally(found.__str__) as tally:
        while tally.look() and found.killed < count and number < _MOST_TRIES * count:
            number += 1
            _attempt(number, works[number % len(works)], Kill.drawn(chance), (folder, found))
    return found


def _attempt(number: int, work: Work, drawn: Kill, where: tuple[Path, Found]) -> None:
    folder, found = where
    with tempfile.TemporaryDirectory(dir=folder) as place:
        try:
            work(drawn, Path(place), found)
        except (HarnessError, AssertionError, OSError) as problem:
            at = traceback.extract_tb(problem.__traceback__)[-1]
            words = f"{problem or type(problem).__name__} ({at.name}, line {at.lineno})"
            name = getattr(work, "__name__", work)
            found.problems.append(f"{number}: {name}, {drawn}: {words}")
            print(found.problems[-1], file=sys.stderr, flush=True)


def kill_a_run(drawn: Kill, place: Path, found: Found) -> None:
    """`harness run`: readable, resumable to its end, no block doubled, nothing left behind.

    A run of which a part was killed, such as the launcher, may have failed: it is whole up to
    there, and its stored result names the failure.
    """
    (place / "harness.toml").write_text(CONFIG)
    results = place / ".harness" / "results"
    measure = ["run", "--trials", str(TRIALS), "--warmup", "0"]
    ended = drawn.of(lambda: _harness(*measure), place)
    found.ended[f"run {ended}"] += 1
    for run in run_folders(results):
        list(stored_rows(read_run(run)))
    here = Path.cwd()
    os.chdir(place)
    try:
        if not all(read_run(run).finished for run in run_folders(results)):
            _fine("run", "--resume")
        _fine(*measure)
    finally:
        os.chdir(here)
    runs = run_folders(results)
    for run in runs:
        rows = read_parquet(run / "trials.parquet", read_run(run).parquet)
        blocks = [row["block"] for row in rows]
        if ended == "part killed" and run == runs[0] and run != runs[-1]:
            wanted = len(blocks) if (read_run(run).summary or {}).get("failures") else TRIALS
        else:
            wanted = TRIALS
        assert blocks == list(range(wanted)), f"{run.name}: blocks {blocks}"
        names = {path.name for path in run.iterdir()}
        assert names == {"run.json", "trials.parquet"}, f"left in {run.name}: {names}"
    left = {path.name for path in results.iterdir()} - {run.name for run in runs}
    assert not left, f"left beside the runs: {left}"


def _harness(*arguments: str) -> NoReturn:
    """The console script, in a process that was forked for it."""
    sys.argv = [str(HARNESS), *arguments]
    main_of_harness()
    raise AssertionError("the console script returned")


def _fine(*arguments: str) -> None:
    """Run a command in this process, which has to end with 0; what it prints is an error's."""
    saved = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as said:
        try:
            for stream in (1, 2):
                os.dup2(said.fileno(), stream)
            code = int(guard(cli, list(arguments)))
        finally:
            for stream, old in zip((1, 2), saved, strict=True):
                os.dup2(old, stream)
                os.close(old)
        said.seek(0)
        told = said.read().decode("utf-8", "replace")
    assert code == 0, f"harness {' '.join(arguments)} ends with {code}: {told[-600:]}"


class KilledScene:
    """A scene of the campaign's tests, played by a process of its own that dies."""

    def __init__(self, scene: str, folder: Path) -> None:
        sys.path[:0] = [str(OPTIMISE), str(HERE)]
        import scenes

        self.scene = scene
        self.pristine = folder / "pristine"
        self.expected = scenes.prepared(scene, self.pristine, folder / "expected")

    def __str__(self) -> str:
        return self.scene

    def __call__(self, drawn: Kill, place: Path, found: Found) -> None:
        import scenes

        root = place / "repo"
        shutil.copytree(self.pristine, root, symlinks=True)

        def work() -> int:
            """Play the scene; a step may say that a git died under it, and nothing else."""
            try:
                scenes.play(self.scene, root)
            except GitFailed as problem:
                return int(problem.exit_code)
            return 0

        found.ended[f"{self.scene} {drawn.of(work, place)}"] += 1
        scenes.check(self.scene, root, self.expected)
