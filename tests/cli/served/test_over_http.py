"""The server over HTTP on loopback, by the SDK's client: who may, what stays data, an end."""

from __future__ import annotations

import json
import os
import socket
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

anyio = pytest.importorskip("anyio", reason="the extra `mcp` is not installed")
mcp = pytest.importorskip("mcp", reason="the extra `mcp` is not installed")

import httpx2  # noqa: E402 - the SDK's own
import uvicorn  # noqa: E402
from mcp.client.streamable_http import streamable_http_client  # noqa: E402

from harness.cli.served.loopback import application  # noqa: E402
from harness.cli.served.server import make_server  # noqa: E402

TOKEN = "a-token-of-this-test-alone"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}
OTHER_HOSTS = (
    *("evil.example", "127.0.0.1:8765.evil", "127.0.0.1.evil:80", "localhost:1@evil", "[::1]:x"),
)
OTHER_ORIGINS = (
    "http://evil.example",
    "http://127.0.0.1:8765.evil.example",
    "http://localhost:x@evil.example",
    "http://localhost:1@evil.example",
    "http://localhost:3000/",
    "null",
)
TOML = """
[tasks.sum.cases.fast]
[targets."--help \\u001b[2J; touch hit"]
task = "sum"
adapter = "python"
sources = ["sum.py"]
"""
ENDLESS = """\
import os, sys, time
with open(sys.argv[1] + ".part", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(3600)
"""


@asynccontextmanager
async def listening():
    """The server on a port that is free, for the length of a test; its address."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        app = application(make_server(), "127.0.0.1", TOKEN)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [door])
            while not server.started:
                await anyio.sleep(0.01)
            yield f"http://127.0.0.1:{door.getsockname()[1]}/mcp"
            server.should_exit = True


@asynccontextmanager
async def agent_at(address: str):
    """A client that knows the token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        mcp.Client(streamable_http_client(address, http_client=http)) as client,
    ):
        yield client


async def called(client: Any, name: str, **arguments: Any) -> dict[str, Any]:
    said = await client.call_tool(name, arguments)
    assert said.content[0].text.isprintable()
    answer: dict[str, Any] = json.loads(said.content[0].text)
    return answer


def test_who_does_not_know_the_token_or_comes_by_another_name_is_refused(folder):
    async def meet() -> None:
        async with listening() as address, httpx2.AsyncClient(timeout=60) as http:
            for headers, code in (
                ({}, 401),
                ({"Authorization": f"Bearer {TOKEN}x"}, 401),
                *(({**KNOWN, "Host": host}, 421) for host in OTHER_HOSTS),
                *(({**KNOWN, "Origin": origin}, 403) for origin in OTHER_ORIGINS),
                ({**KNOWN, "Origin": "http://localhost:3000"}, 406),  # let in, with no message
            ):
                asked = {"content-type": "application/json", "accept": "application/json"}
                answer = await http.post(address, headers={**asked, **headers}, json={})
                assert answer.status_code == code, headers

    anyio.run(meet)


def test_tools_are_served_and_hostile_names_of_a_project_stay_data(folder):
    (folder / "harness.toml").write_text(TOML)
    (folder / "sum.py").write_text("print(1)\n")

    async def meet() -> None:
        async with listening() as address, agent_at(address) as client:
            tools = (await client.list_tools()).tools
            assert {"next", "think", "compare", "read_answer"} <= {tool.name for tool in tools}
            assert "touch hit" not in str([tool.model_dump() for tool in tools])
            answer = await called(client, "run", names=["$(touch hit)"])
            assert (answer["ok"], answer["exit_code"]) == (False, 2)
            answer = await called(client, "run", trials=1, warmup=0)
            assert "Usage" not in str(answer)
            assert "\x1b" not in str(answer)

    anyio.run(meet)
    assert not (folder / "hit").exists()


def test_a_call_that_is_called_off_is_ended_and_the_next_one_is_answered(folder, tmp_path):
    (folder / "endless.py").write_text(ENDLESS)
    pid_file = tmp_path / "pid"

    async def forever(client: Any) -> None:
        await called(client, "run", names=["endless.py"], arguments=[str(pid_file)])

    async def meet() -> None:
        async with listening() as address, agent_at(address) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(forever, client)
                while not pid_file.exists():
                    await anyio.sleep(0.05)
                group.cancel_scope.cancel()
            with anyio.fail_after(120):
                while is_alive(pid_file):
                    await anyio.sleep(0.05)
            assert (await called(client, "history"))["ok"] is True

    anyio.run(meet)


def test_a_port_that_is_taken_is_said_before_anything_is_served(harness):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        said = harness("mcp", "--http", "--port", str(other.getsockname()[1]))
    assert said.code == 2
    assert "already in use" in said.err
    assert "--port takes another one" in said.err
    assert "Bearer" not in said.err


def is_alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True
