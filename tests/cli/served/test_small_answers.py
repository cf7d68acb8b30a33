"""Answers are small, whole somewhere, and nothing in them acts on who reads them."""

from __future__ import annotations

import json

import pytest

from harness.cli.served.small_answers import (
    MOST_CHARACTERS,
    harmless,
    read_answer,
    small_answer,
)
from harness.cli.shared.escaping import visible
from harness.errors import UsageError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_what_cannot_be_seen_is_spelt_out():
    assert visible("\x1b[2J\u202egnp.exe\u200b\u009b") == r"\x1b[2J\u202egnp.exe\u200b\x9b"
    assert visible("a\tb\nczwölf 数") == "a\tb\nczwölf 数"
    assert visible("\U000e0041") == r"\U000e0041"
    assert harmless({"\x07": ["\x1b", 1, None]}) == {r"\x07": [r"\x1b", 1, None]}


def test_a_short_answer_is_whole():
    envelope = {"ok": True, "schema_version": 1, "result": {"a": [1, 2]}, "error": None}
    answer = small_answer("next", envelope, 0)
    assert answer == {"ok": True, "result": {"a": [1, 2]}, "error": None, "exit_code": 0}


@pytest.mark.parametrize(
    "result",
    [
        {"text": "x" * 100_000},
        {"rows": [{"name": f"t{n}", "figures": list(range(50))} for n in range(500)]},
        {f"key {n}": "v" * 50 for n in range(5000)},
        {"deep": [[["x" * 100] * 10] * 10] * 10},
    ],
)
def test_a_long_answer_is_cut_and_can_be_read_on(result):
    answer = small_answer("run", {"ok": True, "result": result, "next_actions": ["go on"]}, 0)
    assert len(json.dumps(answer)) <= MOST_CHARACTERS
    assert answer["next_actions"] == ["go on"]
    text, offset = "", 0
    while offset is not None:
        piece = read_answer(answer["cut"]["answer"], offset)
        text, offset = text + piece["text"], piece["next_offset"]
    assert json.loads(text)["result"] == result


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "run-0123456789abcdef.json/..", ""])
def test_no_other_file_is_read(name):
    with pytest.raises(UsageError):
        read_answer(name, 0)


def test_where_nothing_can_be_kept_the_answer_is_cut_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    answer = small_answer("run", {"ok": True, "result": {"text": "x" * 100_000}}, 0)
    assert answer["cut"]["answer"] is None
    assert "cannot be kept" in answer["cut"]["why"]
