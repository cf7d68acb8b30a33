"""Kills real processes at system calls of their choice, and looks at what the next one finds.

`strace` injects a signal where a process, or a git that it called, makes a call that changes a
file; without strace the signal comes after a random time. Two kinds of work are killed: a run
(`harness run`), and the steps of a campaign, whose git and journal are real.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.cli import cli
from harness.cli.shared.base import guard
from harness.errors import HarnessError
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

    def of(self, argv: list[str], folder: Path) -> str:
        """Run a program with this death before it; how it ended, in a word."""
        inject = f"inject={self.call}:signal={self.signal}:when={self.number}"
        trace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={self.call}", "-e", inject]
        if shutil.which("strace") is None:
            trace = ["timeout", "-s", self.signal, str(self.number / 300)]
        process = subprocess.Popen(
            [*trace, *argv],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            return "stuck"
        finally:
            # A machine that goes down takes the children along; so do we.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return "killed" if code not in (0, 1) else f"ended with {code}"

    def __str__(self) -> str:
        return f"SIG{self.signal} at {self.call} number {self.number}"


def kill(count: int, seed: int, folder: Path) -> Found:
    """Kill so many times, runs and steps of campaigns in turn; problems are said as they come."""
    chance, found = random.Random(seed), Found()
    works: list[Callable[[Kill, Path, Found], None]] = [kill_a_run]
    works += [KilledScene(scene, folder / scene) for scene in ("start", "keep", "revert", "finish")]
    number = 0
    while found.killed < count and number < _MOST_TRIES * count:
        number += 1
        drawn, work = Kill.drawn(chance), works[number % len(works)]
        with tempfile.TemporaryDirectory(dir=folder) as place:
            try:
                work(drawn, Path(place), found)
            except (HarnessError, AssertionError, OSError) as problem:
                words = str(problem) or type(problem).__name__
                found.problems.append(f"{number}: {work}, {drawn}: {words}")
                print(found.problems[-1], file=sys.stderr, flush=True)
    return found


def kill_a_run(drawn: Kill, place: Path, found: Found) -> None:
    """`harness run`: readable, resumable to its end, no block doubled, nothing left behind."""
    (place / "harness.toml").write_text(CONFIG)
    results = place / ".harness" / "results"
    measure = ["run", "--trials", str(TRIALS), "--warmup", "0"]
    ended = drawn.of([str(HARNESS), *measure], place)
    found.ended[f"run {ended}"] += 1
    assert ended != "stuck", "it never ended"
    for run in run_folders(results):
        list(stored_rows(read_run(run)))
    here = Path.cwd()
    os.chdir(place)
    try:
        if not all(read_run(run).finished for run in run_folders(results)):
            assert _quiet("run", "--resume") == 0, "it cannot be resumed"
        assert _quiet(*measure) == 0, "the next run fails"
    finally:
        os.chdir(here)
    for run in run_folders(results):
        rows = read_parquet(run / "trials.parquet", read_run(run).parquet)
        assert [row["block"] for row in rows] == list(range(TRIALS)), f"blocks of {run.name}"
        names = {path.name for path in run.iterdir()}
        assert names == {"run.json", "trials.parquet"}, f"left in {run.name}: {names}"
    left = {path.name for path in results.iterdir()} - {run.name for run in run_folders(results)}
    assert not left, f"left beside the runs: {left}"


def _quiet(*arguments: str) -> int:
    """A command in this process, what it prints put away."""
    saved = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        return int(guard(cli, list(arguments)))
    finally:
        for stream, old in zip((1, 2), saved, strict=True):
            os.dup2(old, stream)
            os.close(old)
        os.close(nowhere)


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
        argv = [sys.executable, str(HERE / "scenes.py"), self.scene, str(root)]
        ended = drawn.of(argv, place)
        found.ended[f"{self.scene} {ended}"] += 1
        assert ended != "stuck", "it never ended"
        scenes.check(self.scene, root, self.expected)
