"""What failed is not advised again for the same state: its repair is, then a way round it."""

from __future__ import annotations

import subprocess

import pytest

from harness.errors import BuildFailed, DataDamaged, GitFailed, ToolchainMissing, TrialFailed
from harness.optimise import check_candidate, next_action, plan, run_profile, start, think
from harness.system.git.program import GitProgram

BROKEN = BuildFailed("work does not build: work.c:1: error: expected ';'", hint="Mend work.c.")


def failing(problem):
    def fail(*_, **__):
        raise problem

    return fail


def test_a_start_that_does_not_build_asks_for_the_repair_and_then_starts(world):
    baseline = world.bench.baseline
    world.bench.baseline = failing(BROKEN)
    assert next_action(world.reader).action == "START"
    with pytest.raises(BuildFailed):
        start(world.campaign, world.bench)
    repair = next_action(world.reader)
    assert repair.action == "REPAIR"
    assert "expected ';'" in repair.why
    assert repair.first
    assert repair.instead == "harness campaign start"
    world.write(time=99)
    subprocess.run(["sh", "-c", repair.command], cwd=world.root, check=True)
    world.bench.baseline = baseline
    assert next_action(world.reader).action == "START"
    start(world.campaign, world.bench)


@pytest.mark.parametrize("verb", ["tag", "commit"])
def test_a_start_whose_git_died_is_advised_again_and_never_a_commit(world, monkeypatch, verb):
    """Nothing is to be changed then: what is in the tree are records that the start commits."""
    attempt = GitProgram.attempt

    def dying(program, *arguments, **more):
        if verb in arguments:
            raise GitFailed(f"git {verb} ended with signal 11")
        return attempt(program, *arguments, **more)

    monkeypatch.setattr(GitProgram, "attempt", dying)
    with pytest.raises(GitFailed):
        start(world.campaign, world.bench)
    monkeypatch.setattr(GitProgram, "attempt", attempt)
    repair = next_action(world.reader)
    assert (repair.action, repair.command) == ("REPAIR", "harness campaign start")
    start(world.campaign, world.bench)
    subjects = world.shell("log", "--format=%s", "main..").splitlines()
    assert subjects == ["optim: start campaign work"]


def test_a_profile_that_fails_again_and_again_ends_in_another_way(world):
    start(world.campaign, world.bench)
    world.bench.profile = failing(TrialFailed("work ended with signal 11"))
    lines = [next_action(world.reader).line]
    for _ in range(2):
        with pytest.raises(TrialFailed):
            run_profile(world.campaign, world.bench)
        lines.append(next_action(world.reader).line)
    assert len(set(lines)) == 3
    assert lines[-1] == "harness campaign abandon"
    assert "2 times" in next_action(world.reader).why


def test_a_test_that_cannot_be_made_is_given_up(started, thought, planned):
    think(started.campaign, thought())
    plan(started.campaign, planned())
    started.write(time=50)
    started.bench.test = failing(ToolchainMissing("no compiler cc", hint="apt-get install gcc"))
    for _ in range(2):
        with pytest.raises(ToolchainMissing):
            check_candidate(started.campaign, started.bench, full=False)
    advice = next_action(started.reader)
    assert advice.action == "LOG"
    assert advice.template
    started.write(time=51)
    assert next_action(started.reader).action == "TEST"


def test_the_hint_of_a_damaged_journal_names_the_way_to_begin_anew(started):
    for path in (started.reader.journal.path, started.reader.journal.copy):
        path.write_text(path.read_text().replace("forces", "farces"))
    with pytest.raises(DataDamaged) as damage:
        next_action(started.reader)
    assert "harness campaign abandon --campaign work" in damage.value.hint
