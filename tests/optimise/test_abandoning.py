"""A campaign is ended from wherever it stands; nothing is lost and nothing is left in the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.errors import NotAllowed
from harness.optimise import (
    BenchOptions,
    abandon,
    bench_candidate,
    check_candidate,
    commit,
    decide,
    finish,
    log,
    next_action,
    plan,
    restore,
    revert,
    start,
    think,
)
from harness.project.config import load_config


def give_up(world):
    return abandon(load_config(world.root / "harness.toml"), "work")


def iterate(world, thought, planned, note, **change) -> None:
    think(world.campaign, thought())
    plan(world.campaign, planned())
    world.write(**change)
    if check_candidate(world.campaign, world.bench, full=False).status.value == "passed":
        bench_candidate(world.campaign, world.bench, BenchOptions())
    log(world.campaign, note)


def check_free(world) -> None:
    """A campaign of the same name can be started, and goes on."""
    assert next_action(world.campaign).command == "harness campaign start"
    start(world.campaign, world.bench)
    assert next_action(world.campaign).command == "harness profile"


def test_nothing_of_an_abandoned_campaign_is_lost(started, thought, planned, note):
    iterate(started, thought, planned, note, output="wrong")
    attempt = revert(started.campaign).attempt
    decide(started.campaign)
    iterate(started, thought, planned, note, time=50)
    kept = commit(started.campaign).commit
    started.write(time=40)
    (started.root / "mine.txt").write_text("untracked\n")
    events = [event.digest for event in started.campaign.events]
    done = give_up(started)
    assert started.git.branch() == "main" == done.checked_out
    assert started.git.changes().tracked == ()
    assert (started.root / "mine.txt").read_text() == "untracked\n"
    assert started.git.resolve("refs/heads/abandoned-optimization-1") == kept
    assert started.git.tag("abandoned-pre-optimization-1").commit == started.git.resolve("main")
    assert started.git.refs("refs/harness/attempts/") == {"refs/harness/attempts/work-1/1": attempt}
    assert b"time = 40" in started.git.read_file(done.code, "work.txt")
    lines = (Path(done.records) / "records" / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["sha256"] for line in lines] == events
    check_free(started)


def _damage_the_journal(world):
    path = world.root / "optim" / "events.jsonl"
    path.write_text(path.read_text().replace("PROFILE", "x").replace('"n":2', '"n":7'))


def _damage_both(world):
    _damage_the_journal(world)
    copy = world.root / ".harness" / "campaigns" / "work" / "events.jsonl"
    copy.write_text("not an event\n")


def _remove_the_branch(world):
    world.shell("stash", "--quiet")
    world.shell("switch", "--quiet", "main")
    world.shell("branch", "-D", "--quiet", "optimization")


def _remove_the_tag(world):
    world.shell("tag", "-d", "pre-optimization")


def _be_in_a_merge(world):
    world.shell("stash", "--quiet")
    world.shell("switch", "--quiet", "main")
    world.write(time=70)
    world.shell("commit", "--quiet", "-am", "Meanwhile")
    world.shell("switch", "--quiet", "optimization")
    world.write(time=80)
    world.shell("commit", "--quiet", "-am", "By hand")
    subprocess.run(["git", "merge", "main"], cwd=world.root, check=False, capture_output=True)


def _detach(world):
    world.shell("checkout", "--quiet", "--detach")


def _delete_the_records(world):
    shutil.rmtree(world.root / "optim")


def _delete_the_machines_copy(world):
    shutil.rmtree(world.root / ".harness")


@pytest.mark.parametrize(
    "breaking",
    [
        _damage_the_journal,
        _damage_both,
        _remove_the_branch,
        _remove_the_tag,
        _be_in_a_merge,
        _detach,
        _delete_the_records,
        _delete_the_machines_copy,
    ],
)
def test_it_works_from_every_broken_state(started, breaking):
    breaking(started)
    give_up(started)
    if started.git.branch() is None:
        started.shell("switch", "--quiet", "main")
    check_free(started)


def test_a_start_that_was_interrupted_leaves_nothing(world):
    world.bench.baseline()
    give_up(world)
    assert not (world.root / "optim").exists()
    check_free(world)


@pytest.mark.parametrize("after", range(1, 8))
def test_a_kill_in_between_is_completed(started, monkeypatch, after):
    from harness.system.git.program import GitProgram

    class Killed(BaseException):
        pass

    started.write(time=40)
    attempt, count = GitProgram.attempt, 0

    def counted(program, *arguments, **more):
        nonlocal count
        done = attempt(program, *arguments, **more)
        changing = {"update-ref", "restore", "switch", "branch", "commit", "commit-tree"}
        count += not changing.isdisjoint(arguments)
        if count == after:
            count += 1
            raise Killed
        return done

    with monkeypatch.context() as patch:
        patch.setattr(GitProgram, "attempt", counted)
        try:
            give_up(started)
        except Killed:
            pass
        else:
            pytest.skip("there are not that many effects")
    if started.git.has_branch("optimization") or (started.root / ".harness/campaigns").exists():
        give_up(started)
    kept = started.git.refs("refs/harness/abandoned/")
    assert [b"time = 40" in started.git.read_file(c, "work.txt") for c in kept.values()] == [True]
    assert started.git.has_branch("abandoned-optimization-1")
    check_free(started)


def test_a_finished_campaign_is_not_abandoned(started, thought, planned, note):
    iterate(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    finish(started.campaign, started.bench)
    with pytest.raises(NotAllowed, match="finished and merged"):
        give_up(started)


def test_there_has_to_be_something_to_abandon(world):
    with pytest.raises(NotAllowed, match="nothing of a campaign 'work'"):
        give_up(world)


def test_a_campaign_starts_on_no_other_campaigns_branch(started):
    text = (started.root / "harness.toml").read_text()
    other = text + '\n[campaigns.other]\ntarget = "work"\ncase = "fast"\n'
    started.shell("stash", "--quiet")
    started.shell("switch", "--quiet", "main")
    (started.root / "harness.toml").write_text(other)
    started.shell("commit", "--quiet", "-am", "Another")
    started.shell("switch", "--quiet", "optimization")
    started.shell("merge", "--quiet", "--no-edit", "main")
    from harness.optimise import Campaign

    second = Campaign(load_config(started.root / "harness.toml"), "other")
    advice = next_action(second)
    assert advice.command.endswith("git switch main")
    with pytest.raises(NotAllowed, match="branch of the campaign 'work'"):
        start(second, started.bench)


def test_what_another_campaign_of_this_name_left_is_put_aside(world):
    world.shell("branch", "optimization")
    world.shell("branch", "-m", "optimization", "optimization/x")
    world.shell("tag", "post-optimization")
    world.shell("tag", "pre-optimization")
    advice = next_action(world.campaign)
    assert advice.command == "harness campaign abandon"
    give_up(world)
    check_free(world)


def test_no_ref_keeps_the_name_of_a_campaign_that_was_abandoned(started, thought, planned, note):
    """What was tested, restored and recorded goes with it, not to the next of this name."""
    iterate(started, thought, planned, note, time=50)
    commit(started.campaign)
    decide(started.campaign)
    started.write(time=40)
    restore(started.campaign)
    before = started.git.refs("refs/harness/")
    kinds = {"tested", "records", "restored"}
    assert kinds <= {ref.split("/")[2] for ref in before}
    give_up(started)
    after = started.git.refs("refs/harness/")
    assert not [ref for ref in after if ref.split("/")[3] == "work"]
    for ref, kept in before.items():
        assert after[ref.replace("/work", "/work-1")] == kept


def test_a_pipe_in_the_place_of_the_attributes_is_moved_and_not_waited_for(started):
    pipe = started.root / "optim" / ".gitattributes"
    pipe.unlink()
    os.mkfifo(pipe)
    done = give_up(started)
    assert (Path(done.records) / "misplaced" / ".gitattributes").is_fifo()
    assert started.git.changes().tracked == ()
    check_free(started)
