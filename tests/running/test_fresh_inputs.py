"""Whole comparisons whose blocks draw their inputs: what is run, checked and stored."""

import json
from pathlib import Path

import pytest

import harness

CONFIG = """
[tasks.square]
reference = "plain"
[tasks.square.cases.fast]
params = {{ n = {n} }}
seed = 42

[targets.plain]
task = "square"
adapter = "command"
program = "/bin/sh"
args = ["-c", "echo $(( $0 * $1 )); test $0 -lt 3000000000", "{{n}}", "{{seed}}"]

[targets.other]
task = "square"
adapter = "command"
program = "/bin/sh"
args = ["-c", '''{script}''', "{{n}}", "{{seed}}"]
"""
HONEST = "echo $(( $1 * $0 ))"
ONE_SEED = "test $1 = 42 && echo $(( $0 * 42 )) || echo 0"


@pytest.fixture
def compare(tmp_path: Path):
    def run(script: str = HONEST, n: str = "7", **options: object) -> harness.ComparisonResult:
        config = tmp_path / "harness.toml"
        config.write_text(CONFIG.format(script=script, n=n))
        return harness.compare(
            "plain",
            "other",
            config=config,
            results=tmp_path / "results",
            trials=6,
            **options,
        )

    return run


def trials(tmp_path: Path):
    """The timed trials, in the order of blocks."""
    found = harness.load(tmp_path / "results")
    return found[~found["warmup"]]


def test_both_sides_of_a_block_get_the_same_fresh_seed(compare, tmp_path: Path) -> None:
    assert not compare(seeds="fresh", seed=1).failures
    drawn = trials(tmp_path).groupby("block")["draw"]
    assert set(drawn.nunique()) == {1}
    seeds = {json.loads(draw)["seed"] for draw in drawn.first()}
    assert len(seeds) >= 4
    assert 42 not in seeds


def test_a_program_that_knows_one_seed_is_wrong_on_fresh_ones(compare, tmp_path: Path) -> None:
    assert not compare(ONE_SEED).failures
    found = compare(ONE_SEED, seeds="fresh")
    assert "other" in str(found.failures)
    told = trials(tmp_path).query("target == 'other' and not output_ok")["disagreement"]
    assert all(words.startswith('given {"seed": ') for words in told)
    assert len(told) >= 3


def test_a_declared_range_is_drawn_from_unless_all_is_to_be_fixed(compare, tmp_path: Path) -> None:
    compare(n="{ from = 5, to = 900 }")
    drawn = [json.loads(draw) for draw in trials(tmp_path)["draw"]]
    assert all(each.keys() == {"n"} and 5 <= each["n"] <= 900 for each in drawn)
    compare(n="{ from = 5, to = 900 }", seeds="fixed")
    assert list(trials(tmp_path)["draw"])[-12:] == [""] * 12


def test_a_reference_that_does_not_run_with_what_was_drawn_is_named(compare) -> None:
    with pytest.raises(harness.TrialFailed, match=r'given \{"n": \d{10}.*plain fails'):
        compare(n="{ from = 5, to = 999999999999999999 }", seed=1)
