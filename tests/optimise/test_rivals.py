"""A race as the edit of an iteration: what is recorded, refused, and completed after a kill."""

import contextlib
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness.analysis import Rank, VariantStanding
from harness.baseline.limiting import LEAST_NS
from harness.campaign.state import Step
from harness.errors import NotAllowed, UsageError
from harness.model import Case, Estimate, Jail
from harness.model.proposals import Reflection
from harness.optimise import (
    check_candidate,
    decide,
    log,
    next_action,
    plan,
    restore,
    revert,
    rivals,
    think,
)
from harness.optimise.checkout import Checkout
from harness.running import Cell
from harness.running.settings import Settings
from harness.running.try_results import Leftover, Together, TryResult
from harness.running.trying_options import Trying
from harness.running.variants import Field, Variant, VariantKind
from harness.system.git.writing import Git
from harness.testing import make_target, make_task

SESSION = SimpleNamespace(runner=SimpleNamespace(jail=Jail.NONE))


@pytest.fixture
def racing(started, thought, planned, monkeypatch):
    """A campaign that waits for code, and a race that `work@fast` wins: two files differ."""
    think(started.campaign, thought())
    plan(started.campaign, planned())
    head = started.git.head()
    started.write(time=50)
    (started.root / "tuned.txt").write_text("fast\n")
    started.shell("add", "tuned.txt")
    commit = started.git.snapshot("fast")
    started.git.restore(head, ("work.txt", "tuned.txt"))
    work, fast = (
        Cell(make_task(), Case("fast"), replace(make_target(started.root), name=name))
        for name in ("work", "work@fast")
    )
    field = Field(work, (fast,), (), {fast.name: commit})

    @contextlib.contextmanager
    def field_of(*_, **__):
        yield field

    def race(_, raced, __):
        assert raced.variants[0].target.timeout_ns == LEAST_NS  # it is not waited for ten minutes
        assert raced.longest_ns == LEAST_NS  # nor is what is put together
        standings = (VariantStanding("work@fast", Rank.BEST, None, 12),)
        return TryResult("work", "wall", standings, "one is left", None, None)

    monkeypatch.setattr(rivals, "field_of", field_of)
    monkeypatch.setattr(rivals, "race_together", race)
    return started


def go(world, kind=VariantKind.PATCH):
    variants = [Variant("fast", kind, "fast.patch")]
    return rivals.try_rivals(world.campaign, SESSION, variants, Trying(Settings()))


def test_the_best_is_recorded_and_in_the_tree(racing):
    go(racing)
    assert racing.bench.here()["time"] == "50"
    assert [v.chosen for v in racing.campaign.state.iterations[-1].tried] == [True]
    assert next_action(racing.campaign).action == "TEST"


def test_what_is_put_together_is_the_candidate_and_what_is_left_is_put_aside(racing, monkeypatch):
    racing.write(time=30)
    both = racing.git.snapshot("fast + other")
    racing.git.restore(racing.git.head(), ("work.txt",))
    standings = (
        VariantStanding("work@fast + other", Rank.BEST, None, 8, gains=True),
        VariantStanding("work@fast", Rank.PART, None, 4, gains=True),
    )
    made = TryResult(
        *("work", "wall", standings, "one is left", None, None),
        together=Together("fast + other", ("fast", "other"), both),
        leftover=(Leftover("slow", both), Leftover("odd", "")),
    )
    monkeypatch.setattr(rivals, "race_together", lambda *_: made)
    result = go(racing)
    assert racing.bench.here()["time"] == "30"
    tried = racing.campaign.state.iterations[-1].tried
    assert [(v.name, v.chosen, v.rank) for v in tried] == [
        ("fast + other", True, "best"),
        ("fast", False, "part of the best"),
    ]
    kept = racing.git.refs("refs/harness/tried").values()
    assert {v.commit for v in tried} <= set(kept)
    assert racing.git.refs("refs/harness/variants/slow") == {"refs/harness/variants/slow": both}
    assert result.next_try == "harness try slow"


def found_by(monkeypatch, standing):
    def race(*_):
        return TryResult("work", "wall", (standing,), "the time is over", None, None)

    monkeypatch.setattr(rivals, "race_together", race)


@pytest.mark.parametrize("rank", [Rank.NOT_TOLD_APART, Rank.BEHIND])
def test_what_is_not_shown_to_gain_is_no_candidate(racing, monkeypatch, rank):
    found_by(monkeypatch, VariantStanding("work@fast", rank, None, 12))
    before = racing.bench.here()["time"]
    go(racing)
    assert racing.bench.here()["time"] == before
    assert racing.campaign.tree().fingerprint == racing.campaign.state.kept_tree
    (tried,) = racing.campaign.state.iterations[-1].tried
    assert (tried.chosen, bool(tried.commit)) == (False, True)
    advice = next_action(racing.campaign)
    assert "no gain could be shown: 1 raced" in advice.why
    assert advice.command.startswith("harness log --abandon")
    assert "harness bench --then auto; or harness try" in advice.instead


def test_one_of_several_clear_gains_is_the_candidate(racing, monkeypatch):
    found_by(monkeypatch, VariantStanding("work@fast", Rank.NOT_TOLD_APART, None, 9, gains=True))
    go(racing)
    assert racing.bench.here()["time"] == "50"


def test_variants_that_are_all_wrong_leave_the_change_to_be_made(racing, monkeypatch):
    found_by(monkeypatch, VariantStanding("work@fast", Rank.WRONG, None, 0, "another sum"))
    go(racing)
    assert next_action(racing.campaign).action == "IMPLEMENT"


