"""`harness doctor`: findings in words and as JSON; advice is not a failure."""

from __future__ import annotations


def test_the_table_names_what_was_looked_at(harness, folder):
    said = harness("doctor", "--watch", "0")
    assert said.code == 0
    for name in ("governor", "load", "virtualisation", "swap", "address randomisation"):
        assert name in said.out


def test_json_carries_findings_and_what_to_do_about_the_problems(harness, folder):
    said = harness("doctor", "--watch", "0", "--json")
    assert said.code == 0
    findings = {f["name"]: f for f in said.result["findings"]}
    problems = [n for n, f in findings.items() if f["severity"] == "problem"]
    assert said.result["problems"] == problems
    assert said.envelope["next_actions"] == [findings[name]["remedy"] for name in problems]
    assert all(f["seen"] for f in findings.values())


def test_a_time_to_watch_that_is_none_is_refused(harness, folder):
    assert harness("doctor", "--watch", "-1").code == 2
