"""Git as users have it: hooks, commits by hand, conflicts, folders below the top."""

from __future__ import annotations

import subprocess

import pytest

from harness.campaign.iteration import Outcome
from harness.campaign.state import Step
from harness.campaign.values import TestOutcome, TestStatus
from harness.errors import ExitCode, GitFailed, NotAllowed
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
    start,
    think,
)
from harness.optimise.checkout import Checkout
from harness.optimise.verify import verify
from harness.system.git.writing import Git
from tests.optimise.conftest import parse


def measured(world, thought, planned, note, **change) -> None:
    think(world.campaign, thought())
    plan(world.campaign, planned())
    world.write(**change)
    if check_candidate(world.campaign, world.bench, full=False).status.value == "passed":
        bench_candidate(world.campaign, world.bench, BenchOptions())
    log(world.campaign, note)


def obey(world, advice) -> None:
    """Type the command that is advised, one of git's."""
    subprocess.run(["sh", "-c", advice.command], cwd=world.root, check=True, capture_output=True)


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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pre-commit", "echo 'time = 1' >> work.txt; git add work.txt"),
        (
            "post-commit",
            '[ -n "$AGAIN" ] && exit; echo "time = 1" >> work.txt; git add work.txt;'
            " AGAIN=1 git commit -q -m evil",
        ),
    ],
)
def test_what_a_hook_does_to_the_code_is_not_kept(started, thought, planned, note, name, text):
    measured(started, thought, planned, note, time=50)
    hook(started, name, text)
    campaign = started.campaign
    kept = commit(campaign)
    assert any("a git hook changed the code" in w for w in campaign.warnings)
    assert "time = 1\n" not in started.shell("show", f"{kept.commit}:work.txt")
    assert "time = 1\n" not in (started.root / "work.txt").read_text()
    assert "evil" not in started.shell("log", "--format=%s")
    assert verify(started.campaign, started.bench).problems == []


def test_code_committed_by_hand_is_judged_like_any_other(started, thought, planned, note):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    started.shell("commit", "--quiet", "-am", "by hand")
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, BenchOptions())
    log(started.campaign, note)
    assert commit(started.campaign).outcome is Outcome.KEPT
    assert verify(started.campaign, started.bench).problems == []


def test_code_committed_by_hand_is_reverted_without_rewriting(started, thought, planned, note):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(output="wrong")
    started.shell("commit", "--quiet", "-am", "by hand")
    by_hand = started.git.head()
    check_candidate(started.campaign, started.bench, full=False)
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
    with pytest.raises(NotAllowed, match="wants a hand") as caught:
        finish(started.campaign, started.bench)
    assert started.git.branch() == "optimization"
    assert started.git.resolve("main") == main
    advice = next_action(started.campaign)
    assert advice.command in caught.value.hint
    subprocess.run(["sh", "-c", advice.command], cwd=started.root, check=False, capture_output=True)
    advice = next_action(started.campaign)
    assert "work.txt" in advice.why
    assert advice.first
    started.shell("checkout", "--quiet", "--theirs", "work.txt")
    obey(started, advice)
    assert next_action(started.campaign).command == "harness campaign finish"
    done = finish(started.campaign, started.bench)
    assert started.git.tag("post-optimization").commit == done.merged == started.git.head()


def kept_while_main_went_on(started, thought, planned, note) -> str:
    """A kept iteration, and a main that changed what it rests on without touching its lines."""
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    started.shell("stash", "--quiet")
    started.shell("switch", "--quiet", "main")
    (started.root / "library.txt").write_text("it computes something else now\n")
    started.shell("add", "library.txt")
    started.shell("commit", "--quiet", "-m", "Meanwhile")
    main = started.git.head()
    started.shell("switch", "--quiet", "optimization")
    test = started.bench.test

    def test_with_the_library(*, full: bool):
        if "something else" in (started.root / "library.txt").read_text():
            return TestOutcome(TestStatus.WRONG, "fast", "energy: expected right, got left")
        return test(full=full)

    def patched(*, full: bool):
        there = (started.root / "library.txt").exists()
        return test_with_the_library(full=full) if there else test(full=full)

    started.bench.test = patched
    return main


