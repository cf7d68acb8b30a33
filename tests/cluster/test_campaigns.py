"""A campaign whose work is done on the nodes of a real SLURM: the agent stays here."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.campaign.events import Kind, parse_journal
from harness.cluster.folder import ClusterFolder, clusters_of
from tests.waiting import until

WAITED_S = 240.0
CONFIG = """
[executors.slurm]
poll = "300ms"
settle = "2s"
time = "10m"
[tasks.work]
cases.fast.params = { n = 1 }
cases.full.params = { n = 2 }
[targets.work]
task = "work"
adapter = "command"
sources = ["work.sh"]
args = ["{n}"]
[campaigns.work]
target = "work"
case = "fast"
full_case = "full"
bench_budget = "1s"
jail = "none"
"""
THOUGHT = {
    "bottleneck": "the whole program",
    "hypothesis": "it does too much",
    "chosen": "do less",
    "predicted_low": 1.1,
    "predicted_high": 3,
    "reasoning": "less is done",
    "risk": "none",
    "reason": "it is a try",
    "title": "do less",
    "optimization": "do less",
    "options": [{"name": name, "pros": "some", "cons": "some"} for name in ("one", "two")],
}


class Campaign:
    """A project in git, whose program waits while there is a gate."""

    def __init__(self, root: Path) -> None:
        self.root, self.gate = root, root.parent / "gate"
        root.mkdir()
        (root / "harness.toml").write_text(CONFIG)
        self.write("once")
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "start")):
            subprocess.run(["git", *words], cwd=root, check=True)

    def write(self, how: str) -> None:
        waits = f"while [ -e {self.gate} ]; do sleep 0.05; done\n"
        (self.root / "work.sh").write_text(f"#!/bin/sh\n{waits}# {how}\necho $1\n")
        (self.root / "work.sh").chmod(0o755)

    def begun(self, *words: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "harness", *words, "--json"]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, cwd=self.root, stdout=pipe, stderr=pipe, text=True)

    def done(self, *words: str) -> dict[str, Any]:
        out, error = self.begun(*words).communicate(timeout=WAITED_S)
        assert out, error
        return json.loads(out)

    def jobs(self) -> list[ClusterFolder]:
        base = clusters_of(self.root / ".harness/results")
        return [ClusterFolder(path.parent) for path in sorted(base.glob("*/plan.json"))]

    def event(self, kind: Kind) -> dict[str, Any]:
        path = self.root / "optim/events.jsonl"
        found = [each for each in parse_journal(path.read_text(), "") if each.kind is kind]
        assert found, kind
        return dict(found[-1].data)


@pytest.fixture
def campaign(tmp_path, monkeypatch, slurm) -> Iterator[Campaign]:
    for name, value in slurm.env.items():
        monkeypatch.setenv(name, value)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "somebody@example.org")
    made = Campaign(tmp_path / "project")
    yield made
    made.gate.unlink(missing_ok=True)
    jobs = slurm.run("squeue", "-h", "-o", "%A").stdout.split()
    if jobs:
        slurm.run("scancel", *jobs)


def test_every_step_is_a_job_that_a_call_off_does_not_lose_and_the_records_say_where(
    campaign, slurm
):
    answer = campaign.done("campaign", "start", "--executor", "slurm")
    assert answer["ok"], answer["error"]
    begun = campaign.event(Kind.STARTED)
    assert begun["terms"]["executor"] == "slurm"
    assert json.loads(begun["terms"]["executor_table"])["time"] == "10m"
    assert ", slurm job " in begun["baseline"]["place"]
    assert campaign.done("profile")["ok"]
    (campaign.root.parent / "thought.json").write_text(json.dumps(THOUGHT))
    assert campaign.done("think", "--file", "../thought.json")["ok"]
    campaign.write("less")

    campaign.gate.touch()
    before = len(campaign.jobs())
    called = campaign.begun("test")
    until(lambda: len(campaign.jobs()) > before and campaign.jobs()[-1].submitted(), WAITED_S)
    until(lambda: slurm.run("squeue", "-h", "-t", "R").stdout, WAITED_S, pause_s=0.1)
    called.send_signal(signal.SIGINT)
    out, _ = called.communicate(timeout=WAITED_S)
    assert called.returncode == 130
    assert "give the same command again" in json.loads(out)["hint"]
    assert campaign.done("next")["next_actions"] == ["harness test"]
    campaign.gate.unlink()
    assert campaign.done("test")["ok"]
    # The job that was called off has answered; no second one was made.
    assert len(campaign.jobs()) == before + 1
    assert ", slurm job " in campaign.event(Kind.TESTED)["outcome"]["place"]

    campaign.done("bench", "--validate-full")
    outcome = campaign.event(Kind.BENCHED)["outcome"]
    assert ", slurm job " in outcome["fast"]["place"]
    if outcome["full"] is not None:  # nothing rests on it where the fast one is slower
        assert outcome["full"]["place"] != outcome["fast"]["place"]
    assert (campaign.root / "optim" / outcome["fast"]["run"]).is_file()
    found = campaign.done("verify")
    assert found["ok"], found


def test_a_campaign_names_what_is_no_scheduler_and_what_slurm_does_not_take(campaign):
    answer = campaign.done("campaign", "start", "--executor", "nope")
    assert "nope" in answer["error"]
    config = campaign.root / "harness.toml"
    config.write_text(config.read_text().replace("poll", 'partition = "nope"\npoll', 1))
    subprocess.run(["git", "commit", "-qam", "partition"], cwd=campaign.root, check=True)
    answer = campaign.done("campaign", "start", "--executor", "slurm")
    assert "SLURM does not take the jobs" in answer["error"]
    assert not (campaign.root / "optim/events.jsonl").exists()
    assert not campaign.jobs()
