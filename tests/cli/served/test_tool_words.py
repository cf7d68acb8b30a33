"""Agents that have only tools are told of tools, and get words before digests."""

from __future__ import annotations

import json

import pytest

from harness.cli.served.small_answers import read_answer, told_answer
from harness.cli.served.tool_words import in_tool_words
from harness.cli.served.tools import tools


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("next (THINK): harness think --file -", "next (THINK): tool think with `form`"),
        ("harness campaign start --full-case x", "tool campaign_start full_case x"),
        ("Try `harness optimise --help` for help.", "Its schema says what it takes."),
        ("Name it: harness profile nbody-c.", "Name it: tool profile nbody-c."),
        ("harness watch, an a--b and -x stay", "harness watch, an a--b and -x stay"),
        (
            "--case is settled; no word after `--` fits",
            "case is settled; no word in `arguments` fits",
        ),
    ],
)
def test_commands_and_options_become_tools_and_properties(said, told):
    assert in_tool_words(said, tools()) == told


def test_a_step_of_a_campaign_is_told_in_words_and_is_kept_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = {"fast": {"sha256": "0" * 64}, "verdict": "faster", "iteration": 1}
    envelope = {
        "ok": True,
        "command": "bench",
        "result": result,
        "hint": None,
        "next_actions": ["harness profile"],
        "text": "1.5x, inside the predicted interval\nnext (PROFILE): harness profile",
    }
    answer = told_answer("bench", envelope, 0, tools())
    assert answer["result"] == {"verdict": "faster", "iteration": 1}
    assert answer["next_actions"] == ["tool profile"]
    assert answer["text"].endswith("next (PROFILE): tool profile")
    kept = json.loads(read_answer(answer["cut"]["answer"], 0)["text"])
    assert kept["result"] == result
    assert told_answer("sql", envelope, 0, tools())["result"] == result


def test_next_leads_to_the_one_call_where_code_is_to_be_changed():
    for action, leads in (("IMPLEMENT", True), ("PROFILE", False)):
        result = {"action": action, "command": "harness test"}
        answer = told_answer("next", {"ok": True, "result": result}, 0, tools())
        assert ("one_call" in answer["result"]) is leads
        assert answer["result"]["command"] == "tool test"


def test_the_form_s_words_for_a_prediction_are_taken_as_well():
    words, _ = tools()["think"].line({"predicted_low": 1.2, "predicted_high": 2.0})
    assert words == ["think", "--json", "--low=1.2", "--high=2.0"]
    described = tools()["bench"].schema()["properties"]["metric"]["description"]
    assert described.startswith("Not in a campaign")


@pytest.mark.parametrize("name", tools("campaign"))
def test_everything_that_a_tool_of_a_campaign_takes_is_described(name):
    bare = [
        p for p, kind in tools()[name].schema()["properties"].items() if "description" not in kind
    ]
    assert bare == []
