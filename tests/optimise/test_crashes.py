"""Killed at any point: after every line of the journal, every record and every step of git.

Each scene is prepared and played once. What the disk has right after each of its effects on the
outside is kept: it is what a kill there would leave. From every one of these `harness next` is
followed to the end of the scene.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.campaign.events import Kind, next_event
from harness.campaign.iteration import Outcome
from harness.campaign.state import Step
from harness.optimise import (
    BenchOptions,
    bench_candidate,
    check_candidate,
    commit,
    decide,
    finish,
    journal,
    log,
    next_action,
    plan,
    revert,
    run_profile,
    start,
    think,
)
from harness.optimise import records as records_module
from harness.optimise.verify import verify
from harness.system.git.program import GitProgram

CHANGING = {
    *("commit", "commit-tree", "update-ref", "restore", "rm", "switch", "branch", "merge", "tag"),
}


class Effects:
    """Counts what a scene does to the outside, and calls `after` behind each of it."""

    def __init__(self, after: Callable[[int], object]) -> None:
        self.after = after
        self.count = 0

    def effect(self) -> None:
        self.count += 1
        self.after(self.count)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        self._wrap(patch, journal, "_append")
        self._wrap(patch, records_module, "write_atomically")
        attempt = GitProgram.attempt

        def counted(program, *arguments, **more):
            done = attempt(program, *arguments, **more)
            verb = next(a for a in arguments if not a.startswith("-") and "=" not in a)
            if verb in CHANGING:
                self.effect()
            return done

        patch.setattr(GitProgram, "attempt", counted)

    def _wrap(self, patch: pytest.MonkeyPatch, module, name: str) -> None:
        original = getattr(module, name)

        def counted(*arguments):
            original(*arguments)
            self.effect()

        patch.setattr(module, name, counted)


def follow(world, note, until: Step) -> None:
    """Do what `next` says until the campaign waits for `until`.

    A command is named by its words: after one that failed the same may be advised as a REPAIR.
    """
    steps = {
        "harness campaign start": lambda c: start(c, world.bench),
        "harness log": lambda c: log(c, note),
        "harness commit": commit,
        "harness revert": revert,
        "harness decide": decide,
        "harness campaign finish": lambda c: finish(c, world.bench),
    }
    for _ in range(12):
        campaign = world.campaign
        advice = next_action(campaign)
        undone = advice.action in ("START", "FINISH", "REPAIR")
        if campaign.progress.step is until and not undone:
            return
        fits = [words for words in steps if f"{advice.command} ".startswith(f"{words} ")]
        assert fits, f"on the way to {until.value}: {advice.action}, {advice.command}"
        steps[fits[0]](campaign)
    raise AssertionError(f"{until} was not reached: {next_action(world.campaign)}")


def prepare_start(world, idea, planned, note) -> None:
    del world, idea, planned, note


def prepare_keep(world, idea, planned, note) -> None:
    prepare_measured(world, idea, planned, time=50)


def prepare_revert(world, idea, planned, note) -> None:
    (world.root / "second.txt").write_text("second\n")
    world.shell("add", "-A")
    world.shell("commit", "--quiet", "-m", "Second")
    (world.root / "mine.txt").write_text("untracked before the start\n")
    start(world.campaign, world.bench)
    run_profile(world.campaign, world.bench)
    think(world.campaign, idea)
    plan(world.campaign, planned)
    world.write(output="wrong")
    (world.root / "second.txt").unlink()
    (world.root / "fresh.txt").write_text("new in the attempt\n")
    check_candidate(world.campaign, world.bench, full=False)


def prepare_measured(world, idea, planned, **change) -> None:
    start(world.campaign, world.bench)
    run_profile(world.campaign, world.bench)
    think(world.campaign, idea)
    plan(world.campaign, planned)
    world.write(**change)
    check_candidate(world.campaign, world.bench, full=False)
    bench_candidate(world.campaign, world.bench, BenchOptions())


def prepare_finish(world, idea, planned, note) -> None:
    prepare_measured(world, idea, planned, time=50, full=500)
    log(world.campaign, note)
    commit(world.campaign)
    decide(world.campaign, exhausted="enough")


def subjects(world) -> list[str]:
    """The subjects of the campaign's commits, the newest first."""
    return world.shell("log", "--format=%s", "main..").splitlines()


