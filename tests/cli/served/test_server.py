"""The server as an agent meets it, through the SDK's own client."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

anyio = pytest.importorskip("anyio", reason="the extra `mcp` is not installed")
mcp = pytest.importorskip("mcp", reason="the extra `mcp` is not installed")

from harness.cli.served.server import make_server  # noqa: E402 - after the SDK is known to be there
from harness.optimise.agent_texts import FOR_TOOLS  # noqa: E402

TOML = """
[tasks.sum]
[tasks.sum.cases.fast]
params = { n = 1 }
[tasks.sum.outputs.total]
pattern = "total: (\\\\S+)"
kind = "exact"

[targets.sum]
task = "sum"
adapter = "python"
sources = ["sum.py"]
args = ["{n}"]
env = { }

[campaigns.sum]
target = "sum"
max_iterations = 1
bench_budget = "1s"
"""
SLOW = "import time\ntime.sleep(0.06)\nprint('total: 45')\n"
FAST = "print('total: 45')\n"


class Agent:
    """Calls tools; every answer is JSON, said once, and harmless."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.told: list[str] = []

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        async def told(count: float, total: float | None, words: str | None) -> None:
            self.told.append(words or "")

        said = await self.client.call_tool(name, arguments, progress_callback=told)
        (content,) = said.content
        answer: dict[str, Any] = json.loads(content.text)
        assert said.structured_content is None
        assert said.is_error == (answer.get("exit_code", 2 - 2 * answer["ok"]) not in (0, 1, 8))
        assert content.text.isprintable()
        assert not any(letter in str(strings(answer)) for letter in "\x1b\x07\u202e")
        return answer


