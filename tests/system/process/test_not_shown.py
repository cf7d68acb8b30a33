"""Files of the project that a failed program asked for, and was not shown."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Command, Target, TrialPlan, WorkingFolder
from harness.system.process.not_shown import advised_inputs, not_shown
from harness.system.process.runner import LocalRunner


@pytest.fixture
def target(tmp_path: Path) -> Target:
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs/small.txt").write_text("words")
    (tmp_path / "stars.csv").write_text("1,2")
    return Target("mine@main", "task", "command", tmp_path)


SHOWS = (
    "trials run in an empty folder: `inputs = [{}]` in [targets.mine] of harness.toml shows them"
)


@pytest.mark.parametrize(
    ("said", "words", "inputs"),
    [
        ("inputs/small.txt: No such file or directory", ("inputs/small.txt", "3"), '"inputs"'),
        ("FileNotFoundError: [Errno 2] No such file: 'stars.csv'", (), '"stars.csv"'),
        ('SystemError: opening file "./inputs/small.txt": No such file', (), '"inputs"'),
        ("cannot open ‘stars.csv’.", ("x",), '"stars.csv"'),
        ("bad input stars.csv", ("--in=stars.csv",), '"stars.csv"'),
        ("", ("inputs/small.txt",), '"inputs"'),
        ("inputs: not found", ("inputs",), '"inputs"'),
    ],
)
def test_a_file_that_trials_were_not_shown_is_named(
    target: Target, said: str, words: tuple[str, ...], inputs: str
) -> None:
    assert not_shown(said, words, target).startswith(SHOWS.format(inputs))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("other.csv: No such file or directory", ("other.csv",)),  # nobody has it
        ("column inputs not found", ()),  # a word, not a path
        ("assertion failed", ("inputs/small.txt",)),  # it told another reason
        ("/etc/none: No such file", ("../x", "/", "")),
        ("\0: not found", ("x" * 5000,)),
    ],
)
def test_other_failures_have_other_reasons(
    target: Target, said: str, words: tuple[str, ...]
) -> None:
    assert not_shown(said, words, target) == ""


def test_inputs_that_are_shown_are_kept_in_what_is_advised(target: Target) -> None:
    (target.root / "more").mkdir()
    shown = replace(target, inputs=(target.root / "inputs", target.root / "more"))
    said = not_shown("stars.csv: not found", (), shown)
    assert '["inputs", "more", "stars.csv"]' in said
    assert advised_inputs(said) == ["inputs", "more", "stars.csv"]
    assert not_shown("inputs/small.txt: not found", (), shown) == ""
    here = replace(target, working_folder=WorkingFolder.ROOT)
    assert not_shown("inputs/small.txt: not found", (), here) == ""


def test_a_file_of_the_user_s_tree_counts_where_a_copy_has_it_not(
    target: Target, tmp_path: Path
) -> None:
    tree = tmp_path / "copy"
    tree.mkdir()
    copied = replace(target, root=tree, private_copy=(tmp_path, tree))
    assert "shows them stars.csv" in not_shown("stars.csv: not found", (), copied)


def test_a_trial_that_fails_for_it_says_so(any_runner: LocalRunner, target: Target) -> None:
    trial = any_runner.trial(Command(("cat", "inputs/small.txt"), {}, target), TrialPlan())
    assert SHOWS.format('"inputs"') in trial.message
