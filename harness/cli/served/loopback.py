"""The server over HTTP, for this machine alone, and on it for who knows the token.

A loopback address is open to every user and every page of a browser on the machine. The SDK checks
Host and Origin, which keeps pages out; the token keeps other users out.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

HOSTS = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}
"""What may be asked for, and the address that is meant: no name server is asked."""

TOKEN_VARIABLE = "HARNESS_MCP_TOKEN"
_SHORTEST_TOKEN = 16

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
    wanted = f"Bearer {token}".encode()

    async def outer(scope: _Message, receive: _Receive, send: _Send) -> None:
        if scope["type"] == "http":
            brought = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(brought, wanted):
                await _refuse(send)
                return
        await inner(scope, receive, send)

    return outer


async def _refuse(send: _Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b"the token is missing or wrong\n"})


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
    """Serve until interrupted."""
    import uvicorn

    config = uvicorn.Config(application(server, address, token), log_level="warning")
    uvicorn.Server(config).run([door])
