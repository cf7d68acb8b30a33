"""`harness adapters check`: the conformance suite as a table, with reasons."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.testing.promises import PROMISES
from harness.testing.samples import shipped_sample


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """The sample of `command`, whose program prints another number than it should."""
    path = tmp_path / "sample.toml"
    path.write_text(shipped_sample("command").read_text().replace("echo $s", "echo 8"))
    return path


def test_a_good_adapter_passes_and_nothing_of_pytest_is_seen(harness, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    said = harness("adapters", "check", "command")
    assert said.code == 0, said.out + said.err
    rows = said.out.splitlines()
    assert rows[0].split() == ["check", "outcome", "reason"]
    assert len(rows[2 : rows.index("")]) == len(PROMISES)
    assert "this adapter has no steady driver" in said.out
    assert "pytest" not in said.out + said.err
    assert rows[-1].startswith("command: ")


def test_a_failed_check_says_why_and_ends_with_1(harness, spoilt):
    said = harness("adapters", "check", "command", "--language-sample", spoilt, "--json")
    assert said.code == 1
    checks = {check["name"]: check for check in said.result["checks"]}
    assert list(checks) == list(PROMISES)
    found = checks["test_a_run_gives_the_output_of_its_case"]
    assert (found["outcome"], found["promise"]) == ("failed", "fills in the arguments")
    assert "55" in found["reason"]
    assert checks["test_probe_is_stable"]["outcome"] == "passed"


def test_a_file_that_is_not_there_is_named(harness):
    said = harness("adapters", "check", "command", "--language-sample", "gone.toml")
    assert said.code == 2
    assert "gone.toml" in said.err


def test_without_pytest_the_extra_is_named(harness, monkeypatch):
    monkeypatch.setitem(sys.modules, "pytest", None)
    monkeypatch.delitem(sys.modules, "harness.testing.examining", raising=False)
    said = harness("adapters", "check", "command")
    assert said.code == 3
    assert "pip install pytest" in said.err
