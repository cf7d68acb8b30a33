"""What a campaign may never lose: what the base branch changed, and its own records."""

from __future__ import annotations

import shutil

import pytest

from harness.campaign.iteration import Outcome
from harness.errors import DataDamaged, NotAllowed
from harness.optimise import (
    BenchOptions,
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
    run_profile,
    think,
)
from harness.optimise.verify import verify
from tests.optimise.test_git_cases import measured, obey


def main_changes(world, **change) -> None:
    """A commit on main, without a word to the campaign."""
    world.shell("stash", "--quiet")
    world.shell("switch", "--quiet", "main")
    world.write(**change)
    (world.root / "notes.txt").write_text("main's own\n")
    world.shell("add", "notes.txt")
    world.shell("commit", "--quiet", "-am", "Meanwhile")
    world.shell("switch", "--quiet", "optimization")


def on_main(world, path: str) -> bytes:
    return world.git.read_file("main", path) or b""


def test_what_restore_takes_back_of_a_merge_main_keeps(started, thought, planned, note):
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign)
    main_changes(started, setup=0.04)
    started.shell("merge", "--quiet", "--no-edit", "main")
    merged = started.git.head()
    assert next_action(started.reader).action == "RESTORE"
    campaign = started.campaign
    restore(campaign)
    assert any("before the merge" in warning for warning in campaign.warnings)
    assert merged in started.git.refs("refs/harness/undone/").values()
    assert not started.git.is_ancestor("main", "HEAD")
    assert not (started.root / "notes.txt").exists()
    assert next_action(started.reader).action == "PROFILE"
    run_profile(started.campaign, started.bench)
    decide(started.campaign, exhausted="enough")
    assert finish(started.campaign, started.bench).merged
    assert b"setup = 0.04" in on_main(started, "work.txt")
    assert b"time = 50" in on_main(started, "work.txt")
    assert on_main(started, "notes.txt") == b"main's own\n"


def test_what_revert_takes_back_of_a_merge_main_keeps(started, thought, planned, note):
    """The merge came into an open iteration, and was measured with it."""
    main_changes(started, setup=0.04)
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.shell("stash", "--quiet")
    started.shell("merge", "--quiet", "--no-edit", "main")
    started.write(time=150)
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, BenchOptions())
    log(started.campaign, note)
    assert revert(started.campaign).outcome is not Outcome.KEPT
    assert not started.git.is_ancestor("main", "HEAD")
    decide(started.campaign)
    if next_action(started.reader).action == "PROFILE":
        run_profile(started.campaign, started.bench)
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    finish(started.campaign, started.bench)
    assert b"setup = 0.04" in on_main(started, "work.txt")
    assert verify(started.campaign, started.bench).problems == []


@pytest.mark.parametrize("how", ["ours", "by hand"])
def test_a_merge_that_left_the_change_out_is_not_finished(started, thought, planned, note, how):
    main_changes(started, setup=0.04)
    if how == "ours":
        started.shell("merge", "--quiet", "--no-edit", "-s", "ours", "main")
    else:
        started.shell("merge", "--quiet", "--no-edit", "main")
        started.shell("checkout", "--quiet", "HEAD^1", "--", "work.txt")
        started.shell("rm", "--quiet", "notes.txt")
        started.shell("commit", "--quiet", "-m", "Undo it")
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    main = started.git.resolve("main")
    with pytest.raises(NotAllowed, match=r"main would lose what it changed in .*work\.txt"):
        finish(started.campaign, started.bench)
    assert started.git.resolve("main") == main
    advice = next_action(started.reader)
    assert advice.action == "MERGE"
    obey(started, advice)
    assert next_action(started.reader).command == "harness campaign finish"
    finish(started.campaign, started.bench)
    assert b"setup = 0.04" in on_main(started, "work.txt")
    assert b"time = 50" in on_main(started, "work.txt")


def test_a_change_that_main_took_back_itself_is_not_missed(started, thought, planned, note):
    main_changes(started, setup=0.04)
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.shell("stash", "--quiet")
    started.shell("merge", "--quiet", "--no-edit", "main")
    started.write(time=50, full=500)
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, BenchOptions())
    log(started.campaign, note)
    assert commit(started.campaign).outcome is Outcome.KEPT
    main_changes(started, setup=0.03)
    decide(started.campaign, exhausted="enough")
    finish(started.campaign, started.bench)
    assert b"setup = 0.03" in on_main(started, "work.txt")


@pytest.mark.parametrize("back", ["git reset --hard HEAD~1", "rm -rf optim"])
def test_records_that_were_taken_away_come_back(started, thought, planned, note, back):
    measured(started, thought, planned, note, time=50, full=500)
    kept = commit(started.campaign).commit
    runs = {p.name: p.read_bytes() for p in (started.root / "optim" / "runs").iterdir()}
    assert runs
    if back.startswith("git"):
        started.shell(*back.split()[1:])
    else:
        shutil.rmtree(started.root / "optim")
    advice = next_action(started.reader)
    assert (advice.action, advice.command) == ("RESTORE", "harness restore")
    with pytest.raises((NotAllowed, DataDamaged)):
        finish(started.campaign, started.bench)
    restore(started.campaign)
    assert {p.name: p.read_bytes() for p in (started.root / "optim" / "runs").iterdir()} == runs
    assert started.git.is_ancestor(kept, "HEAD")
    decide(started.campaign)
    run_profile(started.campaign, started.bench)
    decide(started.campaign, exhausted="enough")
    assert finish(started.campaign, started.bench).merged
    assert verify(started.campaign, started.bench).problems == []
    with pytest.raises(NotAllowed, match="nothing to restore"):
        restore(started.campaign)


def test_records_of_a_reverted_iteration_come_back(started, thought, planned, note):
    measured(started, thought, planned, note, time=150)
    revert(started.campaign)
    started.shell("reset", "--quiet", "--hard", "HEAD~1")
    assert next_action(started.reader).action == "RESTORE"
    restore(started.campaign)
    assert verify(started.campaign, started.bench).problems == []


def test_all_records_come_back_without_this_machines_own_copy(started, thought, planned, note):
    measured(started, thought, planned, note, time=50)
    commit(started.campaign)
    events = len(started.campaign.events)
    for folder in ("optim", ".harness"):
        shutil.rmtree(started.root / folder)
    assert next_action(started.reader).command == "harness restore"
    restore(started.campaign)
    assert 0 < len(started.campaign.events) <= events
    assert next_action(started.reader).action != "START"


def test_finish_refuses_what_verify_refuses(started, thought, planned, note):
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    trials = next((started.root / "optim" / "runs").iterdir())
    trials.write_text("[1, 1, 9, 0.1]")
    started.shell("add", str(trials))
    main = started.git.resolve("main")
    with pytest.raises((DataDamaged, NotAllowed)):
        finish(started.campaign, started.bench)
    assert started.git.resolve("main") == main
    assert started.git.tag("post-optimization") is None
