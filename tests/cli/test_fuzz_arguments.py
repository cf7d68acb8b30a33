"""No command line whatever is a bug: options and arguments are drawn for every command.

The suite draws a few dozen, always the same ones; `make fuzz` draws thousands.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cli import COMMANDS, cli
from harness.cli.root import commands_below
from harness.errors import ExitCode

Harness = Callable[..., Any]

CONFIG = """
[tasks.t]
[tasks.t.cases.small]
params = { n = 1 }
[targets.a]
task = "t"
adapter = "command"
program = "/bin/echo"
args = ["{n}"]
timeout = "2s"
[campaigns.c]
target = "a"
"""

WORDS = st.sampled_from(
    [
        *("", "a", "b", "a@", "a@HEAD", "@", "a@HEAD~1", "small", "t", "c", "command", "-", "--"),
        *("0", "1", "-1", "3", "99999999999999999999", "9" * 5000, "nan", "inf", "-inf", "1e400"),
        *(
            "1%",
            "0%",
            "-5%",
            "101%",
            "0s",
            "1s",
            "10ms",
            "1e9h",
            "1 s",
            "cpu",
            "wall",
            "0,1",
            "0-99",
        ),
        *("\udcff", "é\u202e\x1b[2J", "x" * 5000, "%s", "{n}", "{", "a\nb", "..", "/"),
        *("/dev/null", "/dev/zero", "harness.toml", "/no/such", "bad.toml", "name | pros | cons"),
    ]
)
SLOW = {"doctor", "loop", "adapters", "redteam", "mcp", "skills", "watch"}
"""Ask the machine, drive or watch others, at length, or write where a word says: with no word."""
SHORT = {"--budget": "10ms", "--bench-budget": "10ms", "--trials": "2"}


@functools.cache
def commands() -> dict[tuple[str, ...], click.Command]:
    """Every command by the words that call it."""
    return {
        words: command
        for words, command in commands_below(cli)
        if not isinstance(command, click.Group)
    }


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A command with some of its options, most with a word that does not fit."""
    words = draw(st.sampled_from(sorted(commands())))
    options = [p for p in commands()[words].params if isinstance(p, click.Option)]
    chosen = draw(st.lists(st.sampled_from(options), max_size=4, unique=True)) if options else []
    line = [*words]
    for option in chosen:
        line.append(option.opts[-1])
        if not option.is_flag:
            line += [draw(WORDS) for _ in range(option.nargs)]
    given = {name for option in chosen for name in option.opts}
    offered = {name for option in options for name in option.opts}
    for name, value in SHORT.items():
        if name in offered - given:
            line += [name, value]
    return line + draw(st.lists(WORDS, max_size=2))


@pytest.fixture
def project(folder: Path) -> Path:
    (folder / "harness.toml").write_text(CONFIG)
    (folder / "bad.toml").write_bytes(b"x = " + b"[" * 600)
    return folder


def test_every_command_is_drawn() -> None:
    assert {words[0] for words in commands()} == set(COMMANDS)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=2000 if os.environ.get("HARNESS_FUZZ") else 60,
)
@given(lines())
def test_no_command_line_is_a_bug(project: Path, harness: Harness, line: list[str]) -> None:
    if line[0] in SLOW:
        line = [line[0], "--no-such-option", *line[1:]]
    said = harness(*line)
    assert said.code in set(ExitCode) - {ExitCode.BUG}, said.err
    assert "Traceback" not in said.err