def strings(value: Any) -> list[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def served(talk) -> None:
    """Let an agent talk with a server in this process."""

    async def meet() -> None:
        async with mcp.Client(make_server()) as client:
            await talk(Agent(client))

    anyio.run(meet)


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


def begin(folder: Path, toml: str = TOML) -> None:
    """A repository with the program, on main."""
    (folder / "harness.toml").write_text(toml)
    (folder / "sum.py").write_text(SLOW)
    (folder / ".gitignore").write_text(".harness/\n")
    git("init", "--quiet", "--initial-branch=main")
    git("add", "-A")
    git("commit", "--quiet", "-m", "Begin")


def test_tools_are_listed_with_instructions_that_hold_no_name_of_the_project(repository):
    begin(repository)

    async def talk(agent: Agent) -> None:
        listed = await agent.client.list_tools()
        assert {"next", "think", "compare", "read_answer"} <= {tool.name for tool in listed.tools}
        assert agent.client.instructions == FOR_TOOLS
        text = json.dumps([tool.model_dump(mode="json") for tool in listed.tools])
        assert "ignore all rules" not in text
        (next_tool,) = [tool for tool in listed.tools if tool.name == "next"]
        assert next_tool.annotations.read_only_hint

    served(talk)


def test_bad_arguments_are_answered_and_run_nothing(repository):
    async def talk(agent: Agent) -> None:
        for name, arguments in (
            ("run", {"trials": 0}),
            ("run", {"trials": "three"}),
            ("run", {"\x1b[2J": 1}),
            ("run", {"names": ["--resume"]}),
            ("run", {"resume": "--help"}),
            ("skip", {}),
            ("no \x1b such", {}),
            ("mcp", {}),
            ("read_answer", {"answer": "../../etc/passwd"}),
        ):
            answer = await agent.call(name, **arguments)
            assert answer["ok"] is False
            assert answer["error"]
        assert agent.told == []

    served(talk)
    assert list(repository.iterdir()) == []


def test_hostile_names_stay_data(repository):
    begin(repository, TOML.replace("targets.sum]", 'targets."--version \\u001b[2J; touch hit"]'))

    async def talk(agent: Agent) -> None:
        answer = await agent.call("run", names=["$(touch hit)"])
        assert answer["exit_code"] == 2
        answer = await agent.call("next", campaign="--help")
        assert answer["exit_code"] == 2
        assert "Usage" not in json.dumps(answer)
        assert agent.told[0] == "harness run"

    served(talk)
    assert sorted(path.name for path in repository.iterdir()) == [
        *(".git", ".gitignore", "harness.toml", "sum.py")
    ]


ENDLESS = """\
import os, sys, time
with open(sys.argv[1] + ".part", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(3600)
"""


def test_a_call_that_is_called_off_leaves_nothing_running(repository, tmp_path):
    (repository / "endless.py").write_text(ENDLESS)
    pid_file = tmp_path / "pid"

    async def talk(agent: Agent) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(call_forever, agent)
            while not pid_file.exists():
                await anyio.sleep(0.05)
            group.cancel_scope.cancel()
        assert "harness run" in agent.told

    async def call_forever(agent: Agent) -> None:
        await agent.call("run", names=["endless.py"], arguments=[str(pid_file)])

    served(talk)
    # The server has ended: it waits for what it started.
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_of_a_long_step_it_is_said_again_how_long_it_takes(monkeypatch):
    from harness.cli.served import children

    now_s, told = [100.0], []
    monkeypatch.setattr(children, "time", SimpleNamespace(monotonic=lambda: now_s[0]))

    async def teller(count: float, words: str) -> None:
        told.append((count, words))

    async def a_long_step() -> None:
        lines = children._Lines(queue.SimpleQueue(), teller)
        await lines.tell("harness: building sum")
        await lines.tell("  $ cc sum.c")
        for _ in range(4):
            now_s[0] += 2.0
            await lines.tell_again()

    anyio.run(a_long_step)
    assert told == [
        (1, "harness: building sum"),
        (2, "$ cc sum.c"),
        (3, "harness: building sum: 4 s"),
        (4, "harness: building sum: 8 s"),
    ]


async def follow(agent: Agent, folder: Path) -> list[str]:
    """Do what `next` says until it says no more; the actions."""
    did: list[str] = []
    looks = 0
    for _ in range(30):
        advice = (await agent.call("next"))["result"]
        action = advice["action"]
        did.append(action)
        if not advice["should_continue"]:
            return did
        if action == "START":
            await agent.call("campaign_start")
        elif action == "PROFILE":
            await agent.call("profile")
        elif action == "THINK":
            said = await agent.call("think", form=thought(advice["template"]))
            assert said["ok"], said["error"]
        elif action == "PLAN":
            await agent.call("plan", title="Sleep not", optimization="nothing is waited for")
        elif action == "IMPLEMENT":
            (folder / "sum.py").write_text(FAST)
            await agent.call("test")
        elif action == "TEST":
            await agent.call("test")
        elif action == "BENCHMARK" and looks < 2:
            looks += 1
            await agent.call("bench")
        elif action in ("BENCHMARK", "LOG"):
            given = {"abandon": "undecided"} if action == "BENCHMARK" else {}
            said = await agent.call("log", surprise="the machine", why="w", lesson="l", **given)
            assert said["ok"], said["error"]
        elif action in ("COMMIT", "REVERT", "DECIDE"):
            await agent.call(action.lower())
        else:
            assert action == "FINISH", advice
            await agent.call("campaign_finish")
    raise AssertionError(did)


def thought(template: str) -> str:
    """A form that says that the sleep can go."""
    from harness.model.forms import read_fields

    bottleneck = read_fields(template, "the form")["bottleneck"]
    return f"""
bottleneck = {json.dumps(bottleneck)}
hypothesis = "it sleeps"
chosen = "sleep not"
predicted_low = 1.2
predicted_high = 9.0
reasoning = "most of the time is slept"
risk = "none"
pattern = "8.3"
reason = "sleep is no line of the profile"
[[options]]
name = "sleep not"
pros = "all of it"
cons = "none"
[[options]]
name = "sleep less"
pros = "careful"
cons = "less"
"""


@pytest.mark.journey
def test_a_whole_campaign_over_standard_input(repository):
    begin(repository)
    # As an agent's program starts it; what the tests' own folder has is not in its way.
    words = [sys.executable, "-P", "-m", "harness", "mcp", "--tools", "campaign"]
    started = mcp.StdioServerParameters(
        command=words[0], args=words[1:], cwd=str(repository), env=dict(os.environ)
    )

    async def meet() -> None:
        async with mcp.Client(started) as client:
            agent = Agent(client)
            did = await follow(agent, repository)
            assert {"START", "PROFILE", "THINK", "IMPLEMENT", "FINISH"} <= set(did)
            assert (await agent.call("verify"))["ok"] is True
            assert (await agent.call("status"))["state"] == "FINISHED"

    anyio.run(meet)
    assert "Sleep not" in git("log", "--all", "--format=%s")
