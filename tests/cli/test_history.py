"""`harness history`: stored runs and their measurements."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

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
