"""The project's own campaigns: every number, log and decision in optim/ can be derived again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.project.config import load_config

ROOT = Path(__file__).parents[1]
RECORDED = sorted(path.parent.name for path in ROOT.glob("optim/*/events.jsonl"))
IN_GIT = (ROOT / ".git").exists()


def harness(*arguments: str):
    done = subprocess.run(
        [sys.executable, "-m", "harness", *arguments, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.mark.skipif(not IN_GIT, reason="the records cite commits")
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_campaign_can_be_derived_again(name: str) -> None:
    code, said = harness("verify", "--campaign", name)
    assert code == 0, said["error"]
    assert said["ok"]


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_campaign_was_finished_by_its_rules(name: str) -> None:
    lines = (ROOT / "optim" / name / "events.jsonl").read_text(encoding="utf-8").splitlines()
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds[-1] in ("finished", "merged")
    assert kinds.index("thought") < kinds.index("planned") < kinds.index("tested")
    assert kinds.count("committed") >= 1


def test_every_recorded_campaign_is_declared() -> None:
    assert set(RECORDED) <= set(load_config(ROOT / "harness.toml").campaigns)


@pytest.mark.skipif(not IN_GIT, reason="the records cite commits")
def test_surprises_are_found_over_all_campaigns() -> None:
    code, said = harness("surprises")
    assert code == 0
    assert {found["campaign"] for found in said["result"]["findings"]} == set(RECORDED)
