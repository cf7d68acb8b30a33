"""An iteration that was kept and turns out to be wrong goes; the campaign ends with the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.campaign.iteration import Outcome
from harness.campaign.state import Step
from harness.campaign.wrongs import Counterexample
from harness.errors import AnswerIsNo, BuildFailed, ExitCode, NotAllowed, UsageError
from harness.optimise import (
    BenchOptions,
    ToTakeBack,
    bench_candidate,
    check_candidate,
    close,
    decide,
    finish,
    log,
    next_action,
    run_profile,
    take_back,
    think,
)
from harness.optimise.verify import verify
from harness.system.git.applying import undo_change
from tests.optimise.conftest import NOTE, World, make_plan, make_thought

SEED = '{"seed": 12}'


def iterate(world: World, **changes: object) -> None:
    """One iteration that is kept, with these changes of the program."""
    if world.campaign.state.step is Step.PROFILE:
        run_profile(world.campaign, world.bench)
    think(world.campaign, make_thought(1.01, 3), make_plan(f"set {', '.join(changes)}"))
    world.write(**changes)
    check_candidate(world.campaign, world.bench, full=False)
    bench_candidate(world.campaign, world.bench, BenchOptions(full=world.campaign.state.full_due))
    log(world.campaign, NOTE)
    close(world.campaign)


def end(world: World) -> None:
    decide(world.campaign, exhausted="no ideas are left")


def test_the_end_names_the_iteration_and_what_shows_it(started: World) -> None:
    iterate(started, time=50)
    iterate(started, time=25, wrong_on=12)
    iterate(started, time=20)
    end(started)
    done = finish(started.campaign, started.bench)
    assert (done.merged, done.exit_code) == ("", ExitCode.ANSWER_IS_NO)
    assert "iteration 2 (set time, wrong_on) brought it in" in done.because
    commit = started.campaign.state.iterations[1].commit[:12]
    assert f"harness test --case fast --given '{SEED}' --at {commit}" in done.because
    assert started.campaign.state.step is Step.FINISH
    assert next_action(started.campaign).command == "harness take-back"
    assert verify(started.campaign, started.bench).ok


def test_its_change_alone_goes_and_the_others_are_merged(started: World) -> None:
    iterate(started, time=50)
    iterate(started, time=25, wrong_on=12)
    end(started)
    finish(started.campaign, started.bench)
    taken = take_back(started.campaign, started.bench, ToTakeBack())
    assert (taken.iterations, taken.lost) == ((2,), ())
    assert take_back(started.campaign, started.bench, ToTakeBack()) == taken
    state = started.campaign.state
    assert [i.outcome for i in state.iterations] == [Outcome.KEPT, Outcome.TAKEN_BACK]
    assert (state.wrong, state.cumulative) == (None, pytest.approx(2.0))
    assert "wrong_on" not in started.bench.here()
    end(started)
    done = finish(started.campaign, started.bench)
    assert done.merged
    ending = started.campaign.state.ending
    assert ending is not None
    assert ending.result is not None
    assert ending.result.fast.cumulative.point == pytest.approx(2.0)
    found = verify(started.campaign, started.bench)
    assert found.ok, found.problems


def test_what_stands_on_it_goes_with_it_where_it_cannot_be_taken_out(started: World) -> None:
    iterate(started, time=50)
    iterate(started, time=25, wrong_on=12)
    iterate(started, time=20)  # the same line once more
    end(started)
    finish(started.campaign, started.bench)
    taken = take_back(started.campaign, started.bench, ToTakeBack())
    assert taken.iterations == (2, 3)
    assert "iteration 3" in taken.lost[0]
    assert started.bench.here()["time"] == "50"
    iterate(started, time=40)
    assert started.campaign.state.cumulative == pytest.approx(2.5)
    assert verify(started.campaign, started.bench).ok


def test_what_a_test_finds_in_the_kept_state_is_not_the_candidates_fault(started: World) -> None:
    iterate(started, time=50, wrong_on=12)
    run_profile(started.campaign, started.bench)
    think(started.campaign, make_thought(1.01, 3), make_plan())
    started.write(time=40)
    started.bench.tested_with = SEED
    check_candidate(started.campaign, started.bench, full=False)
    log(started.campaign, NOTE)
    close(started.campaign)
    state = started.campaign.state
    assert state.iterations[-1].outcome is Outcome.NOT_JUDGED
    assert state.failed_attempts("forces") == 0
    assert state.wrong is not None
    assert (state.wrong.iteration, state.wrong.shown) == (1, Counterexample("fast", SEED))
    with pytest.raises(NotAllowed, match="would build on what is wrong"):
        think(started.campaign, make_thought(1.01, 3), make_plan())
    assert take_back(started.campaign, started.bench, ToTakeBack()).iterations == (1,)
    assert started.campaign.state.wrong is None
    assert verify(started.campaign, started.bench).ok


def test_a_known_error_is_never_merged(started: World) -> None:
    iterate(started, time=50, wrong_on=12)
    end(started)
    assert not finish(started.campaign, started.bench).merged
    done = finish(started.campaign, started.bench, merge=False)
    assert started.campaign.state.step is Step.FINISHED
    assert (done.merged, done.exit_code) == ("", ExitCode.ANSWER_IS_NO)
    assert not finish(started.campaign, started.bench).merged


def test_only_what_is_known_to_be_wrong_is_taken_back(started: World) -> None:
    iterate(started, time=50)
    with pytest.raises(NotAllowed, match="nothing is known to be wrong"):
        take_back(started.campaign, started.bench, ToTakeBack())
    shown = Counterexample("fast", SEED)
    with pytest.raises(AnswerIsNo, match="is right on fast, given"):
        take_back(started.campaign, started.bench, ToTakeBack(shown=shown))
    with pytest.raises(UsageError, match="iteration 7 is not kept"):
        take_back(started.campaign, started.bench, ToTakeBack(7, "a colleague says so"))
    with pytest.raises(UsageError, match="needs its reason"):
        take_back(started.campaign, started.bench, ToTakeBack(1))
    taken = take_back(started.campaign, started.bench, ToTakeBack(1, "a colleague says so"))
    assert taken.iterations == (1,)


def test_what_fails_meanwhile_leaves_the_kept_state(
    started: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    iterate(started, time=50)

    def broken(*, full: bool) -> None:
        raise BuildFailed("no compiler")

    monkeypatch.setattr(started.bench, "test", broken)
    with pytest.raises(BuildFailed):
        take_back(started.campaign, started.bench, ToTakeBack(1, "why not"))
    assert started.bench.here()["time"] == "50"
    assert started.campaign.tree().fingerprint == started.campaign.state.kept_tree


def test_verify_finds_another_commit_in_its_place(started: World) -> None:
    iterate(started, time=50)
    take_back(started.campaign, started.bench, ToTakeBack(1, "why not"))
    campaign = started.campaign
    event = campaign.events[-1]
    forged = {**event.data, "commit": campaign.state.iterations[0].commit}
    object.__setattr__(event, "data", forged)
    found = verify(campaign, started.bench)
    assert any("is not the one without iteration 1" in p for p in found.problems)


def test_a_change_is_taken_out_between_others(tmp_path: Path, world: World) -> None:
    git, path = world.git, world.root / "lines.txt"
    lines = [f"line {i}\n" for i in range(9)]
    commits = []
    for number in (None, 1, 7, 1):
        if number is not None:
            lines[number] = f"changed {len(commits)}\n"
        path.write_text("".join(lines))
        world.shell("add", "-A")
        world.shell("commit", "--quiet", "-m", "lines")
        commits.append(git.head())
    assert undo_change(git, commits[1], commits[2], ["lines.txt"])
    assert path.read_text().splitlines()[7] == "line 7"
    git.restore(commits[3], ["lines.txt"])
    assert not undo_change(git, commits[0], commits[1], ["lines.txt"])
