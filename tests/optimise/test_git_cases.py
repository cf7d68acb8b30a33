"""Git as users have it: hooks, commits by hand, conflicts, folders below the top."""

from __future__ import annotations

import subprocess

import pytest

from harness.campaign.iteration import Outcome
from harness.campaign.state import Step
from harness.edge.git import Git
from harness.errors import GitFailed, NotAllowed, UsageError
from harness.optimise import (
    BenchOptions,
    commit,
    decide,
    finish,
    log,
    next_action,
    plan,
    revert,
    run_bench,
    run_profile,
    run_test,
    start,
    think,
)
from harness.optimise.checkout import Checkout
from harness.optimise.verify import verify


def measured(world, thought, planned, note, **change) -> None:
    think(world.campaign, thought())
    plan(world.campaign, planned())
    world.write(**change)
    if run_test(world.campaign, world.bench, full=False).status.value == "passed":
        run_bench(world.campaign, world.bench, BenchOptions())
    log(world.campaign, note)


def test_a_hook_that_refuses_leaves_the_commit_to_be_repeated(started, thought, planned, note):
    measured(started, thought, planned, note, time=50)
    hook = started.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'not on a Tuesday' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitFailed, match="Tuesday"):
        commit(started.campaign)
    assert next_action(started.campaign).command == "harness commit"
    hook.unlink()
    assert commit(started.campaign).outcome is Outcome.KEPT
    subjects = started.shell("log", "--format=%s", "main..").splitlines()
    assert sum(s.startswith("optim iter 1") for s in subjects) == 1


def test_a_commit_that_hooks_will_never_allow_can_be_given_up(started, thought, planned, note):
    measured(started, thought, planned, note, time=50)
    log(started.campaign, note, abandon="the linter refuses it")
    assert revert(started.campaign).outcome is Outcome.ABANDONED
    assert started.bench.here()["time"] == "100"


def test_a_hook_that_rewrites_the_code_is_reported(started, thought, planned, note):
    measured(started, thought, planned, note, time=50)
    hook = started.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho '# formatted' >> work.txt\ngit add work.txt\n")
    hook.chmod(0o755)
    campaign = started.campaign
    commit(campaign)
    assert any("a git hook changed the code" in w for w in campaign.warnings)
    problems = verify(started.campaign, started.bench).problems
    assert any("does not hold the code that was tested" in p for p in problems)


def test_code_committed_by_hand_is_judged_like_any_other(started, thought, planned, note):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    started.shell("commit", "--quiet", "-am", "by hand")
    run_test(started.campaign, started.bench, full=False)
    run_bench(started.campaign, started.bench, BenchOptions())
    log(started.campaign, note)
    assert commit(started.campaign).outcome is Outcome.KEPT
    assert verify(started.campaign, started.bench).problems == []


def test_code_committed_by_hand_is_reverted_without_rewriting(started, thought, planned, note):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(output="wrong")
    started.shell("commit", "--quiet", "-am", "by hand")
    by_hand = started.git.head()
    run_test(started.campaign, started.bench, full=False)
    log(started.campaign, note)
    revert(started.campaign)
    assert b"output = right" in started.git.read_file("HEAD", "work.txt")
    assert started.git.is_ancestor(by_hand, "HEAD")


def test_a_merge_conflict_is_undone_and_can_be_done_by_hand(started, thought, planned, note):
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    started.shell("stash", "--quiet")
    started.shell("switch", "--quiet", "main")
    started.write(time=70)
    started.shell("commit", "--quiet", "-am", "Meanwhile")
    main = started.git.head()
    started.shell("switch", "--quiet", "optimization")
    with pytest.raises(GitFailed, match="merge into main was refused"):
        finish(started.campaign, started.bench)
    assert started.git.branch() == "optimization"
    assert started.git.resolve("main") == main
    assert next_action(started.campaign).action == "FINISH"
    started.shell("switch", "--quiet", "main")
    started.shell("merge", "--quiet", "-X", "theirs", "-m", "By hand", "optimization")
    done = finish(started.campaign, started.bench)
    assert started.git.tag("post-optimization").commit == done.merged == started.git.head()


def test_a_finish_without_merge_leaves_the_base_alone(started, thought, planned, note):
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    main = started.git.resolve("main")
    assert finish(started.campaign, started.bench, merge=False).merged == ""
    assert started.git.resolve("main") == main
    assert started.campaign.state.step is Step.FINISHED
    assert started.git.changes().clean


def test_records_that_git_would_ignore_are_refused_at_the_start(world):
    (world.root / ".gitignore").write_text(".harness/\noptim/\n")
    world.shell("commit", "--quiet", "-am", "Ignore")
    with pytest.raises(UsageError, match="ignores"):
        start(world.campaign, world.bench)


