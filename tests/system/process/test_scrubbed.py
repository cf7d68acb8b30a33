"""A failure that a variable of the caller's would have prevented says so."""

import os
from pathlib import Path

import pytest

from harness.model import Command, TrialPlan
from harness.system.process.runner import LocalRunner
from harness.system.process.scrubbed import SIGNS, missed_variables


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SIGNS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", SIGNS)
def test_the_variable_is_named_with_what_to_write(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"Error: {SIGNS[name][0]} something"
    assert missed_variables(said, {}) == ""
    monkeypatch.setenv(name, f"lib{os.pathsep}/opt/x")
    sentence = missed_variables(said, {})
    assert f'env = {{ {name} = "{Path.cwd()}/lib:/opt/x"' in sentence
    assert "not passed on to targets" in sentence
    assert missed_variables("another failure", {}) == ""
    assert missed_variables(said, {name: "mine"}) == sentence
    assert missed_variables(said, {name: f"{Path.cwd()}/lib:mine:/opt/x"}) == ""


def test_an_import_error_of_a_target_says_it(
    runner: LocalRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mine.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    command = Command(("python3", "-c", "import mine"), {}, None)
    trial = runner.trial(command, TrialPlan())
    assert "No module named 'mine'" in trial.message
    assert f'PYTHONPATH = "{tmp_path}/lib"' in trial.message
    env = {"PYTHONPATH": str(tmp_path / "lib")}
    assert runner.trial(Command(command.argv, env, None), TrialPlan()).ok