@pytest.mark.parametrize("done", [(), ("work.txt",), ("tuned.txt",)])
def test_a_kill_before_the_best_is_in_the_tree_is_completed_by_restore(racing, monkeypatch, done):
    whole = Git.restore

    def killed(git, commit, paths):
        if done:
            whole(git, commit, done)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Git, "restore", killed)
        with pytest.raises(KeyboardInterrupt):
            go(racing)
    with pytest.raises(NotAllowed, match="interrupted before its best variant"):
        check_candidate(racing.campaign, racing.bench, full=False)
    assert next_action(racing.campaign).command == "harness restore"
    head = racing.git.head()
    restore(racing.campaign)
    assert (racing.git.head(), racing.bench.here()["time"]) == (head, "50")
    assert (racing.root / "tuned.txt").read_text() == "fast\n"
    assert next_action(racing.campaign).action == "TEST"
    check_candidate(racing.campaign, racing.bench, full=False)
    assert racing.campaign.state.step is Step.BENCHMARK


def test_a_kill_after_it_leaves_nothing_to_do(racing, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkout, "mark_taken", killed)
        with pytest.raises(KeyboardInterrupt):
            go(racing)
    assert next_action(racing.campaign).action == "TEST"


def test_other_code_may_follow_once_the_best_was_there(racing):
    go(racing)
    racing.git.restore(racing.campaign.state.kept_commit, ("work.txt", "tuned.txt"))
    assert next_action(racing.campaign).action == "IMPLEMENT"
    racing.write(time=70)
    check_candidate(racing.campaign, racing.bench, full=False)


def test_flags_that_no_iteration_could_keep_are_refused_before_the_race(racing):
    with pytest.raises(UsageError, match="raced in vain"):
        go(racing, VariantKind.FLAGS)
    assert racing.campaign.state.iterations[-1].tried == ()


def test_the_next_best_of_a_race_is_named_where_the_best_was_not_kept(racing, monkeypatch):
    def race(*_):
        gained = Estimate("ratio", 1.2, 1.1, 1.3, 0.95)
        standings = (
            VariantStanding("work@fast", Rank.BEST, None, 12, gains=True),
            VariantStanding("work@fair", Rank.BEHIND, gained, 9, "fast is better", gains=True),
            VariantStanding("work@odd", Rank.WRONG, replace(gained, point=1.25), 0, "another sum"),
        )
        return TryResult("work", "wall", standings, "one is left", None, None)

    with rivals.field_of() as field:
        commit = field.commits["work@fast"]
    field.commits.update({"work@fair": commit, "work@odd": commit})
    monkeypatch.setattr(rivals, "race_together", race)
    go(racing)
    racing.write(output="wrong")
    check_candidate(racing.campaign, racing.bench, full=False)
    log(racing.campaign, Reflection("it was wrong", why="w", lesson="l"))
    revert(racing.campaign)
    decide(racing.campaign)
    advice = next_action(racing.campaign)
    assert advice.action == "THINK"
    assert advice.why.startswith("fair gained in the last race too (1.20x), and was not measured")


def test_a_part_that_makes_the_whole_wrong_is_named_and_the_others_are_tried_again(
    racing, monkeypatch
):
    """One wrong part of a dozen is not to cost the gains of the others."""
    commits, gained = {}, Estimate("ratio", 1.5, 1.4, 1.6, 0.95)
    for name, output in (("good", "right"), ("bad", "wrong"), ("both", "wrong")):
        racing.write(time=50, output=output, note=name)
        commits[name] = racing.git.snapshot(name)
        racing.git.restore(racing.git.head(), ("work.txt",))

    def race(*_):
        standings = (
            VariantStanding("work@bad + good", Rank.BEST, gained, 8, gains=True),
            VariantStanding("work@good", Rank.PART, None, 4, gains=True),
            VariantStanding("work@bad", Rank.PART, gained, 4, gains=True),
        )
        whole = Together("bad + good", ("bad", "good"), commits["both"])
        return TryResult("work", "wall", standings, "one is left", None, None, together=whole)

    with rivals.field_of() as field:
        field.commits.update({f"work@{name}": commits[name] for name in ("good", "bad")})
    monkeypatch.setattr(rivals, "race_together", race)
    go(racing)
    assert racing.bench.here()["note"] == "both"
    check_candidate(racing.campaign, racing.bench, full=False)
    assert racing.campaign.state.iterations[-1].wrong_parts == (commits["bad"],)
    log(racing.campaign, Reflection("it was wrong", why="w", lesson="l"))
    assert "7; wrong by itself" in re.sub(
        r"kept as [0-9a-f]{7}", "7", (racing.root / "optim/optimization_log.md").read_text()
    )
    revert(racing.campaign)
    decide(racing.campaign)
    assert next_action(racing.campaign).why.startswith(
        "of the last race's candidate bad is wrong by itself:"
        f" `harness try {commits['good'][:12]}` races the rest of it again after the plan (good); "
    )


@pytest.mark.parametrize(
    ("asked", "goes_by", "because"),
    [
        ("auto", "wall", "wall time: the campaign's objective"),
        ("wall", "wall", "wall time: as asked for"),
        ("nodes", "nodes", "nodes: as asked for; the campaign goes by wall time"),
    ],
)
def test_a_race_goes_by_the_objective_unless_another_figure_is_named(
    started, asked, goes_by, because
):
    trying = rivals.by_objective(started.campaign, Trying(Settings(), asked))
    assert (trying.metric, trying.because) == (goes_by, because)


def test_several_ideas_are_advised_to_be_raced(started, thought, planned):
    think(started.campaign, thought(1.0, 1.1))
    plan(started.campaign, planned())
    assert "harness try" in next_action(started.campaign).why