def test_a_merged_state_that_is_wrong_is_not_tagged_and_main_stays(started, thought, planned, note):
    main = kept_while_main_went_on(started, thought, planned, note)
    for _ in range(2):
        done = finish(started.campaign, started.bench)
        assert (done.merged, done.tag, done.failed) == ("", "", TestStatus.WRONG)
        assert "energy: expected right, got left" in done.because
        assert "git merge main" in done.because
        assert started.git.tag("post-optimization") is None
        assert started.git.resolve("main") == main
        assert started.git.branch() == "optimization"
        assert started.git.changes().clean
    started.shell("merge", "--quiet", "-m", "Take main in", "main")
    (started.root / "library.txt").write_text("it computes the same again\n")
    started.shell("commit", "--quiet", "-am", "Mend it")
    done = finish(started.campaign, started.bench)
    assert done.failed is None
    assert started.git.tag("post-optimization").commit == done.merged == started.git.head()
    assert started.git.branch() == "main"


def test_a_merge_by_hand_that_is_wrong_is_not_tagged_and_stays(started, thought, planned, note):
    kept_while_main_went_on(started, thought, planned, note)
    assert finish(started.campaign, started.bench).failed is TestStatus.WRONG
    started.shell("switch", "--quiet", "main")
    started.shell("merge", "--quiet", "-m", "By hand", "optimization")
    by_hand = started.git.head()
    done = finish(started.campaign, started.bench)
    assert done.failed is TestStatus.WRONG
    assert "mend it on main" in done.because
    assert started.git.resolve("main") == by_hand
    assert started.git.tag("post-optimization") is None
    (started.root / "library.txt").write_text("it computes the same again\n")
    started.shell("commit", "--quiet", "-am", "Mend it")
    done = finish(started.campaign, started.bench)
    assert started.git.tag("post-optimization").commit == done.merged == started.git.head()


def kept_while_main_took(started, thought, planned, note, part: str) -> str:
    """A kept iteration, and a main that merges without conflict and takes other time."""
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    started.shell("stash", "--quiet")
    started.shell("switch", "--quiet", "main")
    (started.root / "library.txt").write_text(part)
    started.shell("add", "library.txt")
    started.shell("commit", "--quiet", "-m", "Meanwhile")
    main = started.git.head()
    started.shell("switch", "--quiet", "optimization")
    here = started.bench.here

    def with_the_library():
        library = started.root / "library.txt"
        return here() | (parse(library.read_text()) if library.exists() else {})

    started.bench.here = with_the_library
    return main


def test_a_merged_state_that_is_slower_is_not_tagged_and_main_stays(
    started, thought, planned, note
):
    main = kept_while_main_took(started, thought, planned, note, "time = 80\n")
    done = finish(started.campaign, started.bench)
    assert (done.merged, done.tag, done.slower) == ("", "", True)
    assert done.exit_code is ExitCode.ANSWER_IS_NO
    assert "slower than what was decided" in done.because
    assert started.git.tag("post-optimization") is None
    assert started.git.resolve("main") == main
    assert "fast 0.62x" in next_action(started.campaign).why


def test_a_merged_state_is_measured_and_its_tag_says_how_fast_it_is(
    started, thought, planned, note
):
    kept_while_main_took(started, thought, planned, note, "time = 50\n")
    done = finish(started.campaign, started.bench)
    assert started.bench.calls[-1] != "test"
    tag = started.git.tag("post-optimization")
    assert tag.commit == done.merged
    assert "the merged state beside the one that was decided: fast 1.000x [" in tag.message
    assert "chain: " in tag.message
    assert verify(started.campaign, started.bench).ok


