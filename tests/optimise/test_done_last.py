"""What was done last here: a run of its own, or a campaign."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.campaign.events import Kind
from harness.optimise.done_last import DoneLast, done_last
from harness.optimise.journal import JOURNAL_NAME, Journal
from harness.project.config import Config, load_config
from harness.project.state_folder import campaign_state
from harness.system.store.run_file import RUN_NAME, encode_run

TOML = """
[tasks.t.cases.small]
[targets.a]
task = "t"
adapter = "command"
program = "/bin/true"
[campaigns.early]
target = "a"
[campaigns.late]
target = "a"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "harness.toml").write_text(TOML)
    return load_config(tmp_path / "harness.toml")


def went_on(config: Config, name: str, at_ns: int) -> None:
    path = campaign_state(config.root, name) / JOURNAL_NAME
    journal = Journal(path, clock=lambda: at_ns)
    journal.append(journal.draft([], Kind.PROFILED, {}))


def ran(config: Config, at_ns: int, **origin: str) -> str:
    folder = config.root / "runs" / f"20260101-000000-{at_ns:08x}"
    folder.mkdir(parents=True)
    plan = {"started_at_ns": at_ns, "origin": origin}
    (folder / RUN_NAME).write_bytes(encode_run({"plan": plan, "finished": True}))
    return folder.name


def test_the_later_of_run_and_campaign_is_last(config):
    assert done_last(config, config.root / "runs") == DoneLast()
    went_on(config, "early", 10)
    assert done_last(config, config.root / "runs") == DoneLast(None, "early", True)
    run = ran(config, 20)
    assert done_last(config, config.root / "runs") == DoneLast(run, "early", False)
    went_on(config, "late", 30)
    assert done_last(config, config.root / "runs") == DoneLast(run, "late", True)


def test_a_run_that_a_campaign_made_is_the_campaigns(config):
    run = ran(config, 20, kind="baseline", campaign="early")
    assert done_last(config, config.root / "runs") == DoneLast(run, None, False)
    went_on(config, "early", 10)
    assert done_last(config, config.root / "runs") == DoneLast(run, "early", True)
