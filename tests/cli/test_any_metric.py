"""`--metric NAME` by figures that programs report of themselves, as a user meets it."""

from __future__ import annotations

import json

import pytest

CONFIG = """
[tasks.t.cases.fast]
[tasks.t.metrics.rate]
unit = "items/s"
better = "higher"
[tasks.t.metrics.lost]
better = "lower"
[tasks.t.metrics.room]
unit = "C"

[targets.a]
task = "t"
adapter = "command"
program = "sh"
argv = ["-c", "echo out; echo METRIC rate=100 items/s; echo METRIC lost=0"]

[targets.b]
task = "t"
adapter = "command"
program = "sh"
argv = ["-c", "echo out; echo METRIC rate=125 items/s"]
"""


@pytest.fixture
def project(folder):
    (folder / "harness.toml").write_text(CONFIG)
    return folder


def test_more_of_a_figure_may_be_better(harness, project):
    done = harness("compare", "a", "b", "--metric", "rate", "--max-trials", "12")
    assert done.code == 0
    assert "b is better than a: 1.25x [1.25, 1.25] by rate (items/s, more is better)" in done.out
    done = harness("compare", "b", "a", "--metric", "rate", "--max-trials", "12", "--json")
    found = json.loads(done.out)["result"]["comparison"]
    assert done.code == 1
    assert found["metric"] == "rate"
    assert found["figure"]["better"] == "higher"
    stored = harness("compare", "a", "b", "--metric", "rate", "--stored")
    assert stored.code == 0
    assert "b is better than a: 1.25x" in stored.out


def test_one_that_a_side_lacks_decides_nothing_and_says_so(harness, project):
    done = harness("compare", "a", "b", "--metric", "lost", "--budget", "20s")
    assert done.code == 8
    assert "undecided: lost decides nothing: b does not report it" in done.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rat", "no figure is called 'rat' here; there are: wall, cpu, memory,"),
        ("room", "nobody says which direction of it is the better one"),
        ("a b", "want one of auto, wall, cpu, memory, or the name of a figure"),
    ],
)
def test_one_that_cannot_decide_is_refused_before_anything_runs(harness, project, name, words):
    done = harness("compare", "a", "b", "--metric", name)
    assert done.code == 2
    assert words in done.err
    assert not (project / ".harness/results").exists() or not any(
        (project / ".harness/results").iterdir()
    )


def test_the_table_of_a_run_has_the_figure_that_decides(harness, project):
    done = harness("run", "--metric", "rate", "--trials", "7")
    assert done.code == 0
    assert "rate (items/s)" in done.out
    assert "1.25x" in done.out