def test_what_is_merged_alone_is_not_measured_again(started, thought, planned, note):
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    assert finish(started.campaign, started.bench).measured == ""
    assert "merged" not in started.bench.calls


def test_a_finish_that_was_killed_before_its_test_takes_the_merge_back_later(
    started, thought, planned, note
):
    main = kept_while_main_went_on(started, thought, planned, note)
    patched = started.bench.test

    def killed(*, full: bool):
        raise KeyboardInterrupt

    started.bench.test = killed
    with pytest.raises(KeyboardInterrupt):
        finish(started.campaign, started.bench)
    started.bench.test = patched
    assert finish(started.campaign, started.bench).failed is TestStatus.WRONG
    assert started.git.resolve("main") == main
    assert started.git.tag("post-optimization") is None


def test_a_finish_without_merge_leaves_the_base_alone(started, thought, planned, note):
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    main = started.git.resolve("main")
    assert finish(started.campaign, started.bench, merge=False).merged == ""
    assert started.git.resolve("main") == main
    assert started.campaign.state.step is Step.FINISHED
    assert started.git.changes().clean


@pytest.mark.parametrize("rule", ["optim/", "*.json\nruns/", "*.jsonl"])
def test_records_that_git_would_ignore_are_committed(world, thought, planned, note, rule):
    """Whatever is ignored of them: a clone can verify the campaign."""
    (world.root / ".gitignore").write_text(f".harness/\n{rule}\n")
    world.shell("commit", "--quiet", "-am", "Ignore")
    start(world.campaign, world.bench)
    run_profile(world.campaign, world.bench)
    measured(world, thought, planned, note, time=50, full=500)
    commit(world.campaign)
    decide(world.campaign, exhausted="enough")
    finish(world.campaign, world.bench)
    here = {p for p in (world.root / "optim").rglob("*") if p.is_file()}
    kept = {world.root / p for p in world.shell("ls-files", "optim").splitlines()}
    assert here == kept


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
    command = caught.value.hint.partition(";")[0]
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
    monkeypatch.setattr("harness.system.git.reading.LARGE_BYTES", 1000)
    think(started.campaign, thought())
    plan(started.campaign, planned())
    data = started.root / "measured.dat"
    data.write_bytes(b"0" * 1001)
    assert next_action(started.campaign).action == "IMPLEMENT"
    started.write(output="wrong")
    check_candidate(started.campaign, started.bench, full=False)
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


def test_what_is_restored_is_kept_and_comes_back(started):
    (started.root / "tests" / "new one.txt").write_text("new\n")
    (started.root / "tests" / "check.txt").write_text("weaker\n")
    started.write(time=50)
    assert next_action(started.campaign).command == "harness restore"
    done = restore(started.campaign)
    assert set(done.paths) == {"tests/new one.txt", "tests/check.txt", "work.txt"}
    assert next_action(started.campaign).action == "THINK"
    assert not (started.root / "tests" / "new one.txt").exists()
    subprocess.run(["sh", "-c", done.way_back], cwd=started.root / "tests", check=True)
    assert (started.root / "tests" / "new one.txt").read_text() == "new\n"
    assert (started.root / "tests" / "check.txt").read_text() == "weaker\n"
    assert started.bench.here()["time"] == "50"
    assert restore(started.campaign).ref == done.ref
    started.write(time=60)
    assert restore(started.campaign).ref != done.ref
    assert started.git.read_file(done.ref, "optim/events.jsonl") == started.git.read_file(
        started.campaign.state.kept_commit, "optim/events.jsonl"
    )


