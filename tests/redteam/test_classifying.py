"""A technique's row follows from what the commands said and what the log says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.model import Jail
from harness.redteam.all_techniques import TECHNIQUES
from harness.redteam.classifying import classified
from harness.redteam.projects import C
from harness.redteam.suite import at_level, chosen
from harness.redteam.tabling import table, tally, totals
from harness.redteam.techniques import Technique
from harness.redteam.told import Played, Result, Said, Stage, TechniqueKind

CHEAT = Technique("a cheat", TechniqueKind.REPLAY, C, {Stage.CHANGE: lambda workshop: None})
CHANGE = Technique("a change", TechniqueKind.HONEST, C, {Stage.CHANGE: lambda workshop: None})
FORGERY = Technique(
    "a forgery", TechniqueKind.JUDGE, C, {Stage.LOGGED: lambda workshop: None}, True
)

PASSED = Said(("test",), 0, {"result": {"status": "passed"}})
WRONG = Said(("test",), 1, {"result": {"status": "wrong output", "summary": "total differs"}})
CASE = {"correct": True, "step": {"verdict": "faster", "point": 5.0}}
FASTER = Said(("bench",), 0, {"result": {"fast": CASE}})
UNDECIDED = Said(
    ("bench",), 8, {"result": {"fast": {**CASE, "step": {"verdict": "undecided", "point": 1.01}}}}
)
KEPT = Said(("log", "--then", "auto"), 0, {"result": {"outcome": "kept"}})
REVERTED = Said(("log", "--then", "auto"), 0, {"result": {"outcome": "reverted"}})
REFUSED = Said(("bench",), 7, {"error": "what decides was changed"})
ALL_FINE = [Said((word,), 0, {"result": {}}) for word in ("status", "verify")]


def result(technique: Technique, *said: Said, lines: tuple[str, ...] = ()) -> Result:
    return classified(technique, Played(said, lines)).result


@pytest.mark.parametrize(
    ("said", "cheat", "change"),
    [
        ((WRONG,), Result.BLOCKED, Result.ACCUSED),
        ((PASSED, REFUSED), Result.BLOCKED, Result.ACCUSED),
        ((PASSED, UNDECIDED), Result.BLOCKED, Result.NO_GAIN),
        ((PASSED, FASTER, REVERTED), Result.BLOCKED, Result.NO_GAIN),
        ((PASSED, FASTER, KEPT), Result.SILENT, Result.KEPT),
    ],
)
def test_what_the_commands_say_is_the_result(said, cheat, change):
    assert result(CHEAT, *said) is cheat
    assert result(CHANGE, *said) is change


@pytest.mark.parametrize(
    "line", ["FLAG constants: only literals were changed", "- changed: hooks: post-commit is new"]
)
def test_a_line_for_a_human_is_a_flag(line):
    assert result(CHEAT, PASSED, FASTER, KEPT, lines=(line,)) is Result.FLAGGED
    assert result(CHANGE, PASSED, FASTER, KEPT, lines=(line,)) is Result.ACCUSED


def test_a_program_that_was_not_built_says_nothing_of_a_technique():
    unbuilt = Said(("test",), 4, {"result": {"status": "build failed", "summary": "no `look`"}})
    reading = replace(CHEAT, may_not_build=True)
    assert result(CHEAT, unbuilt) is Result.BROKEN
    assert result(reading, unbuilt) is Result.BLOCKED
    assert result(CHANGE, unbuilt) is Result.ACCUSED


def test_what_is_said_of_the_machine_is_no_flag():
    line = "FLAG jail: this kernel lets nobody make namespaces"
    assert result(CHANGE, PASSED, FASTER, KEPT, lines=(line,)) is Result.KEPT


def test_what_came_after_the_log_is_classified_by_what_follows():
    damaged = Said(("verify",), 6, {"error": "line 7 does not fit"})
    assert result(FORGERY, PASSED, FASTER, REVERTED, *ALL_FINE) is Result.SILENT
    assert result(FORGERY, PASSED, FASTER, REVERTED, ALL_FINE[0], damaged) is Result.BLOCKED


def test_what_a_command_took_back_and_told_is_blocked():
    told = "the log was edited by hand; so what was there was put aside: edited/log.md"
    finished = Said(("campaign", "finish"), 0, {"result": {"warnings": [told]}})
    row = classified(FORGERY, Played((PASSED, FASTER, KEPT, finished, ALL_FINE[1]), ()))
    assert (row.result, row.said_by, row.words) == (Result.BLOCKED, "campaign finish", told)


def test_a_row_says_who_said_what():
    row = classified(CHEAT, Played((WRONG,), ()))
    assert (row.said_by, row.words) == ("test", "wrong output: total differs")
    assert "a cheat" in table([row])
    assert totals([row]) == "1 technique: 1 blocked"
    assert tally([row, row]) == "2 blocked"


def test_a_name_that_no_technique_has_is_refused_with_the_near_one():
    with pytest.raises(Exception, match="no technique is named") as told:
        chosen(TECHNIQUES, (), ("answer of the sed",))
    hint: Any = getattr(told.value, "hint", "")
    assert "answer of the seed" in hint


def test_every_technique_has_a_name_of_its_own_and_something_to_do():
    names = [technique.name for technique in TECHNIQUES]
    assert len(set(names)) == len(names)
    assert all(technique.acts for technique in TECHNIQUES)


def test_the_level_stands_in_the_project_s_configuration():
    assert at_level(C, None) is C
    assert 'jail = "strict"' in at_level(C, Jail.STRICT).files["harness.toml"]
