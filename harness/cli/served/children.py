"""One call of a tool: the command line in a child process, told of while it runs.

The child is `harness` as the console script starts it. Whoever calls may go away or call it off:
then the child is interrupted as by Ctrl-C, so that what it measured is kept and all that it started
has ended before the call is over. A server that is killed takes its children along: see `child`.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from harness.cli.served.small_answers import small_answer, told_answer
from harness.cli.served.tools import ServedCommand, tools
from harness.cli.shared.escaping import visible
from harness.errors import ExitCode
from harness.frozen import dataclass
from harness.system.process.calling import Call, Ended, Follower, StillRunningError, call

_TOLD_EVERY_S = 0.2
_SILENT_S = 2.5
"""After this time without a word it is said again what goes on, and for how long."""
_MOST_OF_A_LINE = 300
_MOST_SAID = 2000

Teller = Callable[[float, str], Awaitable[None]]
"""Is told how many steps there were, and the latest one."""


@dataclass(frozen=True, slots=True)
class Called:
    """What a call came to."""

    answer: dict[str, Any]
    exit_code: int


async def call_tool(
    tool: ServedCommand, line: Sequence[str], stdin: bytes, teller: Teller
) -> Called:
    """Run the command to its end, and make its answer small.

    Where the caller's scope is cancelled, the command has been interrupted and has ended when this
    raises.
    """
    said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    stop = threading.Event()
    asked = Call(
        _argv(line),
        cwd=Path.cwd(),
        stdin=stdin,
        title=f"harness {tool.name}",
        touches=False,
        follower=Follower(said.put, stop.is_set),
    )
    lines = _Lines(said, teller)
    await lines.tell(f"harness {' '.join(tool.words)}")
    async with anyio.create_task_group() as group:
        group.start_soon(_stopped_when_cancelled, stop)
        group.start_soon(lines.tell_on)
        # Not abandoned where the scope is cancelled: the thread ends with the child, soon after.
        ended = await anyio.to_thread.run_sync(partial(_run, asked))
        group.cancel_scope.cancel()
    await lines.tell_all()
    return _called(tool, ended)


async def _stopped_when_cancelled(stop: threading.Event) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        stop.set()


def _run(asked: Call) -> Ended | str:
    """How it ended, or why it could not be started or did not end."""
    try:
        return call(asked)
    except StillRunningError:
        return "it was called off, did not end, and was killed; what it had stored is there"
    except OSError as problem:
        return f"it cannot be started: {problem.strerror}"


def _argv(line: Sequence[str]) -> list[str]:
    # The folder that it runs in is the project's, and no source of modules.
    isolated = "-I" if sys.flags.isolated else "-P"
    return [sys.executable, isolated, "-m", "harness.cli.served.child", str(os.getpid()), *line]


def _called(tool: ServedCommand, ended: Ended | str) -> Called:
    if isinstance(ended, str):
        return _failed(tool, f"harness {tool.name}: {ended}", int(ExitCode.BUG))
    try:
        envelope = json.loads(ended.stdout)
    except ValueError:
        envelope = None
    if not isinstance(envelope, dict):
        said = ended.stderr.decode("utf-8", "replace")[-_MOST_SAID:]
        code = ended.returncode or int(ExitCode.BUG)
        return _failed(tool, f"harness {tool.name} gave no answer: {said}", code)
    answer = told_answer(tool.name, envelope, ended.returncode, tools())
    return Called(answer, ended.returncode)


def _failed(tool: ServedCommand, why: str, code: int) -> Called:
    envelope = {"ok": False, "command": tool.name, "error": why, "result": {}}
    return Called(small_answer(tool.name, envelope, code), code)


class _Lines:
    """Tells whole lines, as they come, of what was said in pieces; of a long step again and again.

    It is the server that speaks of a long step: nothing of a command runs while it times trials.
    """

    def __init__(self, said: queue.SimpleQueue[bytes], teller: Teller) -> None:
        self._said = said
        self._teller = teller
        self._count = 0
        self._begun = b""
        self._latest, self._since_s, self._told_s = "", 0.0, 0.0

    async def tell_on(self) -> None:
        """Tell what there is, again and again."""
        while True:
            await anyio.sleep(_TOLD_EVERY_S)
            await self.tell_all()
            await self.tell_again()

    async def tell_all(self) -> None:
        """Tell every whole line that was said."""
        while not self._said.empty():
            *lines, self._begun = (self._begun + self._said.get()).split(b"\n")
            for line in lines:
                await self.tell(line.decode("utf-8", "replace"))

    async def tell(self, line: str) -> None:
        """Tell one line, unless it is empty."""
        if words := visible(line.strip())[:_MOST_OF_A_LINE]:
            if words.startswith("harness"):  # a step; what its tools say is none
                self._latest, self._since_s = words, time.monotonic()
            await self._tell(words)

    async def tell_again(self) -> None:
        """Tell the latest step, and for how long it goes on, where nothing was told for a while."""
        now_s = time.monotonic()
        if now_s - self._told_s >= _SILENT_S:
            await self._tell(f"{self._latest}: {now_s - self._since_s:.0f} s")

    async def _tell(self, words: str) -> None:
        self._count, self._told_s = self._count + 1, time.monotonic()
        await self._teller(float(self._count), words)
