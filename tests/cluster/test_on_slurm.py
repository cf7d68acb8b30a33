"""Runs on a real SLURM of three virtual nodes, and what goes wrong on one.

Nothing here depends on how long something takes: each wait is for something that is sure to come.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.analysis.over_nodes import NodeState
from harness.api.node_doctor import NodesAsked, doctor_nodes
from harness.cluster.folder import ClusterFolder, find_cluster, those_that_count
from harness.errors import UsageError
from tests.waiting import until

WAITED_S = 240.0
CONFIG = """
[executors.slurm]
poll = "500ms"
settle = "2s"
shards_per_job = 1
time = "10m"
scratch = "{scratch}"
[tasks.sum.cases.small]
[targets.one]
task = "sum"
adapter = "command"
args = ["sh", "-c", "echo 1"]
[targets.two]
task = "sum"
adapter = "command"
args = ["sh", "-c", "echo 1"]
[tasks.slow.cases.small]
[targets.slow]
task = "slow"
adapter = "command"
args = ["sh", "-c", "while [ -e {gate} ]; do sleep 0.05; done; echo 2"]
"""


def in_time(ready: Callable[[], Any]) -> Any:
    """`until`, with the patience that a scheduler wants."""
    return until(ready, WAITED_S, pause_s=0.1)


class Project:
    """A project whose trials of `slow` wait while there is a gate."""

    def __init__(self, root: Path, slurm: Any) -> None:
        self.root, self.slurm, self.gate = root, slurm, root / "gate"
        root.mkdir()
        scratch = root / "scratch"
        config = CONFIG.replace("{gate}", str(self.gate)).replace("{scratch}", str(scratch))
        (root / "harness.toml").write_text(config)

    @contextlib.contextmanager
    def begun(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """`harness run` in the background, ended with the test."""
        argv = [sys.executable, "-m", "harness", "run", *words, "--executor", "slurm", "--json"]
        argv += ["--trials", "2", "--warmup", "0", "--quiet"]
        process = subprocess.Popen(
            argv, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            yield process
        finally:
            self.gate.unlink(missing_ok=True)
            process.kill()
            process.communicate(timeout=WAITED_S)

    @property
    def results(self) -> Path:
        return self.root / ".harness/results"

    def folder(self) -> ClusterFolder:
        """The latest run's."""
        found = find_cluster(self.results, "")
        assert found is not None
        return found

    def running_on(self) -> str:
        """The node on which a shard has begun, once its folder of attempts is there."""

        def node() -> str:
            begun = find_cluster(self.results, "")
            if begun is None or not [*(begun.path / "attempts").glob("*")]:
                return ""
            return self.slurm.run("squeue", "-h", "-t", "R", "-o", "%N").stdout.strip()

        return in_time(node)

    def answer(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        out, error = process.communicate(timeout=WAITED_S)
        assert out, error
        return json.loads(out)


@pytest.fixture
def project(tmp_path, monkeypatch, slurm) -> Iterator[Project]:
    for name, value in slurm.env.items():
        monkeypatch.setenv(name, value)
    made = Project(tmp_path / "project", slurm)
    monkeypatch.chdir(made.root)
    yield made
    jobs = slurm.run("squeue", "-h", "-o", "%A").stdout.split()
    if jobs:
        slurm.run("scancel", *jobs)


def test_shards_run_on_nodes_and_are_gathered_and_nothing_is_left_in_the_queue(project):
    result = harness.run(executor="slurm", trials=3, warmup=0)
    assert result.ok, result.failures
    assert {(m.target, m.trials) for m in result.measurements} == {
        *(("one", 3), ("two", 3), ("slow", 3))
    }
    rows = harness.load(result)
    assert len(rows) == 9
    assert set(rows.node) <= {"n1", "n2", "n3"}
    # Each measurement knows its own node, whichever the first one was.
    told = harness.load(project.results, of="measurements")
    node_of = rows.groupby("target").node.unique().map(tuple).to_dict()
    assert {target: (name,) for target, name in zip(told.target, told.hostname, strict=True)} == (
        node_of
    )
    # Each comparison stays on one node, in one job.
    assert rows.groupby("task").job.nunique().to_dict() == {"sum": 1, "slow": 1}
    assert not [*(project.root / "scratch").iterdir()]
    in_time(lambda: not project.slurm.run("squeue", "-h").stdout)


def test_a_shard_that_spans_nodes_has_the_ranks_of_all_sides_on_the_same_ones(project):
    config = project.root / "harness.toml"
    launch = 'args = ["sh", "-c", "echo 1"]\nlaunch = ["srun", "-N", "2", "-n", "2"]'
    text = config.read_text().replace('args = ["sh", "-c", "echo 1"]', launch)
    config.write_text(text.replace("poll =", "nodes = 2\npoll ="))
    result = harness.run("one", "two", executor="slurm", trials=2, warmup=0)
    assert result.ok, result.failures
    rows = harness.load(result)
    assert rows.job.nunique() == 1
    places = {tuple(rank["host"] for rank in ranks) for ranks in rows.ranks}
    assert len(places) == 1, places
    assert len({*places.pop()}) == 2
    for rank in (rank for ranks in rows.ranks for rank in ranks):
        assert rank["max_rss_bytes"] > 0
    # What srun starts is no descendant of ours, and is counted all the same.
    user_ns = [sum(rank["user_ns"] for rank in ranks) for ranks in rows.ranks]
    assert all(whole >= ranks for whole, ranks in zip(rows.user_ns, user_ns, strict=True))


def test_what_slurm_does_not_take_is_said_in_its_words_and_nothing_is_kept(project):
    config = project.root / "harness.toml"
    config.write_text(config.read_text().replace("poll =", 'partition = "nope"\npoll ='))
    with pytest.raises(UsageError, match=r"SLURM does not take the jobs: .*partition"):
        harness.run("one", executor="slurm", trials=1)
    assert find_cluster(project.results, "") is None


def test_jobs_that_slurm_would_never_run_are_taken_back_with_its_reason(project):
    config = project.root / "harness.toml"
    config.write_text(config.read_text().replace("poll =", "nodes = 7\npoll ="))
    with pytest.raises(UsageError, match="never run the jobs as they are asked for: Partition"):
        harness.run("one", executor="slurm", trials=1)
    in_time(lambda: not project.slurm.run("squeue", "-h").stdout)


@pytest.mark.slow
def test_a_node_that_loses_its_power_in_a_shard_loses_and_doubles_nothing(project):
    project.gate.touch()
    with project.begun("slow") as process:
        node = project.running_on()
        project.slurm.power_off(node)
        # SLURM finds that out by itself, in a quarter of a minute; here it is told.
        project.slurm.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=power")
        project.gate.unlink()
        try:
            answer = project.answer(process)
        finally:
            project.slurm.power_on(node)
            project.slurm.run("scontrol", "update", f"NodeName={node}", "State=RESUME")
            project.slurm.wait_idle()
    assert answer["ok"], answer["error"]
    rows = harness.load(project.results)
    assert list(rows.attempt) == [2, 2]
    assert node not in set(rows.node)


@pytest.mark.soak
def test_a_node_that_is_taken_for_dead_and_lives_on_finishes_too_and_is_not_counted(project):
    """Its slurmd answers nobody, its job runs on, and SLURM begins the job again elsewhere."""
    project.gate.touch()
    with project.begun("slow") as process:
        node = project.running_on()
        project.slurm.silence(node)
        try:
            project.slurm.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=dead")
            in_time(lambda: project.running_on() not in ("", node))
            folder = project.folder()
            in_time(lambda: len([*folder.path.glob("attempts/*/*.stream")]) == 2)
            project.gate.unlink()
            in_time(lambda: sum(each.kind == "parquet" for each in folder.attempts()) == 2)
        finally:
            project.slurm.unsilence(node)
            project.slurm.run("scontrol", "update", f"NodeName={node}", "State=RESUME")
            project.slurm.wait_idle()
        answer = project.answer(process)
    assert answer["ok"], answer["error"]
    assert list(harness.load(project.results).attempt) == [1, 1]


@pytest.mark.slow
def test_a_job_near_its_time_limit_closes_its_files_and_what_is_missing_is_resumed(project):
    project.gate.touch()
    with project.begun("slow", "one") as process:
        project.running_on()
        folder = project.folder()
        in_time(
            lambda: (
                any(found.shard == 1 for found in those_that_count(folder.attempts()).values())
                or 0 in those_that_count(folder.attempts())
            )
        )
        jobs = project.slurm.run("squeue", "-h", "-t", "R", "-o", "%A").stdout.split()
        for job in jobs:
            project.slurm.run("scancel", "--batch", "--signal=USR1", job)
        answer = project.answer(process)
    assert answer["result"]["finished"] is False
    assert "the job's time limit is near" in answer["error"]
    before = {found.path for found in folder.attempts()}
    again = harness.resume(folder.run_id)
    assert again.ok, again.failures
    new = {found.path.name for found in folder.attempts()} - {path.name for path in before}
    assert len(new) == 1
    assert len(harness.load(again)) == 4


@pytest.mark.soak
def test_a_job_that_is_preempted_is_begun_again_and_counted_once(project):
    project.gate.touch()
    with project.begun("slow") as process:
        project.running_on()
        (job,) = project.slurm.run("squeue", "-h", "-t", "R", "-o", "%A").stdout.split()
        # What a preemption by requeue does: the job is told to end, and queued again.
        project.slurm.run("scontrol", "requeue", job)
        folder = project.folder()
        in_time(lambda: any(found.kind == "failed.json" for found in folder.attempts()))
        project.gate.unlink()
        answer = project.answer(process)
    assert answer["ok"], answer["error"]
    assert list(harness.load(project.results).attempt) == [2, 2]


@pytest.mark.soak
def test_a_comparison_on_two_hosts_runs_on_each_of_them(project):
    result = harness.on_hosts("one", "two", hosts="n1,n3", executor="slurm", trials=3, warmup=0)
    assert not result.failures
    rows = harness.load(project.results)
    assert {run: set(found.node) for run, found in rows.groupby("run_id")} == {
        result.runs["n1"]: {"n1"},
        result.runs["n3"]: {"n3"},
    }


@pytest.mark.slow
def test_a_controller_that_is_down_meanwhile_is_waited_for(project):
    project.gate.touch()
    with project.begun("slow") as process:
        project.running_on()
        project.slurm.stop_controller()
        project.gate.unlink()
        folder = project.folder()
        try:
            in_time(lambda: those_that_count(folder.attempts()))
        finally:
            project.slurm.start_controller()
        answer = project.answer(process)
    assert answer["ok"], answer["error"]


@pytest.mark.slow
def test_a_run_that_is_cancelled_ends_and_says_so(project):
    project.gate.touch()
    with project.begun("slow") as process:
        project.running_on()
        harness.cancel(project.folder().run_id)
        answer = project.answer(process)
    assert answer["ok"] is False
    assert "cancelled" in answer["error"]
    in_time(lambda: not project.slurm.run("squeue", "-h").stdout)


@pytest.mark.soak
def test_a_thousand_shards_and_a_hundred_dead_nodes(project):
    """Nothing is lost, nothing doubled, nothing stuck."""
    shards, kills = int(os.environ.get("HARNESS_SHARDS", "1000")), 100
    tasks = "".join(
        f'[tasks.t{n}.cases.c]\n[targets.p{n}]\ntask = "t{n}"\nadapter = "command"\n'
        'args = ["true"]\n'
        for n in range(shards)
    )
    head = CONFIG.partition("[tasks")[0].replace("shards_per_job = 1", "shards_per_job = 10")
    config = head.replace("{scratch}", str(project.root / "scratch")) + tasks
    (project.root / "harness.toml").write_text(config)
    chance = random.Random(7)
    with project.begun() as process:
        project.running_on()
        for _ in range(kills * shards // 1000):
            if process.poll() is not None:
                break
            node = chance.choice(project.slurm.nodes)
            project.slurm.power_off(node)
            update = ("scontrol", "update", f"NodeName={node}")
            project.slurm.run(*update, "State=DOWN", "Reason=power")
            project.slurm.power_on(node)
            project.slurm.run(*update, "State=RESUME")
            time.sleep(chance.uniform(0, 3))
        out, error = process.communicate(timeout=7200)
    answer = json.loads(out)
    assert answer["ok"], (answer["error"], error)
    rows = harness.load(project.results)
    assert rows.groupby("task").size().to_dict() == {f"t{n}": 2 for n in range(shards)}


def test_the_doctor_ranks_nodes_and_names_one_that_is_drained_with_the_reason(project):
    update = ("scontrol", "update", "NodeName=n3")
    project.slurm.wait_idle()  # nodes that end what the last test cancelled take no jobs
    project.slurm.run(*update, "State=DRAIN", "Reason=broken fan")
    try:
        found = doctor_nodes(NodesAsked(executor="slurm", at_once=2, repeats=12))
    finally:
        project.slurm.run(*update, "State=RESUME")
    states = {each.node: each for each in found.nodes}
    assert states["n3"].state is NodeState.DOWN
    assert "broken fan" in states["n3"].reason
    for name in ("n1", "n2"):
        assert {work.work for work in states[name].works} == {"cpu", "memory"}, states[name]
    with pytest.raises(UsageError, match="no node of partition 'nope'"):
        doctor_nodes(NodesAsked(executor="slurm", partition="nope"))


@pytest.mark.soak
def test_a_node_that_never_answers_does_not_hang_the_doctor(project):
    project.slurm.power_off("n2")
    try:
        found = doctor_nodes(NodesAsked(executor="slurm", repeats=12, wait_s=60))
    finally:
        project.slurm.power_on("n2")
        project.slurm.run("scontrol", "update", "NodeName=n2", "State=RESUME")
        project.slurm.wait_idle()
    states = {each.node: each.state for each in found.nodes}
    assert states["n2"] in (NodeState.SILENT, NodeState.DOWN)
    assert {name for name in states if states[name] is not states["n2"]} == {"n1", "n3"}
