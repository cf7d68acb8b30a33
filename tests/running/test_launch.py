"""Targets that are started in ranks, by the words of `launch`: here by a launcher made of `sh`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

import harness
from harness.errors import UsageError
from harness.model import Case, Target
from harness.system.process.given import given_digest

CONFIG = """
[tasks.sum.cases.small]
params = { n = 3, ranks = 2 }
[targets.many]
task = "sum"
adapter = "command"
args = ["sh", "-c", "echo rank {n}"]
launch = ["sh", "-c", 'r=$0; while [ $r -gt 0 ]; do "$@"; r=$((r - 1)); done', "{ranks}"]
[targets.plain]
task = "sum"
adapter = "command"
args = ["sh", "-c", "echo rank {n}; echo rank {n}"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "harness.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_target_is_started_by_its_launch_with_as_many_ranks_as_the_case_says(project):
    result = harness.run(trials=2, warmup=0)
    assert result.ok, result.failures  # two ranks print what the plain one prints twice
    assert {(m.target, m.trials) for m in result.measurements} == {("many", 2), ("plain", 2)}


def test_ranks_are_swept_and_what_they_gain_is_said(project):
    result = harness.sweep("many", sweep={"ranks": [1, 2]}, trials=2, warmup=0)
    assert result.ok, result.failures
    (found,) = result.scalings
    assert [point.threads for point in found.scaling.points] == [1, 2]
    assert "ranks    speed-up    efficiency" in str(result)


def test_work_that_grows_with_the_ranks_is_weak_scaling(project):
    result = harness.sweep("many", sweep={"ranks": [1, 2], "n": "10*ranks"}, trials=2, warmup=0)
    assert result.ok, result.failures
    assert [m.case for m in result.measurements] == [
        "small (ranks=1, n=10)",
        "small (ranks=2, n=20)",
    ]
    assert [m.ranks.ranks for m in result.measurements] == [1, 2]
    assert "many, weak scaling:" in str(result)


def test_a_target_without_a_launch_has_no_ranks_to_sweep(project):
    with pytest.raises(UsageError, match="plain does not say how its ranks are started"):
        harness.sweep("plain", sweep={"ranks": [1, 2]}, trials=2)
    with pytest.raises(UsageError, match="whole numbers of threads or ranks"):
        harness.sweep("many", sweep={"ranks": [1, 1.5]}, trials=2)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ((", ranks = 2", ""), {}, "case 'small' has no value for 'ranks'"),
        (("", ""), {"mode": "steady"}, "has no steady mode"),
    ],
)
def test_what_cannot_be_launched_is_said(project, change, options, words):
    (project / "harness.toml").write_text(CONFIG.replace(*change) if change[0] else CONFIG)
    result = harness.run("many", trials=1, warmup=0, **options)
    assert words in result.failures["many"]


def test_another_launch_is_something_else_that_a_target_is_given(tmp_path):
    case = Case("small")
    target = Target("a", "sum", "command", tmp_path)
    found = {
        given_digest(replace(target, launch=words), case)
        for words in ((), ("mpirun", "-n", "2"), ("srun", "-n", "2"))
    }
    assert len(found) == 3


def test_ranks_are_told_in_the_table_the_store_the_report_and_json(project):
    result = harness.run("many", trials=2, warmup=0)
    found = result["many"].ranks
    assert found.ranks == 2
    assert [figure.name for figure in found.figures][:2] == ["wall", "cpu"]
    assert "most / mean" in result.ranks()
    assert "many: 2 ranks on " in result.ranks()
    assert result.to_dict()["measurements"][0]["ranks"]["ranks"] == 2
    stored = harness.load(".harness/results", columns=["ranks", "block"])
    assert [len(each) for each in stored.ranks] == [2, 2]
    assert harness.resume(result.id)["many"].ranks == found
    assert "What ranks take" in harness.report(result.id).markdown()


def test_a_target_that_is_not_launched_says_nothing_of_ranks(project):
    result = harness.run("plain", trials=1, warmup=0)
    assert (result["plain"].ranks, result.ranks()) == (None, "")


@pytest.mark.soak
@pytest.mark.skipif(shutil.which("mpirun") is None, reason="no mpirun: Debian's openmpi-bin")
def test_ranks_that_mpirun_starts_have_its_numbers(project):
    words = ["mpirun", "--oversubscribe", "--allow-run-as-root", "-n", "{ranks}"]
    before, _, rest = CONFIG.partition("launch = ")
    (project / "harness.toml").write_text(
        f"{before}launch = {json.dumps(words)}\n{rest.partition(chr(10))[2]}"
    )
    result = harness.run("many", trials=1, warmup=0)
    assert result.ok, result.failures
    (ranks,) = harness.load(result).ranks
    assert [rank["rank"] for rank in ranks] == [0, 1]
    assert all(rank["max_rss_bytes"] > 0 and rank["cpus"] for rank in ranks)


def test_a_launch_that_passes_the_wrapper_by_is_named(project):
    (project / "harness.toml").write_text(CONFIG.replace('"$@"; r=', "echo rank 3; r="))
    result = harness.run("many", trials=1, warmup=0)
    assert result.ok, result.failures
    assert any("no rank reported itself" in words for words in result["many"].warnings)
