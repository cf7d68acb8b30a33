"""`harness sql`."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(find_spec("duckdb") is None, reason="DuckDB is not installed")


def test_it_answers_as_a_table_and_as_json(harness, folder):
    harness("run", "--adapter", "command", "--trials", "2", "--", "true")
    statement = "SELECT target, count(*) AS n FROM trials WHERE NOT warmup GROUP BY target"
    assert harness("sql", statement, "--format", "csv").out == "target,n\ntrue,2\n"
    assert harness("sql", statement, "--json").result == {
        "columns": ["target", "n"],
        "rows": [["true", 2]],
    }


def test_a_wrong_statement_is_a_usage_error(harness, folder):
    harness("run", "--adapter", "command", "--trials", "1", "--", "true")
    said = harness("sql", "SELECT nope FROM trials")
    assert said.code == 2
    assert "The tables are trials, measurements, sweeps." in said.err
