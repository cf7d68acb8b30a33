"""Whole runs on a cluster of one machine: the example executor starts the jobs here, by `sh`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import harness
from harness.api import on_clusters as clusters
from harness.api.planned_runs import planned_run
from harness.cluster.folder import find_cluster
from harness.cluster.followed import clusters_under_way
from harness.errors import ConfigError, UsageError
from harness.project.config import load_config
from tests.cluster.conftest import CONFIG


def run(project: Path, *names: str) -> harness.RunResult:
    return harness.run(
        *names, config=project / "harness.toml", executor="ssh", trials=3, warmup=0, seed=1
    )


def test_a_run_of_two_shards_is_gathered_as_one_and_read_like_any_other(ssh):
    result = run(ssh)
    assert result.ok, result.failures
    assert [(m.task, m.target, m.trials) for m in result.measurements] == [
        *(("sum", "one", 3), ("sum", "two", 3), ("other", "three", 3))
    ]
    assert [(c.reference, c.candidate) for c in result.comparisons] == [("one", "two")]
    table = harness.load(result)
    assert set(table.run_id) == {result.id}
    assert set(table.job) == {"red_0", "green_1"}
    assert set(table.attempt) == {1}
    assert not table[["node", "cpus"]].isna().any().any()
    (stored,) = harness.history(config=ssh / "harness.toml").runs
    assert [(m["job"], m["attempt"]) for m in stored["measurements"]] == [
        *(("red_0", 1), ("red_0", 1), ("green_1", 1))
    ]
    again = clusters.attach(result.id, config=ssh / "harness.toml")
    assert str(again) == str(result)
    stored = harness.compare_stored("one", "two", config=ssh / "harness.toml")
    assert len(stored.findings) == 1


def test_a_run_that_is_not_gathered_yet_is_seen_with_its_shards_to_go(ssh):
    results = ssh / ".harness/results"
    first = run(ssh)
    assert clusters_under_way(results) == ()
    (results / first.id).rename(ssh / "gathered-before")
    (seen,) = clusters_under_way(results)
    assert (seen.id, seen.shards, seen.done) == (first.id, 2, 2)
    assert f"2 of 2 shards done, harness attach {first.id} shows it" in seen.line
    folder = find_cluster(results, first.id)
    assert folder is not None
    next(each.path for each in folder.attempts() if each.shard == 0).unlink()
    (seen,) = clusters_under_way(results)
    assert seen.line.endswith("on ssh: 1 of 2 shards done, 1 to go")
    folder.cancel()
    assert clusters_under_way(results) == ()


def test_what_is_missing_is_named_and_resumed_and_nothing_else(ssh):
    config = ssh / "harness.toml"
    config.write_text(CONFIG.replace('hosts = ["red", "green"]', 'hosts = ["red"]'))
    first = run(ssh)
    folder = find_cluster(ssh / ".harness/results", first.id)
    assert folder is not None
    kept = {each.shard: each.path for each in folder.attempts()}
    gathered = ssh / ".harness/results" / first.id
    for path in gathered.iterdir():
        path.unlink()
    gathered.rmdir()
    kept[0].unlink()
    lost = clusters.attach(first.id, config=config)
    assert set(lost.failures) == {"one", "two"}
    assert "its job ended without a result" in lost.failures["one"]
    assert lost.exit_code == 5
    assert not lost.run.finished
    (ssh / "word").write_text("edited ")  # changes nothing: the tree was kept at submission
    again = harness.resume(first.id, config=config)
    assert again.ok
    assert {each.path for each in folder.attempts()} > {kept[1]}
    assert sum(each.shard == 1 for each in folder.attempts()) == 1
    assert {m.target for m in again.measurements} == {"one", "two", "three"}


def test_of_two_attempts_that_finish_one_counts_and_the_other_is_told(ssh):
    first = run(ssh, "three")
    folder = find_cluster(ssh / ".harness/results", first.id)
    assert folder is not None
    (only,) = folder.attempts()
    only.path.with_name("s0000000-a2-ffffffffffff.parquet").write_bytes(only.path.read_bytes())
    gathered = ssh / ".harness/results" / first.id
    gathered.rename(ssh / "gathered-before")
    again = clusters.attach(first.id, config=ssh / "harness.toml")
    assert "1 further finished attempt kept, not counted" in again.warnings
    assert again.measurements[0].trials == 3
    assert len(harness.load(again)) == 3


def test_a_comparison_is_one_shard_and_gives_what_it_gives_here(ssh):
    result = harness.compare(
        "one", "two", config=ssh / "harness.toml", executor="ssh", trials=3, warmup=0
    )
    assert (result.reference, result.candidate) == ("one", "two")
    assert result.comparison is not None
    assert result.comparison.blocks == 3
    (shard,) = find_cluster(ssh / ".harness/results", result.run.id).shards()
    assert shard.words[:3] == ["compare", "one", "two"]


def test_a_shard_that_fails_says_why_and_where(ssh):
    (ssh / "harness.toml").write_text(CONFIG.replace('echo {n}"]\n', 'exit 3"]\n'))
    result = run(ssh, "three")
    assert "three" in result.failures
    assert result.exit_code == 5


def test_a_command_is_run_on_a_node_as_it_stands_and_what_it_stored_is_here(ssh):
    words = ["run", "three", "--trials", "2", "--quiet"]
    code, out, _ = clusters.relayed("ssh", words, {"config": ssh / "harness.toml"})
    assert code == 0
    assert "three" in out
    (run_folder,) = (ssh / ".harness/results").glob("2*")
    assert str(run_folder / "trials.parquet") in out
    assert len(harness.load(ssh / ".harness/results")) == 3  # a warm-up, too


def test_another_version_on_the_node_is_refused_with_both(ssh, monkeypatch):
    monkeypatch.setattr("harness.cluster.running.__version__", "0.0.1")
    result = run(ssh, "three")
    assert "was submitted with 0.0.1" in result.failures["three"]


def test_what_would_be_submitted_is_said_and_nothing_made(ssh):
    said = planned_run(config=ssh / "harness.toml", executor="ssh", trials=3)
    assert (said.jobs, said.shards, said.per_job) == (2, 2, 1)
    assert "cluster_job" in said.script
    assert not (ssh / ".harness").exists()


def test_a_file_without_configuration_is_a_shard_too(ssh):
    (ssh / "harness.toml").rename(ssh / "away.toml")
    (ssh / "program.py").write_text("print(1)\n")
    with pytest.raises(ConfigError, match="want a list of hosts"):
        harness.run("program.py", executor="ssh", trials=2)


def test_a_run_that_is_not_there_is_no_run(ssh):
    with pytest.raises(UsageError, match="no run '1999' on a cluster"):
        clusters.attach("1999", config=ssh / "harness.toml")


def test_the_table_of_an_executor_is_taken_as_it_stands(ssh):
    config = load_config(ssh / "harness.toml")
    assert config.executors["ssh"]["hosts"] == ["red", "green"]
    assert json.dumps(dict(config.executors["ssh"]))
    assert os.environ["XDG_CACHE_HOME"]


def test_each_point_of_a_sweep_is_a_shard_and_all_hold_at_one_level(ssh):
    options = {"config": ssh / "harness.toml", "executor": "ssh", "trials": 2, "warmup": 0}
    swept = {"n": [1, 2]}
    said = planned_run("three", sweep=swept, **options)
    assert (said.jobs, said.shards) == (2, 2)
    result = harness.sweep("one", "two", sweep=swept, **options)
    assert result.ok, result.failures
    assert [(m.case, m.target, m.trials) for m in result.measurements] == [
        *(("small (n=1)", "one", 2), ("small (n=1)", "two", 2)),
        *(("small (n=2)", "one", 2), ("small (n=2)", "two", 2)),
    ]
    assert [row["n"] for row in result.rows()] == [1, 1, 2, 2]
    # Two verdicts at 95 % together, as when both points are measured here.
    assert {c.ratio.confidence for c in result.comparisons} == {0.975}
    assert (result.folder / "sweep.json").is_file()
    again = clusters.attach(result.id, config=ssh / "harness.toml")
    assert str(again) == str(result)


def test_a_sweep_that_no_node_could_be_told_or_no_target_takes_is_refused(ssh):
    options = {"config": ssh / "harness.toml", "executor": "ssh", "trials": 2}
    with pytest.raises(UsageError, match=r"no argument of three uses \{m\}"):
        harness.sweep("three", sweep={"m": [1, 2]}, **options)
    with pytest.raises(UsageError, match="cannot be said to a node"):
        harness.sweep("three", matrix={"env.N": ["a,b", "c"]}, **options)
    with pytest.raises(UsageError, match="resumed by the name of its run"):
        harness.sweep("three", sweep={"n": [1, 2]}, resume=True, **options)
    assert not (ssh / ".harness").exists()


def test_the_table_of_a_task_is_made_on_a_node_and_read_back(ssh):
    options = {"config": ssh / "harness.toml", "trials": 2, "warmup": 0}
    result = harness.compare(task="sum", executor="ssh", **options)
    assert {(m.target, m.trials) for m in result.measurements} == {("one", 2), ("two", 2)}
    assert [ranking.task for ranking in result.rankings] == ["sum"]
    again = clusters.attach(result.run.id, config=ssh / "harness.toml")
    assert again.table() == result.table()


def test_a_comparison_is_repeated_on_hosts_and_each_host_keeps_its_own_run(ssh):
    options = {"config": ssh / "harness.toml", "executor": "ssh", "trials": 3, "warmup": 0}
    result = harness.on_hosts("one", "two", hosts="green,red", **options)
    assert not result.failures
    assert [(m.case, m.target) for m in result.measurements] == [
        *(("small on green", "one"), ("small on green", "two")),
        *(("small on red", "one"), ("small on red", "two")),
    ]
    (across,) = result.across
    assert [each.host for each in across.hosts] == ["green", "red"]
    (kind,) = across.kinds  # both are this machine
    assert (kind.hosts, kind.enough) == (2, False)
    assert result.exit_code == 8  # nothing holds for hosts not seen
    assert "for hosts not seen 5 of a kind are needed" in str(result)
    stored = harness.load(ssh / ".harness/results")
    assert {run: set(rows.job) for run, rows in stored.groupby("run_id")} == {
        result.runs["green"]: {"green_0"},
        result.runs["red"]: {"red_1"},
    }
    again = clusters.attach(config=ssh / "harness.toml")
    assert str(again) == str(result)


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        (3, "want 2 or more of 2 nodes that take jobs, got 3"),
        ("red", "want two or more, each once"),
        ("red,blue", "no node 'blue' takes jobs"),
        ("kinds", "all nodes are of one kind"),
    ],
)
def test_hosts_that_are_not_there_are_refused(ssh, hosts, words):
    with pytest.raises(UsageError, match=words):
        harness.on_hosts("one", "two", hosts=hosts, config=ssh / "harness.toml", executor="ssh")
    assert not [*(ssh / ".harness").glob("results/*")]
