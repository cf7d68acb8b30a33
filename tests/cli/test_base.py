"""What all commands share: help, the envelope, exit codes and messages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import COMMANDS
from harness.cli.shared.base import Answer, command
from harness.render.page import page


def test_help_lists_every_command(harness):
    said = harness("--help")
    assert said.code == 0
    assert all(name in said.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(harness, name):
    said = harness(name, "--help")
    assert said.code == 0
    assert f"harness {name}" in said.out


def test_a_misspelt_command_suggests_the_near_one(harness):
    said = harness("rum")
    assert said.code == 2
    assert "Did you mean 'run'?" in said.err


def test_a_misspelt_option_names_the_help(harness):
    said = harness("run", "--adaptor", "c")
    assert said.code == 2
    assert "--adaptor" in said.err
    assert "harness run --help" in said.err


def test_an_error_under_json_is_one_envelope(harness, folder):
    said = harness("run", "--json")
    assert said.code == 2
    envelope = said.envelope
    assert envelope["ok"] is False
    assert envelope["command"] == "run"
    assert "no harness.toml" in envelope["error"]
    assert envelope["hint"]
    assert set(envelope) == {
        *("ok", "schema_version", "command", "state"),
        *("result", "error", "hint", "next_actions"),
    }


def test_a_text_that_is_made_as_it_is_printed_is_made_for_the_page(monkeypatch, capsys):
    """`harness run` makes its tables at the last moment: they fit the terminal all the same."""
    monkeypatch.setenv("COLUMNS", "72")
    late = command(name="late")(lambda: Answer(text=lambda: f"{page().width} columns"))
    with pytest.raises(SystemExit):
        late.main([])
    assert capsys.readouterr().out == "72 columns\n"


def test_a_bug_keeps_its_traceback_and_exits_with_70(harness, monkeypatch):
    def broken(**_):
        raise ZeroDivisionError("by a bug")

    monkeypatch.setattr("harness.system.machine.diagnosis.diagnose", broken)
    said = harness("doctor")
    assert said.code == 70
    kept = Path(said.err.split("kept in ")[1].split(";")[0])
    assert "by a bug" in kept.read_text()
    kept.unlink()


def test_python_dash_m_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "harness", "config", "schema", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["result"]["schema"]["title"] == "harness.toml"


@pytest.mark.parametrize("words", [[], ["config"]])
def test_a_group_without_a_command_shows_its_help_and_no_complaint(harness, folder, words):
    said = harness(*words)
    assert said.code == 2
    assert said.err.startswith("Usage: harness")
    assert said.out == ""


def test_a_name_that_no_record_can_hold_is_named_and_no_bug(harness, monkeypatch):
    def broken(**_):
        "records/nu\udcff".encode()

    monkeypatch.setattr("harness.cli.doctor.doctor_command.callback", broken)
    said = harness("doctor")
    assert said.code == 2
    assert "not UTF-8, and it would stand in a record: records/nu" in said.err
