"""What SLURM is told, and how its words are understood: without a SLURM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ConfigError, ToolchainMissing, TrialFailed, UsageError
from harness.executors.slurm import controller
from harness.executors.slurm.sbatch_options import SlurmOptions
from harness.executors.slurm.script import script_of
from harness.model import Completed
from harness.model.engines import JobPhase, JobState, Limits, Work

WORK = Work("harness-r", ("python", "-m", "x y"), 2000, 12, Path("/shared/logs"), 90)
TABLE = {
    "partition": "fast",
    "account": "p1",
    "cpus": 4,
    "at_once": 3,
    "setup": ["module load gcc"],
    "environment": {"A": "b c"},
    "options": ["--reservation=x"],
}


class Told:
    """A runner whose programs print what is said here, by the first word."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.answers, self.calls = answers, []

    def tool(self, argv, **_) -> Completed:
        self.calls.append(list(argv))
        if argv[0] not in self.answers:
            raise ToolchainMissing(f"no {argv[0]}")
        code, words = self.answers[argv[0]]
        out, error = ("", words) if code else (words, "")
        return Completed(tuple(argv), code, out, error, 0)


def test_the_script_has_the_options_the_setup_and_the_command():
    script = script_of(WORK, SlurmOptions.of(TABLE))
    lines = script.splitlines()
    assert lines[0] == "#!/bin/bash"
    words = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]
    for word in ("--array=0-11%3", "--partition=fast", "--cpus-per-task=4", "--exclusive"):
        assert word in words
    assert {"--requeue", "--time=1:30", "--reservation=x", "--job-name=harness-r+2000"} <= {*words}
    assert lines.index("module load gcc") < lines.index("export A='b c'")
    assert lines[-1] == "exec python -m 'x y' $((2000 + SLURM_ARRAY_TASK_ID))"


@pytest.mark.parametrize(
    "table", [{"partion": "x"}, {"nodes": 0}, {"setup": "module"}, {"exclusive": 1}, {"cpus": True}]
)
def test_a_key_of_no_use_is_named(table):
    with pytest.raises(ConfigError, match=rf"executors\.slurm.*{next(iter(table))}"):
        SlurmOptions.of(table)


def test_limits_are_the_least_of_what_the_cluster_and_the_account_allow():
    config = "MaxArraySize            = 1001\nMaxJobCount             = 10000\n"
    users = "p1|200\np2|7\n"
    told = Told(scontrol=(0, config), sacctmgr=(0, users), id=(0, "me\n"))
    assert controller.limits(SlurmOptions.of({"account": "p1"}), told) == Limits(200, 200)
    alone = Told(scontrol=(0, config), id=(0, "me\n"))
    assert controller.limits(SlurmOptions(), alone) == Limits(1000, 5000)


def test_without_slurm_it_is_said_what_is_missing():
    with pytest.raises(ToolchainMissing, match="no SLURM here: scontrol is not on PATH"):
        controller.limits(SlurmOptions(), Told())


@pytest.mark.parametrize(
    "words",
    [
        "sbatch: error: AssocMaxSubmitJobLimit",
        "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy",
        "sbatch: error: Slurm temporarily unable to accept job, sleeping: maximum job count",
        "sbatch: error: Batch job submission failed: Unable to contact slurm controller",
        "sbatch: error: Batch job submission failed: Invalid job array specification",
    ],
)
def test_a_limit_and_a_controller_that_is_away_mean_later(words):
    assert not controller.submit(WORK, SlurmOptions(), Told(sbatch=(1, words)))
    assert controller.submit(WORK, SlurmOptions(), Told(sbatch=(0, "7\n")))


@pytest.mark.parametrize(
    "words",
    [
        "invalid partition specified: nope",
        "Batch job submission failed: Invalid account or account/partition combination specified",
        "Batch job submission failed: Invalid qos specification",
    ],
)
def test_an_unknown_partition_or_account_is_said_in_slurms_words(words):
    with pytest.raises(UsageError, match=words):
        controller.submit(WORK, SlurmOptions(), Told(sbatch=(1, f"sbatch: error: {words}")))


DOWN = "ReqNodeNotAvail, UnavailableNodes:n3"
QUEUE = """\
harness-r+0|0|R|None|n1|9:59|41|
harness-r+2000|3|PD|(Resources)||10:00|42|
harness-r+2000|4|PD|(launch failed requeued held)||10:00|42|
harness-r+2000|5|PD|(ReqNodeNotAvail, UnavailableNodes:n3)||10:00|42|n3
harness-r+2000|6|PD|(ReqNodeNotAvail, UnavailableNodes:n3)||10:00|42|
harness-other+0|0|R|None|n2|1:00|43|
mine|N/A|R|None|n2|1:00|44|
"""


def test_jobs_are_found_by_their_name_and_numbered_by_it():
    found = controller.jobs("harness-r", Told(squeue=(0, QUEUE)))
    assert found == [
        JobState(0, JobPhase.RUNNING, "", "n1", "9:59"),
        JobState(2003, JobPhase.PENDING, "Resources", "", "10:00"),
        JobState(2004, JobPhase.HELD, "launch failed requeued held", "", "10:00"),
        # One that must run on a node that is down; another one may run elsewhere.
        JobState(2005, JobPhase.HELD, DOWN, "", "10:00"),
        JobState(2006, JobPhase.PENDING, DOWN, "", "10:00"),
    ]
    away = Told(squeue=(1, "slurm_load_jobs error: Unable to contact slurm controller"))
    assert controller.jobs("harness-r", away) is None
    with pytest.raises(TrialFailed, match="squeue failed: odd"):
        controller.jobs("harness-r", Told(squeue=(1, "odd")))


def test_only_the_runs_own_arrays_are_cancelled():
    told = Told(squeue=(0, QUEUE), scancel=(0, ""))
    assert controller.cancel_jobs("harness-r", told)
    assert told.calls[-1] == ["scancel", "41", "42"]
    assert not controller.cancel_jobs("harness-r", Told(squeue=(1, "Connection refused")))


NODES = """\
n1|fast*|idle|big,ib|2:8:1|64000
n1|all|idle|big,ib|2:8:1|64000
n2|fast*|down*|big|2:8:1|64000
n3|fast*|mixed|small|1:4:1|8000
n4|all|idle|big|2:8:1|64000
"""


@pytest.mark.parametrize(
    ("table", "names"),
    [({}, ["n1", "n3"]), ({"constraint": "big"}, ["n1"]), ({"constraint": "big|x"}, ["n1", "n3"])],
)
def test_nodes_are_those_of_the_partition_that_take_jobs(table, names):
    told = Told(sinfo=(0, NODES))
    found = controller.nodes(SlurmOptions.of(table), told)
    assert [node.name for node in found if not node.lacking] == names
    assert found[0].kind == "big,ib 2:8:1 64000 MB"


def test_a_work_of_one_node_names_it():
    assert "#SBATCH --nodelist=n3" in script_of(replace(WORK, node="n3"), SlurmOptions())
    assert "--nodelist" not in script_of(WORK, SlurmOptions())
