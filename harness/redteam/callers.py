"""The harness's own commands: in forks of this process, or in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from harness.redteam.told import Said
from harness.system.process.calling import Call, StillRunningError, call

Entry = Callable[[Sequence[str]], int]
"""The command line: arguments in, exit code out."""
MOST_S = 300.0
"""No command of so small a campaign takes longer."""
_STDERR_CHARACTERS = 4000


class Caller(Protocol):
    """Calls `harness` with these words, in this folder and with this environment."""

    def __call__(self, words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Said: ...


def in_process_of_its_own(words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Said:
    """Start Python anew, as a shell does."""
    # The script and not `-m`, which would put the current folder before the installed package.
    argv = [str(Path(sys.executable).with_name("harness")), *words, "--json"]
    try:
        ended = call(Call(argv, cwd=cwd, env=env, timeout_s=MOST_S))
    except StillRunningError:
        return Said(tuple(words), 124, {}, f"it ran for more than {MOST_S:.0f} s")
    return _said(words, ended.returncode, ended.stdout.decode(errors="replace"), ended.stderr)


class InForks:
    """Calls the command line in forks of this process, which has everything imported already."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def __call__(self, words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Said:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with warnings.catch_warnings():
                # Threads of a caller (a test runner's) hold no lock that a command takes.
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child == 0:
                self._become(words, cwd, env, (out.fileno(), err.fileno()))
            code = _ended(child)
            out.seek(0)
            err.seek(0)
            return _said(words, code, out.read().decode(errors="replace"), err.read())

    def _become(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], streams: tuple[int, int]
    ) -> None:
        """In the fork: be that command, and end with its exit code."""
        code = 70
        try:
            os.setsid()
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(env)
            sys.argv = ["harness", *words, "--json"]
            for number, stream in enumerate(streams, 1):
                os.dup2(stream, number)
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - ends here
            sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            code = self.entry([*words, "--json"])
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _ended(child: int) -> int:
    """The exit code of a fork, which is ended with all of its session past its time."""
    deadline = time.monotonic() + MOST_S
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 124


def _said(words: Sequence[str], code: int, out: str, err: bytes) -> Said:
    try:
        answer = json.loads(out)
    except ValueError:
        answer = {}
    if not isinstance(answer, dict):
        answer = {}
    return Said(tuple(words), code, answer, err.decode(errors="replace")[-_STDERR_CHARACTERS:])