def test_a_clone_goes_on_where_another_machine_stopped(started, thought, planned, note, tmp_path):
    measured(started, thought, planned, note, output="wrong")
    revert(started.campaign)
    clone = tmp_path / "clone"
    started.shell("clone", "--quiet", started.root.as_uri(), str(clone))
    started.root = started.bench.root = clone
    started.shell("branch", "main", "origin/main")
    decide(started.campaign)
    measured(started, thought, planned, note, time=50)
    commit(started.campaign)
    found = verify(started.campaign, started.bench)
    assert found.problems == []
    assert started.campaign.warnings == []
    assert [i.outcome for i in started.campaign.state.iterations] == [Outcome.WRONG, Outcome.KEPT]


def test_a_branch_of_the_same_name_is_not_taken_over(world):
    world.shell("branch", "optimization")
    world.write(time=99)
    world.shell("commit", "--quiet", "-am", "Meanwhile")
    with pytest.raises(NotAllowed, match="branch 'optimization' already"):
        start(world.campaign, world.bench)
    assert world.git.branch() == "main"


def test_tags_that_have_the_names_of_branches_confuse_nothing(world, thought, planned, note):
    world.shell("tag", "main")
    world.write(time=99)
    world.shell("commit", "--quiet", "-am", "After the tag")
    world.shell("tag", "optimization", "main~0")
    start(world.campaign, world.bench)
    run_profile(world.campaign, world.bench)
    measured(world, thought, planned, note, time=50, full=500)
    commit(world.campaign)
    decide(world.campaign, exhausted="enough")
    done = finish(world.campaign, world.bench)
    assert world.git.branch() == "main"
    assert world.git.resolve("refs/heads/main") == done.merged
    assert world.git.tag("post-optimization").commit == done.merged


def test_a_base_branch_in_another_worktree_is_merged_there(
    started, thought, planned, note, tmp_path
):
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    there = tmp_path / "there"
    started.shell("worktree", "add", "--quiet", str(there), "main")
    with pytest.raises(NotAllowed, match="checked out in") as caught:
        finish(started.campaign, started.bench)
    command = caught.value.hint.removeprefix("Merge there: ").partition(";")[0]
    assert next_action(started.campaign).command == command
    subprocess.run(["sh", "-c", command], cwd=started.root, check=True, capture_output=True)
    done = finish(started.campaign, started.bench)
    assert started.git.tag("post-optimization").commit == done.merged
    assert next_action(started.campaign).action == "NONE"


def test_the_code_of_a_checkout_is_without_records_and_the_users_own(world):
    folder = world.root / "below"
    (folder / "optim").mkdir(parents=True)
    (folder / "optim" / "events.jsonl").write_text("{}\n")
    (folder / "code.txt").write_text("code\n")
    (folder / "mine.txt").write_text("mine\n")
    checkout = Checkout(Git(folder), folder, "work")
    tree = checkout.tree("HEAD", ("below/mine.txt",))
    assert tree.changed == ("below/code.txt",)
    assert checkout.at("tests/") == "below/tests/"


def test_a_file_that_became_executable_is_a_change(started):
    (started.root / "work.txt").chmod(0o755)
    assert started.campaign.tree().changed == ("work.txt",)


def test_neither_index_nor_objects_are_touched_by_looking(started):
    started.write(time=1)
    started.shell("add", "work.txt")
    before = started.shell("diff", "--cached"), started.shell("count-objects")
    started.write(time=2)
    assert started.campaign.tree().changed == ("work.txt",)
    assert (started.shell("diff", "--cached"), started.shell("count-objects")) == before


def test_data_that_no_snapshot_keeps_is_not_removed(started, thought, planned, note, monkeypatch):
    monkeypatch.setattr("harness.edge.git_reading.LARGE_BYTES", 1000)
    think(started.campaign, thought())
    plan(started.campaign, planned())
    data = started.root / "measured.dat"
    data.write_bytes(b"0" * 1001)
    assert next_action(started.campaign).action == "IMPLEMENT"
    started.write(output="wrong")
    run_test(started.campaign, started.bench, full=False)
    log(started.campaign, note)
    revert(started.campaign)
    assert data.stat().st_size == 1001
    assert started.bench.here()["output"] == "right"


def test_an_attempt_of_an_earlier_campaign_of_the_same_name_is_not_taken_for_this_one(
    started, thought, planned, note
):
    stale = started.git.resolve("main")
    started.git.update_ref("refs/harness/attempts/work/1", stale)
    measured(started, thought, planned, note, output="wrong")
    attempt = revert(started.campaign).attempt
    assert attempt != stale
    assert "output = wrong" in started.shell("show", f"{attempt}:work.txt")
    assert started.git.resolve("refs/harness/attempts/work/1") == stale
    assert verify(started.campaign, started.bench).problems == []


def test_the_way_back_that_is_advised_works_in_every_folder(started):
    (started.root / "tests" / "new one.txt").write_text("new\n")
    (started.root / "tests" / "check.txt").write_text("weaker\n")
    advice = next_action(started.campaign)
    assert advice.action == "RESTORE"
    subprocess.run(["sh", "-c", advice.command], cwd=started.root / "tests", check=True)
    assert next_action(started.campaign).action == "THINK"
    assert (started.root.parent / "new one.txt").read_text() == "new\n"
