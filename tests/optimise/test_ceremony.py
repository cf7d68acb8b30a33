"""What a campaign costs the one who drives it: calls, words, and what is left to look up."""

from __future__ import annotations

import io
import time

import pytest

from harness.campaign.profile_values import ProfileOutcome, ProfileRow
from harness.campaign.state import Step
from harness.cli import cli
from harness.cli.shared.base import guard
from harness.optimise import next_action, think
from harness.system.git.program import GitProgram

CHARACTERS_A_TOKEN = 4

THOUGHT = """
bottleneck = "forces"
hypothesis = "the inner loop divides"
chosen = "multiply: it is the smallest change"
predicted_low = 1.5
predicted_high = 2.5
reasoning = "a division costs 4 times a product"
risk = "rounding changes the output"
title = "multiply by the reciprocal"
optimization = "replace the division by a product, since it is slower"
[[options]]
name = "multiply"
pros = "cheap"
cons = "rounding"
[[options]]
name = "threads"
pros = "fast"
cons = "CPU time"
"""


class Driver:
    """Calls the command line in the repository, and counts what it says."""

    def __init__(self, world, capfd, monkeypatch) -> None:
        self.world, self.capfd, self.monkeypatch = world, capfd, monkeypatch
        self.calls = self.characters = 0
        self.said = ""
        monkeypatch.chdir(world.root)
        monkeypatch.setattr(
            "harness.optimise.workbench.LocalWorkbench", lambda *_, **__: world.bench
        )

    def __call__(self, *arguments: str, given: str = "") -> int:
        self.monkeypatch.setattr("sys.stdin", io.StringIO(given))
        self.capfd.readouterr()
        code = guard(cli, list(arguments))
        out, err = self.capfd.readouterr()
        self.calls += 1
        self.said = out + err
        self.characters += len(self.said)
        return code


@pytest.fixture
def driver(world, capfd, monkeypatch):
    """At a campaign that has just started."""
    made = Driver(world, capfd, monkeypatch)
    assert made("campaign", "start") == 0
    made.calls = made.characters = 0
    return made


def wide_profile() -> ProfileOutcome:
    names = ("forces", "pair_distance_squared", "integrate_positions", "read_initial_state")
    rows = [ProfileRow(name, 0.8 / 2**n) for n, name in enumerate(names)]
    rows += [ProfileRow(f"helper_number_{n}", 0.06, "function") for n in range(12)]
    return ProfileOutcome("fast", tuple(rows), "phases and perf", 1e8, 0.99)


def test_a_whole_kept_iteration_takes_5_calls_and_700_tokens(driver, world, monkeypatch):
    monkeypatch.setattr(world.bench, "profile", wide_profile)
    assert driver("profile") == 0
    assert driver("think", "--file", "-", given=THOUGHT) == 0
    world.write(time=50)
    assert driver("test") == 0
    assert driver("bench") == 0
    note = 'surprise = "None: as predicted"\nnotes = "try vectors next"\n'
    assert driver("log", "--then", "auto", "--file", "-", given=note) == 0
    assert driver.calls <= 6
    assert driver.characters <= 700 * CHARACTERS_A_TOKEN, driver.characters
    state = world.campaign.state
    assert (len(state.kept), state.step, state.decision.stop) == (1, Step.PROFILE, False)


@pytest.mark.parametrize("command", ["bench", "log"])
def test_an_iteration_is_the_thought_and_one_call_after_the_first_profile(driver, world, command):
    driver("profile")
    assert driver("think", "--file", "-", given=THOUGHT) == 0
    world.write(time=50)
    if command == "log":
        assert driver("bench", "--then", "auto") == 0
    assert driver(command, "--then", "profile", "--surprise", "None: as predicted") == 0
    assert "where the time goes" in driver.said
    assert driver.said.splitlines()[-3].startswith("next (THINK)")
    assert driver("think", "--file", "-", given=THOUGHT) == 0


def test_every_answer_ends_with_the_next_action(driver, world):
    """Nobody has to ask what comes next, nor what its form wants."""
    driver("decide")
    assert driver.said.splitlines()[-1] == "next (PROFILE): harness profile"
    driver("profile")
    *_, action, fields, short = driver.said.splitlines()
    assert action == "next (THINK): harness think --file -"
    assert fields.startswith("with: bottleneck, hypothesis, predicted_low")
    assert fields.endswith("title, optimization")
    assert short.startswith('or: harness think "<what limits it, and why>" --bottleneck forces')


def test_a_thought_and_its_plan_are_one_short_line(driver, world):
    driver("profile")
    line = ("think", "a division a step", "--bottleneck", "forces", "--predict", "1.2..2")
    assert driver(*line, "--title", "multiply by the reciprocal") == 0
    (iteration,) = world.campaign.state.iterations
    assert iteration.thought.hypothesis == "a division a step"
    assert (iteration.thought.prediction.low, iteration.thought.prediction.high) == (1.2, 2.0)
    assert iteration.plan.title == "multiply by the reciprocal"
    assert iteration.plan.optimization == "a division a step"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("why", "--predict", "2"), "want the two ends of an interval"),
        (("why", "--predict", "1..x"), "want the two ends of an interval"),
        (("why", "--predict", "3..2"), "want 0 < low <= high"),
        (("why", "--predict", "1..2", "--low", "1"), "--low and --predict say the same"),
        (("why", "--predict", "1..2", "--hypothesis", "x"), "--hypothesis and WHY say the same"),
        (("--predict", "1..2"), "missing: hypothesis"),
    ],
)
def test_a_short_thought_that_makes_no_sense_is_refused(driver, world, words, told):
    driver("profile")
    assert driver("think", *words, "--bottleneck", "forces") == 2
    assert told in driver.said
    assert world.campaign.state.iterations == ()