def check_start(world) -> None:
    assert world.git.branch() == "optimization", f"on the branch {world.git.branch()}"
    found = subjects(world)
    assert found == ["optim: start campaign work"], f"commits of the start: {found}"


def check_keep(world) -> None:
    found = subjects(world)
    times = found.count("optim iter 1: multiply by the reciprocal")
    assert times == 1, f"the iteration is committed {times} times: {found}"
    outcome = world.campaign.state.iterations[0].outcome
    assert outcome is Outcome.KEPT, f"the iteration is {outcome}"


def check_revert(world) -> None:
    output = world.bench.here()["output"]
    assert output == "right", f"the output is {output}: the code was not put back"
    for name, content in (
        ("second.txt", "second\n"),
        ("mine.txt", "untracked before the start\n"),
        ("fresh.txt", None),
    ):
        path = world.root / name
        found = path.read_text() if path.exists() else None
        assert found == content, f"{name} has {found!r}, and not {content!r}"
    attempts = world.git.refs("refs/harness/attempts/work/")
    kept = {world.git.read_file(c, "fresh.txt") for c in attempts.values()}
    assert b"new in the attempt\n" in kept, f"fresh.txt is in no attempt: {sorted(attempts)}"
    first = world.git.read_file(attempts["refs/harness/attempts/work/1"], "work.txt")
    assert b"output = wrong" in first, f"the attempt has {first!r}"


def check_finish(world) -> None:
    assert world.git.branch() == "main", f"on the branch {world.git.branch()}"
    tag, head = world.git.tag("post-optimization"), world.git.head()
    assert tag is not None, "the end is not tagged"
    assert tag.commit == head, f"the tag is at {tag.commit[:12]}, HEAD at {head[:12]}"
    assert world.git.is_ancestor("optimization", "main"), "the branch is not merged"
    assert (world.root / "optim" / "summary.md").exists(), "there is no summary"


SCENES = {
    "start": (prepare_start, Step.PROFILE, check_start),
    "keep": (prepare_keep, Step.PROFILE, check_keep),
    "revert": (prepare_revert, Step.THINK, check_revert),
    "finish": (prepare_finish, Step.FINISHED, check_finish),
}


@pytest.mark.parametrize("scene", SCENES)
def test_a_kill_after_any_effect_loses_and_doubles_nothing(
    world, thought, planned, note, scene, monkeypatch, tmp_path
):
    prepare, until, check = SCENES[scene]
    # The witness is put back with the rest: it would tell one play from the next.
    monkeypatch.setenv("XDG_STATE_HOME", str(world.root / ".harness" / "state"))
    prepare(world, thought(), planned(), note)
    left = tmp_path / "left"
    effects = Effects(lambda n: shutil.copytree(world.root, left / str(n), symlinks=True))
    with monkeypatch.context() as patch:
        effects.install(patch)
        follow(world, note, until)
    assert effects.count >= 5
    expected = [event.kind for event in world.campaign.events]
    for n in range(1, effects.count + 1):
        shutil.rmtree(world.root)
        shutil.move(left / str(n), world.root)
        follow(world, note, until)
        campaign = world.campaign
        assert [event.kind for event in campaign.events] == expected, f"after effect {n}"
        check(world)
        assert verify(campaign, world.bench).problems == [], f"after effect {n}"


def test_effects_are_counted_where_they_are_wrapped(monkeypatch, tmp_path: Path):
    counted: list[int] = []
    Effects(counted.append).install(monkeypatch)
    event = next_event([], Kind.PROFILED, {}, at_ns=1)
    journal._append(tmp_path / "x", event)
    assert (tmp_path / "x").read_text() == f"{event.line}\n"
    assert counted == [1]
