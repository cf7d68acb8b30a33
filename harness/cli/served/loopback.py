"""The server over HTTP, for this machine alone, and on it for who knows the token.

A loopback address is open to every user and every page of a browser on the machine. The SDK checks
Host and Origin by their beginnings alone; here they are compared whole, which keeps pages out. The
token keeps other users out.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

HOSTS = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}
"""What may be asked for, and the address that is meant: no name server is asked."""

TOKEN_VARIABLE = "HARNESS_MCP_TOKEN"
_SHORTEST_TOKEN = 16

_PLACE = r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?"
"""This machine, at any port: a tunnel (ssh -L) has its own."""
_HOST = re.compile(_PLACE.encode())
_ORIGIN = re.compile(rf"http://{_PLACE}".encode())
_LEFT_FOR_CONNECTIONS_S = 1
"""How long connections may take to close before they are cut."""

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
Application = Callable[[_Message, _Receive, _Send], Awaitable[None]]


def loopback_address(host: str) -> str:
    """The address of a loopback host; UsageError for any other."""
    if host not in HOSTS:
        raise UsageError(
            f"--host {host[:100]}: only this machine is served: {', '.join(HOSTS)}",
            hint="From another machine: ssh -L 8765:127.0.0.1:8765 HOST.",
        )
    return HOSTS[host]


def token_of(given: str | None) -> str:
    """The token that is asked for, or a new one; UsageError for one that could be guessed."""
    if given is None:
        return secrets.token_urlsafe(24)
    if len(given) < _SHORTEST_TOKEN or not given.isascii() or not given.isprintable():
        raise UsageError(
            f"{TOKEN_VARIABLE}: want at least {_SHORTEST_TOKEN} printable ASCII letters"
        )
    return given


def application(server: Server[Any], host: str, token: str) -> Application:
    """The ASGI application: who does not bring the token is answered 401."""
    return _guarded(server.streamable_http_app(host=host), token)


def _guarded(inner: Any, token: str) -> Application:
    async def outer(scope: _Message, receive: _Receive, send: _Send) -> None:
        refused = _refusal(scope["headers"], token) if scope["type"] == "http" else None
        if refused is not None:
            await _refuse(send, *refused)
            return
        await inner(scope, receive, send)

    return outer


def _refusal(headers: Iterable[tuple[bytes, bytes]], token: str) -> tuple[int, str] | None:
    """The status and the words for who may not come in; None: he may.

    A header that is there several times counts with each of its values.
    """
    brought: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        brought.setdefault(name.lower(), []).append(value)
    wanted = f"Bearer {token}".encode()
    tokens = brought.get(b"authorization", [])
    if not tokens or not all(hmac.compare_digest(value, wanted) for value in tokens):
        return 401, "the token is missing or wrong"
    hosts = brought.get(b"host", [])
    if not hosts or not all(map(_HOST.fullmatch, hosts)):
        return 421, "Host: only this machine is served"
    if not all(map(_ORIGIN.fullmatch, brought.get(b"origin", []))):
        return 403, "Origin: pages of this machine alone are served"
    return None


async def _refuse(send: _Send, status: int, words: str) -> None:
    headers = [(b"content-type", b"text/plain")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{words}\n".encode()})


def door_at(address: str, port: int) -> socket.socket:
    """The socket that listens there; UsageError where it cannot be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((address, port))
        door.listen()
    except OSError as problem:
        door.close()
        raise UsageError(
            f"{address} port {port}: {(problem.strerror or str(problem)).lower()}",
            hint="--port takes another one.",
        ) from None
    return door


def serve(server: Server[Any], address: str, door: socket.socket, token: str) -> None:
    """Serve until interrupted or told to end; every call has ended then."""
    import uvicorn

    config = uvicorn.Config(
        application(server, address, token),
        log_level="warning",
        timeout_graceful_shutdown=_LEFT_FOR_CONNECTIONS_S,
    )
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # The terminal is gone: uvicorn heeds SIGINT and SIGTERM alone.
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    uvicorn.Server(config).run([door])