def test_a_thought_with_an_incomplete_plan_registers_nothing(driver, world):
    driver("profile")
    text = THOUGHT.replace('title = "multiply by the reciprocal"\n', "")
    assert driver("think", "--file", "-", given=text) == 2
    assert world.campaign.state.iterations == ()


def test_thought_and_plan_in_one_call_are_idempotent(driver, world):
    driver("profile")
    for _ in range(2):
        assert driver("think", "--file", "-", given=THOUGHT) == 0
        assert world.campaign.state.step is Step.IMPLEMENT
        assert len(world.campaign.state.iterations) == 1


@pytest.mark.parametrize(
    ("time", "then", "code", "step"),
    [
        (50, "commit", 0, Step.PROFILE),
        (50, "auto", 0, Step.PROFILE),
        (50, "revert", 7, Step.LOG),
        (200, "revert", 0, Step.THINK),
        (200, "auto", 0, Step.THINK),
        (200, "commit", 7, Step.LOG),
    ],
)
def test_what_follows_a_log_is_what_the_result_says(driver, world, time, then, code, step):
    driver("profile")
    driver("think", "--file", "-", given=THOUGHT)
    world.write(time=time)
    driver("test")
    driver("bench")
    note = 'surprise = "it was as if it knew"\nwhy = "it knew"\nlesson = "read it"\n'
    for _ in range(2):
        assert driver("log", "--then", then, "--file", "-", given=note) == code
        assert world.campaign.state.step is step
    if code:
        assert "--then auto" in driver.said


def test_an_undecided_look_is_not_logged_and_the_way_out_is_named(driver, world):
    driver("profile")
    driver("think", "--file", "-", given=THOUGHT)
    world.write(time=95, noise=1)
    driver("test")
    assert driver("bench") == 8
    assert "harness log --abandon" in driver.said
    assert driver("log", "--surprise", "None") == 7
    assert "harness log --abandon" in driver.said
    why = ("--why", "noise", "--lesson", "small")
    assert driver("log", "--abandon", "undecided", "--surprise", "x", *why, "--then", "auto") == 0
    assert world.campaign.state.step is Step.THINK


def test_progress_is_said_where_no_terminal_is_and_never_in_the_answer(capfd):
    from harness.cli.shared.measuring import Lines, progress

    written: list[str] = []
    began_s = time.monotonic()
    lines = Lines(written.append, began_s)
    lines.step("building work")
    lines.say(began_s + 25.4)
    assert written == ["harness: 25 s: building work (0 trials so far)"]
    with progress() as listener:
        listener.step("building work")
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("surprise", ["none", " "])
def test_a_refused_call_leaves_nothing_behind(driver, world, surprise):
    """An iteration is not given up by a call whose entry is refused."""
    driver("profile")
    driver("think", "--file", "-", given=THOUGHT)
    world.write(time=95, noise=1)
    driver("test")
    assert driver("bench") == 8
    events = world.campaign.events
    given = ("--surprise", surprise, "--why", "w", "--lesson", "l", "--then", "auto")
    assert driver("log", "--abandon", "undecided", *given) in (2, 7)
    assert world.campaign.events == events
    assert world.campaign.state.iterations[-1].abandoned == ""


def test_a_refused_start_writes_no_agent_files(driver, world):
    world.shell("switch", "--quiet", "main")
    assert driver("campaign", "abandon") == 0
    world.shell("checkout", "--quiet", "--detach")
    head = world.git.head()
    assert driver("campaign", "start", "--agent-files") == 7
    assert world.git.head() == head
    assert not (world.root / "AGENTS.md").exists()


def test_a_look_says_how_long_the_next_has_to_be_once(driver, world):
    driver("profile")
    driver("think", "--file", "-", given=THOUGHT)
    world.write(time=95, noise=1)
    driver("test")
    assert driver("bench") == 8
    assert "about 120s would decide" in driver.said
    assert "--budget 120s" in driver.said
    assert '--abandon "<why>"' in driver.said or '--abandon "undecided"' in driver.said
    assert "--then auto" in driver.said


def test_a_decided_look_that_is_asked_again_says_that_it_was_stored(driver, world):
    driver("profile")
    driver("think", "--file", "-", given=THOUGHT)
    world.write(time=50)
    driver("test")
    assert driver("bench") == 0
    assert "stored" not in driver.said
    assert driver("bench", "--again") == 0
    assert "nothing was measured: this is the stored result of look 1" in driver.said
    assert world.bench.calls.count("bench 1") == 1


def test_a_step_asks_git_little(started, thought, monkeypatch):
    """A call of git takes as long as all else of a step."""
    asked = []
    attempt = GitProgram.attempt

    def counted(program, *arguments, **more):
        asked.append(arguments[0])
        return attempt(program, *arguments, **more)

    monkeypatch.setattr(GitProgram, "attempt", counted)
    think(started.campaign, thought())
    assert len(asked) <= 20, asked
    asked.clear()
    next_action(started.reader)
    assert len(asked) <= 20, asked
