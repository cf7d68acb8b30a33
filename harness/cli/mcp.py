"""`harness mcp`: every command as a tool of an agent, by the Model Context Protocol."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import click

from harness.cli.served.loopback import (
    TOKEN_VARIABLE,
    door_at,
    loopback_address,
    serve,
    token_of,
)
from harness.cli.shared.base import Answer, command
from harness.errors import ToolchainMissing, UsageError


@command(epilog="Example: harness mcp --project ~/solver")
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that every command runs in; left out: the current one.",
)
@click.option(
    "--tools",
    "chosen",
    type=click.Choice(["all", "campaign"]),
    default="all",
    show_default=True,
    help="Which tools are offered; `campaign`: only what a campaign wants, in half the words.",
)
@click.option("--http", is_flag=True, help="Serve by streamable HTTP instead of standard input.")
@click.option("--host", help="For --http: 127.0.0.1, localhost or ::1.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="For --http.  [default: 8765]")
def mcp_command(
    *, project: Path | None, chosen: str, http: bool, host: str | None, port: int | None
) -> Answer:
    """Serve an agent: run, compare, profile and every step of a campaign as tools.

    An agent's program starts it and speaks with it over standard input and output. Each call of a
    tool is one command in a process of its own; calling it off is Ctrl-C. With --http it serves
    this machine alone, at http://127.0.0.1:8765/mcp, and wants the token that it prints at its
    start (or that HARNESS_MCP_TOKEN holds) as `Authorization: Bearer TOKEN`. See docs/agents.md.
    """
    if not http and (host is not None or port is not None):
        raise UsageError("--host and --port are for --http")
    if http:
        loopback_address(host or "127.0.0.1")
    if project is not None:
        os.chdir(project)
    server = _server(chosen)
    # One that was begun in the background ignores Ctrl-C, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if http:
        _serve_http(server, host or "127.0.0.1", port or 8765)
    else:
        from harness.cli.served.standard_streams import serve_stdio

        ended_by = serve_stdio(server)
        if ended_by == signal.SIGINT:
            raise KeyboardInterrupt
        if ended_by:
            raise SystemExit(128 + ended_by)
    return Answer()


def _server(chosen: str) -> Any:
    try:
        from harness.cli.served.server import make_server
    except ImportError as problem:
        raise ToolchainMissing(
            f"agents are served by the MCP SDK, which cannot be imported: {problem}",
            hint="pip install 'mcp>=2.3,<3'",
        ) from None
    return make_server(chosen)


def _serve_http(server: Any, host: str, port: int) -> None:
    address = loopback_address(host)
    given = os.environ.pop(TOKEN_VARIABLE, None)  # not for what the commands start
    token = token_of(given)
    door = door_at(address, port)
    shown = f"[{address}]" if ":" in address else address
    click.echo(f"harness: http://{shown}:{port}/mcp for this machine alone", err=True)
    if given is None:
        click.echo(f"harness: Authorization: Bearer {token}", err=True)
    serve(server, address, door, token)
