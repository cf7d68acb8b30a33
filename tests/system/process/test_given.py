"""What a target is given: equal digests for equal things, and no look that hangs."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Case, Target
from harness.system.process.given import given_digest


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """With a file, and a folder that has one file below another folder."""
    (tmp_path / "data.txt").write_text("1")
    (tmp_path / "more" / "inner").mkdir(parents=True)
    (tmp_path / "more" / "inner" / "deep.txt").write_text("2")
    inputs = (tmp_path / "data.txt", tmp_path / "more")
    return Target("t", "task", "command", tmp_path, args=("a",), inputs=inputs)


def test_the_same_things_elsewhere_have_the_same_digest(target: Target, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    for path in target.inputs:
        path.rename(there / path.name)
    moved = replace(target, root=there, inputs=tuple(there / p.name for p in target.inputs))
    before = given_digest(moved, Case("fast"))
    for path in moved.inputs:
        path.rename(tmp_path / path.name)
    assert given_digest(target, Case("fast")) == before


@pytest.mark.parametrize("name", ["data.txt", "more/inner/deep.txt"])
def test_content_and_names_of_inputs_count(target: Target, tmp_path: Path, name: str) -> None:
    before = given_digest(target, Case("fast"))
    (tmp_path / name).write_text("9")
    changed = given_digest(target, Case("fast"))
    (tmp_path / "more/inner/deep.txt").rename(tmp_path / "more/deep.txt")
    assert len({before, changed, given_digest(target, Case("fast"))}) == 3


def test_a_pipe_or_nothing_among_the_inputs_hangs_and_fails_nothing(
    target: Target, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "more" / "pipe")
    given_digest(replace(target, inputs=(*target.inputs, tmp_path / "gone")), Case("fast"))
