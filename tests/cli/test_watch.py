"""`harness watch`: what is under way, without a lock and without a byte written."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from harness.cli import watch
from harness.optimise.loop_requests import (
    LoopRequest,
    ask_loop,
    asked_of_loop,
    heeding_requests,
)
from harness.optimise.watched import WatchedCampaign, WatchedIteration

CONFIG = """
[tasks.t]
[tasks.t.cases.small]
params = { n = 1 }
[targets.a]
task = "t"
adapter = "command"
program = "/bin/echo"
args = ["{n}"]
[campaigns.c]
target = "a"
"""


@pytest.fixture
def project(folder: Path) -> Path:
    (folder / "harness.toml").write_text(CONFIG)
    return folder


def campaign(state="IMPLEMENT", *, closed=0, ended=False, title="one half") -> WatchedCampaign:
    iterations = tuple(
        WatchedIteration(n, title, "kept", "predicted 1 to 2x, measured 1.5x", True)
        for n in range(1, closed + 1)
    )
    return WatchedCampaign("c", state, 1.5, iterations, False, "", ended)


def shows(monkeypatch, *sightings: WatchedCampaign) -> None:
    """Have the campaign look like that, one look after the other."""
    left = list(sightings)
    path = "harness.optimise.watched.watched_campaign"
    monkeypatch.setattr(path, lambda config, name: left.pop(0))
    monkeypatch.setattr(watch, "sleep", lambda _: None)


def test_nothing_under_way_is_said_and_nothing_is_written(harness, project):
    before = sorted(project.rglob("*"))
    said = harness("watch")
    assert (said.code, said.out) == (0, "nothing is under way\n")
    said = harness("watch", "--campaign", "c", "--once", "--json")
    assert said.result["campaigns"][0]["state"] == "START"
    assert sorted(project.rglob("*")) == before


def test_without_a_terminal_there_is_a_line_per_change_until_the_end(harness, project, monkeypatch):
    shows(
        monkeypatch,
        campaign(),
        campaign(),
        campaign("LOG", closed=1, title="two \x1b[2J\nlines"),
        campaign("FINISH", closed=1, ended=True, title="two \x1b[2J\nlines"),
    )
    said = harness("watch")
    assert said.out.splitlines() == [
        "campaign c: IMPLEMENT, 1.50x so far",
        r"iteration 1: two \x1b[2J lines: kept; predicted 1 to 2x, measured 1.5x",
        "campaign c: LOG, 1.50x so far",
        "campaign c: FINISH, 1.50x so far",
    ]


def test_json_keeps_the_lines_off_standard_output(harness, project, monkeypatch):
    shows(monkeypatch, campaign("FINISHED", ended=True))
    said = harness("watch", "--campaign", "c", "--json")
    assert said.result["campaigns"][0]["ended"] is True
    assert "campaign c: FINISHED" in said.err


NOTE = """\
import json, os, sys
told = json.load(sys.stdin)
words = [os.environ["HARNESS_EVENT"], told["campaign"], told.get("iteration", {}).get("title")]
with open(sys.argv[1], "a") as file:
    file.write(json.dumps(words) + "\\n")
"""


def test_who_is_to_be_told_is_told_of_ends_without_a_shell(harness, project, monkeypatch, tmp_path):
    note, told = tmp_path / "note.py", tmp_path / "told"
    note.write_text(NOTE)
    shows(
        monkeypatch,
        campaign(closed=1),
        campaign(closed=2, title="$(touch hit); é"),
        campaign("FINISHED", closed=2, ended=True, title="$(touch hit); é"),
    )
    said = harness("watch", "--notify", f"{sys.executable} {note} {told}")
    assert (said.code, said.err) == (0, "")
    assert [json.loads(line) for line in told.read_text().splitlines()] == [
        ["iteration", "c", "$(touch hit); é"],
        ["campaign", "c", None],
    ]
    assert not (project / "hit").exists()


@pytest.mark.parametrize("bad", ["/no/such/program", "false"])
def test_a_command_that_fails_is_named_and_the_watch_goes_on(harness, project, monkeypatch, bad):
    shows(monkeypatch, campaign(), campaign("FINISHED", ended=True))
    said = harness("watch", "--notify", bad)
    assert said.code == 0
    assert f"--notify: {bad}" in said.err
    assert "FINISHED" in said.out


@pytest.mark.parametrize("arguments", [("--notify", "'"), ("--notify", ""), ("--every", "0")])
def test_bad_input(harness, project, arguments):
    assert harness("watch", *arguments).code == 2


def test_a_pause_and_a_stop_are_asked_for_and_taken_back(harness, project):
    with heeding_requests(project, "c"):
        assert harness("watch", "--pause").code == 0
        assert asked_of_loop(project, "c") is LoopRequest.PAUSE
        assert harness("watch", "--stop", "--campaign", "c").code == 0
        assert asked_of_loop(project, "c") is LoopRequest.STOP
    said = harness("watch", "--campaign", "c", "--once")
    assert "asked to stop" in said.out
    assert "taken back" in harness("watch", "--continue").out
    assert asked_of_loop(project, "c") is None
    assert "nothing was asked for" in harness("watch", "--continue").out
    assert harness("watch", "--stop", "--campaign", "no").code == 2


@pytest.mark.parametrize("asked", ["--pause", "--stop"])
def test_what_no_loop_would_heed_is_refused(harness, project, asked):
    said = harness("watch", asked)
    assert said.code == 7
    assert f"{asked}: no loop of the campaign c is at work" in said.err
    assert asked_of_loop(project, "c") is None


def test_what_no_one_of_us_wrote_is_no_request(project):
    ask_loop(project, "c", LoopRequest.STOP)
    (path,) = project.rglob("request")
    for content in (b"", b"\xff", b"rm -rf /", b"stop\n"):
        path.write_bytes(content)
        assert asked_of_loop(project, "c") is None


def test_a_run_under_way_is_seen_with_its_blocks_to_go(harness, project, monkeypatch):
    """A run looks at itself between two trials, as a watcher beside it would."""
    from harness.running.under_way import runs_under_way
    from harness.system.store.runs import RunWriter

    seen = []
    append = RunWriter.append

    def appended(self, record):
        append(self, record)
        seen.append(runs_under_way(project / ".harness" / "results"))

    monkeypatch.setattr(RunWriter, "append", appended)
    assert harness("run", "a", "--trials", "3").code == 0
    (last,) = seen[-1]
    assert (last.blocks, last.most_blocks, last.failed) == (3, 3, 0)
    assert "block 3 of at most 3, 0 to go" in last.line
    assert last.left_s is None
    from harness.running.under_way import ended_run

    results = project / ".harness" / "results"
    said = ended_run(results, last.id)
    assert said.startswith(f"{last.id} has ended:\ntarget")
    assert "wall (median)" in said
    assert ended_run(results, "other") == "other is gone"
    assert runs_under_way(project / ".harness" / "results") == ()


@pytest.mark.parametrize("asked", ["--pause", "--stop", "--continue"])
def test_where_there_is_no_campaign_what_ends_a_run_is_said(harness, folder, asked):
    (folder / "harness.toml").write_text("[tasks.t.cases.a]\n")
    said = harness("watch", asked)
    assert said.code == 2
    assert "has no campaign" in said.err
    assert "Ctrl-C ends a run" in said.err
