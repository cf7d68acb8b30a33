"""The configuration that `harness optimise` writes is read as it was meant."""

from pathlib import Path

import pytest

from harness.project.config import load_config
from harness.project.first_config import (
    CalledProgram,
    config_text,
    is_first_config,
    looks_like_numbers,
)


@pytest.mark.parametrize(
    "arguments",
    [("1000",), ("{n}", "a b", '"', "\\", "ü\x7f\t"), ()],
)
def test_a_program_is_called_as_it_was_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    for name in ("my solver.v2.py", "in.txt"):
        (tmp_path / name).write_text("")
    program = CalledProgram("python", ("my solver.v2.py",), arguments, ("in.txt",), "in.txt")
    path = tmp_path / "harness.toml"
    path.write_text(config_text(program), encoding="utf-8")
    config = load_config(path)
    assert list(config.campaigns) == ["my-solver"]
    target = config.target("my-solver")
    assert target.arguments(config.case_of(target, None)) == arguments
    assert target.sources == (tmp_path / "my solver.v2.py",)
    assert target.inputs == (tmp_path / "in.txt",)
    assert target.stdin == tmp_path / "in.txt"
    assert is_first_config(path.read_text("utf-8"))


def test_what_may_be_a_seed_is_offered_and_not_guessed() -> None:
    assert looks_like_numbers(("boards.txt", "17", "-3", "2.5", "0")) == ("17", "0")
    program = CalledProgram("c", ("s.c",), ("17",))
    assert "seed" not in config_text(program)


def test_names_in_braces_are_values_of_the_case_and_other_braces_are_meant(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("")
    words = ("{seed}", "n={size},{other}", "{who}", "{{size}}")
    program = CalledProgram(
        "python", ("s.py",), words, seed=7, params={"size": 9, "who": "a b"}, objective="cpu"
    )
    path = tmp_path / "harness.toml"
    path.write_text(config_text(program), encoding="utf-8")
    config = load_config(path)
    target = config.target("s")
    case = config.case_of(target, None)
    assert case.seed == 7
    assert target.takes("seed")
    assert target.arguments(case) == ("7", "n=9,{other}", "a b", "{9}")
    assert config.campaigns["s"].objective == "cpu"
