"""Questions in SQL: those of the documentation, and what is refused."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.errors import DataDamaged, ToolchainMissing, UsageError

PAGE = Path(__file__).parents[2] / "docs" / "questions.md"
QUESTIONS = re.findall(
    r"^## (.*?)$.*?^```python\n(.*?)^```$.*?^```sql\n(.*?)^```$",
    PAGE.read_text(encoding="utf-8"),
    flags=re.MULTILINE | re.DOTALL,
)

needs_duckdb = pytest.mark.skipif(find_spec("duckdb") is None, reason="DuckDB is not installed")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two comparisons of `old` and `new`, and a sweep."""
    monkeypatch.chdir(tmp_path)
    for name in ("old", "new"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\nexec true\n")
        program.chmod(0o755)
    for _ in range(2):
        harness.compare("old", "new", adapter="command", trials=3)
    harness.sweep(["sleep", "{n}"], sweep={"n": [0.001, 0.002]}, trials=2, warmup=0)
    return tmp_path


def values(answer: Any) -> list[Any]:
    """An answer of pandas as plain rows, with what its index says."""
    if isinstance(answer, list):
        return [answer]
    named = answer.reset_index() if answer.index.names[0] else answer
    return named.to_numpy().tolist()


def test_there_are_five():
    assert len(QUESTIONS) == 5


@needs_duckdb
def test_both_answers_to_each_question_are_the_same(asked):
    for question, code, statement in QUESTIONS:
        space: dict[str, Any] = {}
        exec(compile(code, question, "exec"), space)
        found = harness.sql(statement).to_numpy().tolist()
        wanted = values(space["answer"])
        assert len(found) == len(wanted) > 0, question
        for row, other in zip(found, wanted, strict=True):
            assert len(row) == len(other), question
            for one, two in zip(row, other, strict=True):
                if isinstance(one, str):
                    assert one == two, question
                else:
                    assert np.isclose(float(one), float(two), equal_nan=True), question


@needs_duckdb
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("", "the statement is empty"),
        ("SELEKT 1", "syntax error"),
        ("SELECT nope FROM trials", "nope"),
        ("COPY trials TO 'x.csv'", "disabled by configuration"),
        ("SELECT * FROM read_text('/etc/hostname')", "disabled by configuration"),
        ("SET enable_external_access = true", "configuration has been locked"),
    ],
)
def test_what_makes_no_sense_or_reaches_outside_is_refused(asked, statement, words):
    with pytest.raises(UsageError) as caught:
        harness.sql(statement)
    assert words in caught.value.message
    assert not (asked / "x.csv").exists()


@needs_duckdb
def test_a_sweep_that_was_changed_is_named(asked):
    (path,) = asked.glob(".harness/results/*/sweep.json")
    path.write_text("[]")
    with pytest.raises(DataDamaged, match=r"sweep\.json"):
        harness.sql("SELECT * FROM sweeps")


def test_without_duckdb_it_is_said_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ToolchainMissing) as caught:
        harness.sql("SELECT 1", results=tmp_path)
    assert "pip install duckdb" in caught.value.hint
