"""What the commands say of outputs: who disagrees with whom, and where nothing was checked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

UNCHECKED = "nothing is printed and no output is declared: nothing was checked"


def target(name: str, script: str) -> str:
    return (
        f'[targets.{name}]\ntask = "t"\nadapter = "command"\nprogram = "sh"\n'
        f'args = ["-c", "{script}"]\n'
    )


@pytest.fixture
def configured(folder: Path):
    """Writes a harness.toml of one task with these scripts as targets, by name."""

    def write(more: str = "", **scripts: str) -> Path:
        targets = "".join(target(name, script) for name, script in scripts.items())
        config = '[tasks.t]\nreference = "a"\n[tasks.t.cases.c]\n' + more + targets
        (folder / "harness.toml").write_text(config)
        return folder

    return write


def test_a_reference_that_alone_is_wrong_is_called_the_odd_one_out(harness, configured) -> None:
    configured(a="echo 1", b="echo 2", c="echo 2", d="echo 2")
    said = harness("run", "--trials", "2")
    assert said.code == 1
    assert "reference a is the odd one out: all others (b, c, d) agree with one another" in said.out


def test_the_odd_one_out_is_told_though_one_more_is_wrong_in_its_own_way(
    harness, configured
) -> None:
    configured(a="echo 1", b="echo 2", c="echo 3", d="echo 2")
    said = harness("run", "--trials", "2")
    assert "the most (b, d) agree with one another" in said.out


@pytest.mark.parametrize(
    "scripts",
    [
        {"a": "echo 1", "b": "echo 1", "c": "echo 2", "d": "echo 2"},
        {"a": "echo 1", "b": "echo 2", "c": "echo 3"},
        {"a": "echo 1", "b": "echo 2"},
    ],
)
def test_a_reference_with_company_or_without_a_majority_against_it_is_not_doubted(
    harness, configured, scripts: dict[str, str]
) -> None:
    configured(**scripts)
    said = harness("run", "--trials", "2")
    assert said.code == 1
    assert "odd one out" not in said.out


def test_who_takes_the_place_of_a_reference_that_failed_is_said(harness, configured) -> None:
    configured(a="exit 3", b="echo 1", c="echo 1")
    said = harness("run", "--trials", "2")
    assert said.code == 5
    assert "t c: a failed; b takes its place: ratios and outputs are against it" in said.out


def test_programs_that_print_nothing_are_timed_and_nothing_is_called_checked(
    harness, configured
) -> None:
    configured(a="sleep 0.001", b="sleep 0.002")
    said = harness("run", "--trials", "2")
    assert said.code == 0
    assert UNCHECKED in said.out
    assert " ok" not in said.out
    said = harness("compare", "a", "b", "--max-trials", "2")
    assert said.code in (0, 1, 8)
    assert UNCHECKED in said.out
    assert "expected a text" not in said.err


def test_a_program_that_prints_beside_one_that_does_not_is_wrong(harness, configured) -> None:
    configured(a="true", b="echo 1")
    said = harness("run", "--trials", "2")
    assert said.code == 1
    assert "nothing was checked" not in said.out
    assert "b: wrong output" in said.err


def test_a_declared_output_that_is_empty_is_wrong_all_the_same(harness, configured) -> None:
    configured("[tasks.t.outputs.all]\n", a="true", b="true")
    said = harness("run", "--trials", "2")
    assert said.code == 1
    assert "an empty text" in said.err


def committed(folder: Path) -> None:
    (folder / ".gitignore").write_text(".harness/\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Begin"]):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words],
            cwd=folder,
            check=True,
        )


def test_a_baseline_and_a_test_of_what_prints_nothing_say_so(harness, configured) -> None:
    committed(configured(a="sleep 0.001"))
    said = harness("baseline", "--target", "a", "--trials", "2")
    assert said.code == 0
    assert UNCHECKED in said.out
    said = harness("test", "--target", "a")
    assert said.code == 0
    assert f"PASS ({UNCHECKED})" in said.out


def test_a_campaign_with_nothing_to_check_is_refused(harness, configured) -> None:
    folder = configured(a="sleep 0.001")
    with (folder / "harness.toml").open("a") as file:
        file.write('[campaigns.faster]\ntarget = "a"\n')
    committed(folder)
    said = harness("baseline", "--trials", "2")
    assert said.code == 2
    assert "prints nothing on case c" in said.err
    assert "[tasks.t.outputs.NAME]" in said.err
    assert not (folder / "optim" / "faster" / "baseline.json").exists()
