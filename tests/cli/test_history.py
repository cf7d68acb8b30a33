"""`harness history`: stored runs and their measurements."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def measured(harness, folder):
    """Two runs of two programs."""
    for program in ("true", "false"):
        harness("run", "--adapter", "command", "--trials", "1", "--", program)
    return folder


def test_every_run_is_listed_with_its_measurements(harness, measured):
    said = harness("history", "--json")
    assert [r["measurements"][0]["target"] for r in said.result["runs"]] == ["true", "false"]


def test_named_figures_are_a_column_where_there_are_any(harness, folder):
    (folder / "harness.toml").write_text(
        '[tasks.t.metrics.nodes]\nunit = "pcs"\nbetter = "lower"\n[targets.p]\ntask = "t"\n'
        'adapter = "command"\nargs = ["echo", "METRIC nodes=12"]\n'
    )
    harness("run", "--adapter", "command", "--trials", "1", "--", "true")
    assert "figures" not in harness("history").out
    harness("run", "p", "--trials", "1")
    lines = harness("history").out.splitlines()
    assert "figures" in lines[0]
    assert [("nodes 12 pcs" in line) for line in lines[2:]] == [False, True]


def test_a_target_filters(harness, measured):
    said = harness("history", "--target", "true", "--json")
    assert len(said.result["runs"]) == 1


def test_an_age_filters(harness, measured):
    assert len(harness("history", "--since", "1h", "--json").result["runs"]) == 2
    assert harness("history", "--since", "2999-01-01", "--json").result["runs"] == []


def test_a_senseless_age_is_refused(harness, measured):
    said = harness("history", "--since", "yesterday-ish")
    assert said.code == 2
    assert "yesterday-ish" in said.err


def test_nothing_measured_is_no_error(harness, folder):
    said = harness("history")
    assert said.code == 0
    assert "no runs" in said.out


def test_the_note_says_what_went_wrong(harness, measured):
    rows = harness("history", "--format", "csv").out.splitlines()
    assert rows[1].endswith(",1,")
    assert rows[2].endswith(",0,failed")


def test_a_run_cut_off_before_its_first_trial_is_listed(harness, measured):
    run = next((measured / ".harness" / "results").iterdir())
    plan = json.loads((run / "run.json").read_text())
    (run / "trials.parquet").unlink()
    (run / "run.json").write_text(
        json.dumps({"schema_version": 1, "plan": plan["plan"], "finished": False})
    )
    assert f"unfinished: harness run --resume {run.name}" in harness("history").out


def test_a_date_is_read_in_the_time_of_the_table(harness, measured, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # 14 hours ahead
    time.tzset()
    started = harness("history", "--json").result["runs"][0]["started_at_ns"] / 1e9
    shown = datetime.fromtimestamp(started - 60, UTC).strftime("%Y-%m-%d %H:%M")
    later = datetime.fromtimestamp(started + 3600, UTC).strftime("%Y-%m-%d %H:%M")
    assert len(harness("history", "--since", shown, "--json").result["runs"]) == 2
    assert harness("history", "--since", later, "--json").result["runs"] == []
    monkeypatch.undo()
    time.tzset()


def test_of_one_target_only_its_runs_are_looked_at(harness, measured):
    one, other = sorted((measured / ".harness" / "results").iterdir())
    (other / "trials.parquet").write_bytes(b"")
    said = harness("history", "--target", "true", "--json")
    assert (said.code, [run["run_id"] for run in said.result["runs"]]) == (0, [one.name])
    assert harness("history", "--target", "false").code == 6


def test_a_column_that_is_not_known_is_shown(harness, measured):
    first = min((measured / ".harness" / "results").iterdir())
    path = first / "trials.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("joules", pa.array([1.5] * table.num_rows)), path)
    run = json.loads((first / "run.json").read_text())
    old = {key: run[key] for key in ("plan", "finished", "summary")}
    (first / "run.json").write_text(json.dumps({"schema_version": 1, **old}))
    said = harness("history")
    assert said.code == 0
    assert f"{first.name}: columns that this harness does not know: joules" in said.out
    assert harness("history", "--json").result["runs"][0]["unknown_columns"] == ["joules"]


def test_a_run_of_a_newer_harness_is_refused_with_what_to_do(harness, measured):
    first = min((measured / ".harness" / "results").iterdir())
    (first / "run.json").write_text(json.dumps({"schema_version": 3}))
    said = harness("history")
    assert said.code == 2
    assert "newer harness (schema 3; this one knows 2)" in said.err
    assert "Upgrade optim-harness" in said.err
    assert "damaged" not in said.err
    assert "false" in said.out
