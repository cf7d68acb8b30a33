"""`harness history`: stored runs and their measurements."""

from __future__ import annotations

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
