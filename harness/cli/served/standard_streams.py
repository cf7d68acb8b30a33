"""The server over standard input and output: until that is closed, or a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import anyio
from mcp.server.stdio import stdio_server

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_READ_BYTES = 1 << 16


def serve_stdio(server: Any) -> int:
    """Serve until standard input is closed; the number of the signal that ended it before, or 0.

    Either way every call that was under way has been interrupted and has ended.
    """
    return anyio.run(_serve, server)


async def _serve(server: Any) -> int:
    came: list[int] = []
    async with anyio.create_task_group() as group:

        async def end_at_signal() -> None:
            # What is ignored from the start, as by nohup, stays ignored.
            heeded = [s for s in _ENDING if signal.getsignal(s) is not signal.SIG_IGN]
            with anyio.open_signal_receiver(*heeded) as signals:
                async for number in signals:
                    came.append(int(number))
                    group.cancel_scope.cancel()

        group.start_soon(end_at_signal)
        async with stdio_server(stdin=cast("Any", _lines())) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
        group.cancel_scope.cancel()
    return came[0] if came else 0


async def _lines() -> AsyncIterator[str]:
    """The lines of standard input.

    The SDK's own reader waits in a thread that cannot be called off: a server that a signal ends
    would live on until its input is closed.
    """
    loop = asyncio.get_running_loop()
    read: asyncio.Queue[bytes | None] = asyncio.Queue()

    def heard(line: bytes | None) -> None:
        loop.call_soon_threadsafe(read.put_nowait, line)

    threading.Thread(target=_read, args=(heard,), name="harness-reads", daemon=True).start()
    while (line := await read.get()) is not None:
        yield line.decode("utf-8", "replace")


def _read(heard: Callable[[bytes | None], None]) -> None:
    begun = b""
    with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody listens any more
        with contextlib.suppress(OSError):
            while piece := os.read(0, _READ_BYTES):
                *lines, begun = (begun + piece).split(b"\n")
                for line in lines:
                    heard(line)
        if begun:
            heard(begun)
        heard(None)
