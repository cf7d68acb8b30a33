"""Samples of a language: read strictly, and shipped by every adapter of ours."""

from pathlib import Path

import pytest

from harness.errors import AdapterNotFound, ConfigError, UsageError
from harness.plugins import Adapters
from harness.testing import suite_of
from harness.testing.samples import read_sample, shipped_sample

LEAST = """\
program = "print(55)"
wrong = "print(7)"
failing = "x"
hanging = "y"
broken = ""
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "sample.toml"
    path.write_text(text, encoding="utf-8")
    return path


LANGUAGES = [each.name for each in Adapters().installed() if each.name != "suite"]
"""A suite's programs are those of its framework: its own tests hold it to the contract."""


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_adapter_ships_a_sample_that_can_be_used(name):
    assert read_sample(shipped_sample(name))["program"]


def test_an_empty_broken_program_says_that_nothing_is_built(tmp_path):
    assert read_sample(written(tmp_path, LEAST))["broken"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("progam = ''", "unknown key 'progam'"),
        (LEAST.replace("broken", "# broken"), "broken: missing"),
        (f"{LEAST}steady = 'yes'", "steady: true or false is wanted, not 'yes'"),
        (f"{LEAST}changes = ['flags']", "changes: 'flags' is no pair"),
        (f"{LEAST}extra = ['one']", "extra: two texts are wanted"),
        ("program = ", "not valid TOML"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        read_sample(written(tmp_path, text))
    assert said in caught.value.message
    assert caught.value.hint


def test_a_check_whose_program_is_still_to_be_written_is_skipped(tmp_path):
    text = LEAST.replace("print(55)", "FILL IN: print the sum")
    suite = suite_of("command", written(tmp_path, text))
    assert suite.make_target(tmp_path / "a", suite.wrong).adapter == "command"
    with pytest.raises(pytest.skip.Exception, match=r"sample.toml: FILL IN: print the sum"):
        suite.make_target(tmp_path / "b", suite.program)


def test_no_such_adapter_and_no_sample_of_it_are_told_apart(monkeypatch, tmp_path):
    with pytest.raises(AdapterNotFound, match="comand"):
        suite_of("comand")
    monkeypatch.setattr("harness.testing.samples.SAMPLE", "nothing.toml")
    with pytest.raises(UsageError, match="ships no sample programs") as caught:
        suite_of("command")
    assert "--language-sample FILE" in caught.value.hint
