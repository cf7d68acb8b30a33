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


PICKED = """
[tasks.u]
work = "{n} * {m} bodies"
[tasks.u.cases.fast]
params = { n = 1000, m = 2.5 }
[tasks.u.metrics.speed]
unit = "MB/s"
better = "higher"
pattern = 'speed: (\\S+)'
[tasks.u.metrics.last]
better = "lower"
from = "file"
path = "out.json"
json = "r.v[1]"
[tasks.u.metrics.absent]
better = "lower"
key = "absent"
[targets.c]
task = "u"
adapter = "command"
program = "sh"
argv = ["-c", "echo speed: 12.5 MB/s; echo '{\\"r\\": {\\"v\\": [3, 4]}}' > out.json"]
"""


def test_figures_are_picked_from_the_output_and_work_gives_throughput(harness, folder):
    (folder / "harness.toml").write_text(PICKED)
    done = harness("run", "c", "--trials", "3", "--json")
    (found,) = done.result["measurements"]
    medians = {each["info"]["name"]: each["value"]["point"] for each in found["metrics"]}
    assert medians.keys() == {"speed", "last", "throughput"}
    assert (medians["speed"], medians["last"]) == (12.5, 4)
    seconds = found["wall_ns"]["point"] / 1e9
    assert medians["throughput"] == pytest.approx(2500 / seconds)


def test_a_picked_figure_that_is_no_number_fails_the_trial(harness, folder):
    text = PICKED.replace("speed: 12.5", "speed: none")
    (folder / "harness.toml").write_text(text)
    done = harness("run", "c", "--trials", "3")
    assert done.code == 5
    assert "metric speed: want a finite number, got 'none'" in done.out + done.err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('work = "{n} * {m} bodies"', 'work = "{n}"', "want an amount and a unit"),
        ('work = "{n} * {m} bodies"', 'work = "{x} bodies"', "no parameter 'x'"),
        ('work = "{n} * {m} bodies"', 'work = "-1 bodies"', "want an amount above 0"),
        ('key = "absent"', 'from = "stdout"', "want a pattern, a key or a json path"),
        ('key = "absent"', 'path = "x"', "wants from"),
        ('key = "absent"', 'pattern = "("', "not a regular expression"),
        ("tasks.u.metrics.absent", "tasks.u.metrics.throughput", "`work` gives this figure"),
    ],
)
def test_declarations_that_make_no_sense_are_refused(harness, folder, old, new, words):
    (folder / "harness.toml").write_text(PICKED.replace(old, new))
    done = harness("config", "check")
    assert done.code == 2
    assert words in done.err


GUARDED = """
[tasks.t.cases.fast]
[tasks.t.metrics.rate]
better = "higher"
[tasks.t.metrics.cost]
better = "lower"
[targets.a]
task = "t"
adapter = "command"
program = "sh"
argv = ["-c", "echo METRIC rate=100; echo METRIC cost=10"]
[targets.b]
task = "t"
adapter = "command"
program = "sh"
argv = ["-c", "echo METRIC rate=125; echo METRIC cost=20"]
"""


def test_a_guard_that_is_broken_makes_the_answer_no(harness, folder):
    (folder / "harness.toml").write_text(GUARDED)
    asked = ("compare", "a", "b", "--metric", "rate", "--max-trials", "30")
    done = harness(*asked, "--guard", "cost=5%", "--guard", "startup=5%")
    assert done.code == 1
    assert "b is better than a: 1.25x" in done.out
    assert "b breaks cost=5% (0.50x [0.50, 0.50])" in done.err
    assert "not known of b: startup=5% (steady mode alone tells start-up from work)" in done.err
    assert harness(*asked, "--guard", "cost=10").code == 0
    assert harness(*asked, "--guard", "cost=9", "--json").envelope["ok"] is False


@pytest.mark.parametrize("said", ["cost", "cost=x", "p95=3ms", "nothing=5%"])
def test_guards_that_make_no_sense_are_refused(harness, folder, said):
    (folder / "harness.toml").write_text(GUARDED)
    assert harness("compare", "a", "b", "--guard", said).code == 2
