"""Commands as tools: schemas from the declarations, and no word of an agent is an option."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator

from harness.cli.command_names import COMMANDS
from harness.cli.run import DashedCommand
from harness.cli.served.tools import (
    FORM,
    NOT_SERVED,
    PROGRAM_ARGUMENTS,
    ServedCommand,
    property_name,
    tools,
)
from harness.errors import UsageError

HOSTILE = ("--help", "-h", "--config=/etc/passwd", "--", "$(touch x)", "a; b", "\x1b[2J", "", "é\n")


def test_every_command_is_a_tool_but_those_for_people():
    served = {tool.words[0] for tool in tools().values()}
    assert served == set(COMMANDS) - NOT_SERVED
    assert {"campaign_start", "campaign_finish", "adapters_list", "next"} <= set(tools())


def test_a_campaign_wants_fewer():
    chosen = set(tools("campaign"))
    assert {"next", "think", "bench", "campaign_finish", "verify", "profile"} <= chosen
    assert not {"sql", "ci", "run"} & chosen


@pytest.mark.parametrize("name", tools())
def test_a_schema_is_one_and_says_what_everything_means(name):
    schema = tools()[name].schema()
    pytest.importorskip("jsonschema").Draft202012Validator.check_schema(schema)
    assert tools()[name].description.endswith((".", ":"))
    options = [p for p in tools()[name].command.params if isinstance(p, click.Option)]
    said = [p for p in schema["properties"].values() if "description" in p]
    assert len(said) >= len([o for o in options if o.help]) - 3  # --json, --quiet, --verbose
    assert not {"json", "quiet", "verbose"} & set(schema["properties"])


def test_a_schema_has_types_choices_bounds_and_what_is_required():
    run = tools()["run"].schema()["properties"]
    assert run["names"]["items"] == {"type": "string"}
    assert run["trials"]["type"] == "integer"
    assert run["trials"]["minimum"] == 1
    assert run["mode"]["enum"] == ["cold", "steady"]
    assert run["resume"]["type"] == ["string", "boolean"]
    assert run["sweep"]["type"] == "array"
    assert run["phases"]["type"] == "boolean"
    assert run["threshold"]["type"] == ["number", "string"]
    assert tools()["skip"].schema()["required"] == ["bottleneck", "reason"]
    assert FORM in tools()["think"].schema()["properties"]


def filled(tool: ServedCommand, word: str) -> dict[str, Any]:
    """Arguments that hold the word wherever a text may stand."""
    made: dict[str, Any] = {}
    for name, kind in tool.schema()["properties"].items():
        text = kind["type"] == "string" and "enum" not in kind and name != FORM
        if text or kind["type"] == ["string", "boolean"]:
            made[name] = word
        elif kind["type"] == "array" and "enum" not in kind["items"]:
            made[name] = [word, word]
    return made


def parsed(tool: ServedCommand, words: list[str]) -> dict[str, Any]:
    """What click takes the words for, by property, without what was left out."""
    mine, rest = words[len(tool.words) :], []
    if isinstance(tool.command, DashedCommand) and "--" in mine:
        at = mine.index("--")
        mine, rest = mine[:at], mine[at + 1 :]
    values, left, order = tool.command.make_parser(click.Context(tool.command)).parse_args(mine)
    assert left == []
    found = {property_name(p): values[p.name or ""] for p in order}
    found = {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}
    return found | ({PROGRAM_ARGUMENTS: rest} if rest else {})


@pytest.mark.parametrize("word", HOSTILE)
def test_no_word_becomes_an_option(word):
    for tool in tools().values():
        given = filled(tool, word)
        if word.startswith("-"):
            # Nothing that click or a program's arguments could take for an option gets through.
            for name in [name for name in given if refused(tool, {name: given[name]})]:
                del given[name]
        words, _ = tool.line(given)
        found = parsed(tool, words)
        assert found.pop("json") is True
        assert {k: v for k, v in found.items() if k in given} == given, tool.name
        others = [v for k, v in found.items() if k not in given]
        assert not [v for v in others if isinstance(v, str | list | bool) and v], tool.name


def refused(tool: ServedCommand, given: dict[str, Any]) -> bool:
    """May this not be called? Only what stands where an option could is refused."""
    try:
        tool.line(given)
    except UsageError:
        (name,) = given
        bare = tool.schema()["properties"][name]["type"] == ["string", "boolean"]
        assert bare or (isinstance(tool.command, DashedCommand) and name != PROGRAM_ARGUMENTS)
        return True
    return False


def test_switches_and_bare_options():
    run = tools()["run"]
    assert run.line({"phases": True, "resume": True})[0] == [
        "run",
        "--json",
        "--resume",
        "--phases",
    ]
    assert run.line({"phases": False, "resume": ""})[0] == ["run", "--json", "--resume="]
    tried = tools()["init"].line({"tried": False, "folder": "-x"})[0]
    assert tried == ["init", "--json", "--not-tried", "--", "-x"]


def test_a_program_s_arguments_follow_two_dashes():
    words, _ = tools()["run"].line({"names": ["a.py"], "arguments": ["--size", "3"], "trials": 3})
    assert words == ["run", "--json", "--trials=3", "a.py", "--", "--size", "3"]


@pytest.mark.parametrize("bad", ["a\0b", "\udcff"])
def test_what_no_command_line_can_hold_is_refused(bad):
    with pytest.raises(UsageError):
        tools()["think"].line({"hypothesis": bad})


def test_a_form_is_an_object_as_well():
    think = tools()["think"]
    form = {"title": "--help", "options": [{"name": "a"}]}
    Draft202012Validator(think.schema()).validate({"form": form})
    words, stdin = think.line({"form": form})
    assert words == ["think", "--json", "--file=-"]
    assert json.loads(stdin) == form


def test_a_form_is_standard_input():
    words, stdin = tools()["think"].line({"form": 'title = "--help"'})
    assert (words, stdin) == (["think", "--json", "--file=-"], b'title = "--help"')
    with pytest.raises(UsageError, match="one of the two"):
        tools()["think"].line({"form": "x", "file": "y"})
