"""A server that ends, however it ends, leaves no call running behind it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import until

pytest.importorskip("mcp", reason="the extra `mcp` is not installed")

ENDLESS = """\
import os, sys, time
with open(sys.argv[1] + ".part", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(3600)
"""
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "a test", "version": "1"},
}


def message(method: str, number: int | None = None, **params: object) -> dict[str, object]:
    asked = {"jsonrpc": "2.0", "method": method, "params": params}
    return asked if number is None else {**asked, "id": number}


def calling(pid_file: Path) -> dict[str, object]:
    """Run a program that does not end."""
    given = {"names": ["endless.py"], "arguments": [str(pid_file)]}
    return message("tools/call", 2, name="run", arguments=given)


def ended(pid: int) -> bool:
    """Is it gone, or a zombie that waits for who adopted it?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def below(pid: int) -> set[int]:
    """Its children and theirs."""
    found: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            child = int(entry.parent.name)
            found |= {child} | below(child)
    return found


@pytest.fixture
def served(repository: Path):
    """What starts a server of a folder with a program that does not end."""
    (repository / "endless.py").write_text(ENDLESS)
    begun: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **environment: str) -> subprocess.Popen[bytes]:
        begun.append(
            subprocess.Popen(
                [sys.executable, "-P", "-m", "harness", "mcp", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        )
        return begun[-1]

    yield start
    for server in begun:
        server.kill()
        server.communicate()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        pytest.param(signal.SIGHUP, 128 + signal.SIGHUP, marks=pytest.mark.soak),
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.soak),
    ],
)
def test_a_signal_ends_the_server_and_its_call_though_its_input_is_open(
    served, tmp_path, number, code
):
    pid_file = tmp_path / "pid"
    server = served()
    for line in (message("initialize", 1, **HELLO), message("notifications/initialized")):
        server.stdin.write(json.dumps(line).encode() + b"\n")
    server.stdin.write(json.dumps(calling(pid_file)).encode() + b"\n")
    server.stdin.flush()
    until(pid_file.exists)
    started = below(server.pid) | {int(pid_file.read_text())}
    os.kill(server.pid, number)
    assert server.wait(60) == code
    assert until(lambda: all(map(ended, started)))


@pytest.mark.soak
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_server_over_http_ends_its_calls_as_well(served, tmp_path, number):
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    pid_file, token = tmp_path / "pid", "a-token-of-this-test"
    server = served("--http", "--port", str(port), HARNESS_MCP_TOKEN=token)
    until(lambda: is_open(port))
    session = posted(port, token, message("initialize", 1, **HELLO))
    posted(port, token, message("notifications/initialized"), session)
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(request(port, token, calling(pid_file), session))
        until(pid_file.exists)
        started = below(server.pid) | {int(pid_file.read_text())}
        os.kill(server.pid, number)
        server.wait(60)
        assert until(lambda: all(map(ended, started)))


def is_open(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def request(port: int, token: str, body: dict[str, object], session: str = "") -> bytes:
    content = json.dumps(body)
    lines = [
        "POST /mcp HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        "Accept: application/json, text/event-stream",
        f"Content-Length: {len(content)}",
        "Connection: close",
        *([f"Mcp-Session-Id: {session}"] if session else []),
    ]
    return "\r\n".join([*lines, "", content]).encode()


def posted(port: int, token: str, body: dict[str, object], session: str = "") -> str:
    """Send a message, read the answer to its end; the session that it names."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(request(port, token, body, session))
        answer = b""
        while piece := line.recv(1 << 16):
            answer += piece
    head = answer.partition(b"\r\n\r\n")[0].decode().lower()
    assert head.split()[1] in ("200", "202"), head
    head_lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    named = [h.partition(": ")[2] for h in head_lines if h.lower().startswith("mcp-session-id:")]
    return named[0] if named else ""