def test_within_an_iteration_only_what_may_not_change_is_restored(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    (started.root / "tests" / "check.txt").write_text("weaker\n")
    assert next_action(started.campaign).action == "RESTORE"
    assert restore(started.campaign).paths == ("tests/check.txt",)
    assert started.bench.here()["time"] == "50"
    assert next_action(started.campaign).action == "TEST"


@pytest.mark.parametrize("logged", [False, True])
def test_what_was_measured_comes_back(started, thought, planned, note, logged):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    (started.root / "fresh.txt").write_text("new\n")
    check_candidate(started.campaign, started.bench, full=False)
    bench_candidate(started.campaign, started.bench, BenchOptions())
    if logged:
        log(started.campaign, note)
    started.write(time=40)
    (started.root / "fresh.txt").unlink()
    assert next_action(started.campaign).action == "RESTORE"
    done = restore(started.campaign)
    assert started.bench.here()["time"] == "50"
    assert (started.root / "fresh.txt").read_text() == "new\n"
    assert next_action(started.campaign).action == ("COMMIT" if logged else "LOG")
    assert b"time = 40" in started.git.read_file(done.ref, "work.txt")


def test_code_that_a_merge_of_main_brought_is_restored_for_good(started):
    """Between iterations: what HEAD has is undone by a commit, so that profiles see the truth."""
    started.shell("stash", "--quiet")
    started.shell("switch", "--quiet", "main")
    started.write(time=70)
    started.shell("commit", "--quiet", "-am", "Meanwhile")
    started.shell("switch", "--quiet", "optimization")
    started.shell("merge", "--quiet", "--no-edit", "main")
    assert next_action(started.campaign).action == "RESTORE"
    restore(started.campaign)
    assert b"time = 100" in started.git.read_file("HEAD", "work.txt")
    assert next_action(started.campaign).action == "THINK"
    assert started.git.changes().clean


@pytest.mark.parametrize("operation", ["merge", "cherry-pick", "revert", "rebase"])
def test_what_git_is_in_the_middle_of_is_given_up_first(started, operation):
    started.shell("stash", "--quiet")
    started.shell("switch", "--quiet", "main")
    started.write(time=70)
    started.shell("commit", "--quiet", "-am", "Meanwhile")
    started.shell("switch", "--quiet", "optimization")
    started.write(time=80)
    started.shell("commit", "--quiet", "-am", "By hand")
    started.write(time=90)
    started.shell("commit", "--quiet", "-am", "By hand again")
    revision = "HEAD~1" if operation == "revert" else "main"
    subprocess.run(["git", operation, revision], cwd=started.root, check=False, capture_output=True)
    advice = next_action(started.campaign)
    assert advice.command == f"git {operation} --abort"
    with pytest.raises(NotAllowed, match=f"a {operation} is under way"):
        run_profile(started.campaign, started.bench)
    obey(started, advice)
    assert next_action(started.campaign).action == "RESTORE"


def test_a_conflict_that_a_stash_left_is_cleared_first(started, thought, planned, note):
    measured(started, thought, planned, note, output="wrong")
    started.shell("stash", "--quiet")
    started.write(output="other")
    started.shell("commit", "--quiet", "-am", "By hand")
    subprocess.run(["git", "stash", "pop"], cwd=started.root, check=False, capture_output=True)
    advice = next_action(started.campaign)
    assert advice.action == "GIT"
    obey(started, advice)
    assert next_action(started.campaign).action != "GIT"


def test_each_thing_in_the_way_of_a_start_is_named_with_its_command(world):
    world.shell("checkout", "--quiet", "--detach")
    world.write(time=99)
    seen = []
    while (advice := next_action(world.campaign)).action != "START":
        seen.append(advice.action)
        with pytest.raises(NotAllowed):
            start(world.campaign, world.bench)
        subprocess.run(
            ["sh", "-c", advice.command], cwd=world.root, check=True, capture_output=True
        )
    assert seen == ["BRANCH", "CLEAN"]
    start(world.campaign, world.bench)
    assert world.campaign.state.place.base_branch == "before-work"


def whole(world, thought, planned, note) -> None:
    """A campaign from start to finish with one kept iteration."""
    start(world.campaign, world.bench)
    run_profile(world.campaign, world.bench)
    measured(world, thought, planned, note, time=50, full=500)
    commit(world.campaign)
    decide(world.campaign, exhausted="enough")
    finish(world.campaign, world.bench)


@pytest.mark.parametrize("cause", ["autocrlf", "attributes", "filter"])
def test_records_keep_their_bytes_whatever_git_converts(world, thought, planned, note, cause):
    if cause == "autocrlf":
        world.shell("config", "core.autocrlf", "true")
    elif cause == "attributes":
        (world.root / ".gitattributes").write_text("*.json* text eol=crlf\n*.md text eol=crlf\n")
    else:
        (world.root / ".gitattributes").write_text("*.json* filter=upper\n")
        world.shell("config", "filter.upper.smudge", "tr a-z A-Z")
        world.shell("config", "filter.upper.clean", "tr A-Z a-z")
    world.shell("add", "-A")
    if cause != "autocrlf":
        world.shell("commit", "--quiet", "-m", "Convert")
    whole(world, thought, planned, note)
    world.shell("switch", "--quiet", "--detach", "pre-optimization")
    assert not (world.root / "optim" / "events.jsonl").exists()
    world.shell("switch", "--quiet", "main")
    assert verify(world.campaign, world.bench).problems == []


def hook(world, name: str, text: str) -> None:
    path = world.root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_hook_that_reformats_the_records_breaks_no_seal(world, thought, planned, note):
    hook(
        world,
        "pre-commit",
        "for f in optim/*.json*; do echo >>$f; done; git add -f optim",
    )
    whole(world, thought, planned, note)
    assert verify(world.campaign, world.bench).problems == []
    assert world.git.changes().clean
    subjects = world.shell("log", "--format=%s").splitlines()
    assert "optim: the records as they were written, which a git hook had changed" in subjects


def test_a_hook_that_wants_another_subject_gets_it(world, thought, planned, note):
    text = (world.root / "harness.toml").read_text()
    (world.root / "harness.toml").write_text(text + 'commit_prefix = "feat: "\n')
    world.shell("commit", "--quiet", "-am", "feat: a prefix")
    hook(world, "commit-msg", "grep -q '^feat: ' $1 || { echo 'no feat:' >&2; exit 1; }")
    whole(world, thought, planned, note)
    subjects = world.shell("log", "--format=%s", "main").splitlines()
    assert "feat: optim iter 1: multiply by the reciprocal" in subjects
    assert all(subject.startswith("feat: ") for subject in subjects[:-1])
    assert verify(world.campaign, world.bench).problems == []


def test_the_advice_after_a_merge_that_is_wrong_leads_to_its_repair(
    started, thought, planned, note
):
    kept_while_main_went_on(started, thought, planned, note)
    assert finish(started.campaign, started.bench).failed is TestStatus.WRONG
    take_in = next_action(started.reader)
    assert take_in.action == "MERGE"
    assert "energy: expected right, got left" in take_in.why
    obey(started, take_in)
    assert started.git.is_ancestor("main", "optimization")
    mend = next_action(started.reader)
    assert mend.action == "REPAIR"
    (started.root / "library.txt").write_text("it computes the same again\n")
    assert next_action(started.reader) == mend
    obey(started, mend)
    assert next_action(started.reader).command == "harness campaign finish"
    assert finish(started.campaign, started.bench).failed is None
    assert next_action(started.reader).action == "NONE"


def test_a_merge_by_hand_that_is_wrong_is_mended_where_it_is(started, thought, planned, note):
    kept_while_main_went_on(started, thought, planned, note)
    started.shell("switch", "--quiet", "main")
    started.shell("switch", "--quiet", "optimization")
    finish(started.campaign, started.bench, merge=False)
    started.shell("switch", "--quiet", "main")
    started.shell("merge", "--quiet", "-m", "By hand", "optimization")
    assert finish(started.campaign, started.bench).failed is TestStatus.WRONG
    mend = next_action(started.reader)
    assert (mend.action, started.git.branch()) == ("REPAIR", "main")
    (started.root / "library.txt").write_text("it computes the same again\n")
    obey(started, mend)
    assert next_action(started.reader).action == "FINISH"


@pytest.mark.parametrize("how", [["--detach"], ["--create", "mine"]])
def test_the_end_is_never_merged_into_what_happens_to_be_checked_out(
    started, thought, planned, note, how
):
    measured(started, thought, planned, note, time=50, full=500)
    commit(started.campaign)
    decide(started.campaign, exhausted="enough")
    finish(started.campaign, started.bench, merge=False)
    started.shell("switch", "--quiet", *how)
    here = started.git.head()
    back = next_action(started.reader)
    assert back.action == "SWITCH"
    with pytest.raises(NotAllowed, match="is checked out"):
        finish(started.campaign, started.bench)
    assert started.git.head() == here
    assert started.git.tag("post-optimization") is None
    obey(started, back)
    assert finish(started.campaign, started.bench).merged == started.git.resolve("main")


def test_records_that_a_switch_would_overwrite_are_put_away_and_come_back(
    started, thought, planned
):
    think(started.campaign, thought(), planned())
    told = len(started.reader.events)
    started.shell("switch", "--quiet", "--detach")
    started.shell("branch", "-D", "optimization")
    for action in ("BRANCH", "SWITCH"):
        advice = next_action(started.reader)
        assert advice.action == action
        obey(started, advice)
    assert started.git.branch() == "optimization"
    assert next_action(started.reader).action == "RESTORE"
    restore(started.campaign)
    assert next_action(started.reader).action == "IMPLEMENT"
    assert len(started.reader.events) == told


def test_a_branch_that_begins_a_campaign_has_a_name_that_is_free(world):
    world.shell("branch", "before-work")
    world.shell("switch", "--quiet", "--detach")
    advice = next_action(world.reader)
    assert advice.command == "git switch --create before-work-2"
    obey(world, advice)
    assert next_action(world.reader).action == "START"


def test_a_merge_that_leaves_its_marks_in_the_journal_is_to_be_ended_first(started):
    started.shell("commit", "--quiet", "-am", "The records so far")
    whole = (started.root / "optim" / "events.jsonl").read_text()
    started.shell("switch", "--quiet", "main")
    (started.root / "optim").mkdir(exist_ok=True)
    (started.root / "optim" / "events.jsonl").write_text("of another campaign\n")
    started.shell("add", "--force", "optim")
    started.shell("commit", "--quiet", "-m", "Another campaign")
    started.shell("switch", "--quiet", "--discard-changes", "optimization")
    subprocess.run(["git", "merge", "main"], cwd=started.root, check=False, capture_output=True)
    assert "<<<<<<<" in (started.root / "optim" / "events.jsonl").read_text()
    advice = next_action(started.reader)
    assert advice.command == "git merge --abort"
    obey(started, advice)
    assert next_action(started.campaign).action == "THINK"
    assert (started.root / "optim" / "events.jsonl").read_text() == whole


def test_a_stale_lock_is_taken_away_before_git_is_typed(world):
    world.write(time=90)
    lock = world.root / ".git" / "index.lock"
    lock.touch()
    advice = next_action(world.reader)
    assert advice.command == f"rm {lock}"
    obey(world, advice)
    assert next_action(world.reader).action == "CLEAN"


def test_a_start_whose_branch_was_deleted_gets_its_sealed_records_back(world):
    start(world.campaign, world.bench)
    sealed = (world.root / "optim" / "baseline.json").read_bytes()
    world.shell("switch", "--quiet", "main")
    world.shell("branch", "--quiet", "-D", "optimization")
    assert next_action(world.reader).action == "START"
    start(world.campaign, world.bench)
    assert (world.root / "optim" / "baseline.json").read_bytes() == sealed
    assert "optim/baseline.json" in world.git.files_at("HEAD", ["optim"])
    assert verify(world.reader, world.bench).problems == []
