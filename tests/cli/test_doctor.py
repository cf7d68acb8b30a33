"""`harness doctor`: findings in words and as JSON; advice is not a failure."""

from __future__ import annotations

from harness.system.machine import diagnosis
from harness.system.machine.diagnosis import Finding, Severity


def test_the_table_names_what_was_looked_at(harness, folder):
    said = harness("doctor", "--watch", "0")
    assert said.code == 0
    for name in ("governor", "load", "virtualisation", "swap", "address randomisation"):
        assert name in said.out


PROBLEM = Finding("swap", Severity.PROBLEM, "9 MiB in use", "Slow.", "Free it.", "swapoff -a")
ADVICE = Finding("load", Severity.PROBLEM, "9.0", "Others compete.", "Stop them.")
NOTE = Finding("SMT", Severity.NOTE, "on", "Shared.", "Switch it off.", "echo off")


def test_commands_against_problems_are_next_actions_and_words_are_not(harness, folder, monkeypatch):
    monkeypatch.setattr(diagnosis, "diagnose", lambda watch_s: [PROBLEM, ADVICE, NOTE])
    said = harness("doctor", "--json")
    assert said.envelope["next_actions"] == ["swapoff -a"]
    text = harness("doctor").out
    assert "swap: Slow.\n  Free it.\n  swapoff -a\n" in text
    assert "load: Others compete.\n  Stop them.\n" in text


def test_json_carries_findings_and_names_the_problems(harness, folder):
    said = harness("doctor", "--watch", "0", "--json")
    assert said.code == 0
    findings = {f["name"]: f for f in said.result["findings"]}
    problems = [n for n, f in findings.items() if f["severity"] == "problem"]
    assert said.result["problems"] == problems
    assert all(f["seen"] for f in findings.values())


def test_a_time_to_watch_that_is_none_is_refused(harness, folder):
    assert harness("doctor", "--watch", "-1").code == 2
